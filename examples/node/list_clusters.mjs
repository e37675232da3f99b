// Lists the clusters that the user may see, by name: all of them, however many pages they are.
import { connect } from './connect.mjs';

const client = await connect();
let count = 0;
for await (const { id, state, name } of client.clusters.list({ sort: 'name' })) {
  console.log((id ?? '-').padEnd(14), (state ?? '-').padEnd(12), name ?? '-');
  count += 1;
}
console.log(`${count} clusters`);
