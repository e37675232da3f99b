// Prints the log of a pod, and goes on with it if asked to.
import { connect, given } from './connect.mjs';

const [cluster, namespace, pod, ...rest] = given(3, 'CLUSTER-ID NAMESPACE POD [CONTAINER] [--follow]');
const container = rest.find((word) => !word.startsWith('--'));
const space = (await connect()).cluster(cluster).namespace(namespace);
const follow = rest.includes('--follow');
for await (const line of space.logs(pod, { container, follow, tail: 1000 })) console.log(`${line}`);
