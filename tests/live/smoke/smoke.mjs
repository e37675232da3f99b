// What the package of Node does on the server of the environment. An assertion that fails is its exit status.
import assert from 'node:assert/strict';
import { Client } from 'rancher-node';

const { SDK_LIVE_CLUSTER: cluster, SDK_LIVE_NAMESPACE: namespace } = process.env;
const seen = [];
const client = new Client();

seen.push((await client.version()).version);
const report = await client.doctor(cluster ? { cluster } : {});
assert.ok(['usable', 'limited'].includes(report.verdict), report.verdict);
seen.push(`doctor: ${report.verdict}`);
try {
  const clusters = [];
  for await (const found of client.clusters.list({ pageSize: 2 })) clusters.push(found.id);
  seen.push(`${clusters.length} clusters`);
} catch (error) {
  // a living key is never called refused
  assert.ok(['out_of_scope', 'undetermined'].includes(error.kind), error);
  seen.push(`clusters: ${error.kind}`);
}
if (cluster) seen.push((await client.cluster(cluster).whoami()).user);
if (namespace) {
  const maps = client.cluster(cluster).resource('configmaps', { namespace });
  const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'node' }, data: { n: '1' } };
  const told = [];
  let made;
  for await (const event of maps.watch()) {
    if (event.type === 'synced') made = await maps.create(map);
    if (event.id !== `${namespace}/node`) continue;
    told.push(event.type);
    if (event.type === 'added') {
      await assert.rejects(maps.create(map), { kind: 'already_exists' });
      made.data.n = '2';
      assert.equal((await maps.update(made)).data.n, '2');
    } else if (event.type === 'modified') {
      assert.equal(event.object.data.n, '2');
      await maps.delete('node');
    } else if (event.type === 'deleted') break;
  }
  assert.deepEqual(told, ['added', 'modified', 'deleted']);
  await maps.waitGone('node', { timeout: 60_000 });
  seen.push('a config map made, changed, deleted, and watched');
}
await client.close();
console.log(seen.join(', '));
