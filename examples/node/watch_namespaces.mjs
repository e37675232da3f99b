// Tells which namespaces a cluster has, and then every change, through cuts and restarts, until it is stopped.
import { connect, given } from './connect.mjs';

const [cluster, ...rest] = given(1, 'CLUSTER [--count EVENTS]');
const wanted = rest.includes('--count') ? Number(rest[0]) : Infinity;
if (Number.isNaN(wanted)) throw new Error('--count needs a number');
const client = await connect();
let told = 0;
for await (const event of client.cluster(cluster).resource('namespaces').watch()) {
  if (event.type === 'bookmark') continue;
  console.log(`${event.type.padEnd(12)} ${event.id ?? ''}`);
  if ((told += 1) === wanted) break;
}
