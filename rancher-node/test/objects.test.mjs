// Objects: what is read, shown, changed and written back.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { inspect } from 'node:util';
import { after, test } from 'node:test';
import { alteredOf, rawOf } from '../dist/index.mjs';
import { canned, Client, failure, simulated } from './support.mjs';

const simulator = await simulated(after);
const client = simulator.client('admin-unscoped');
const shop = simulator.projects['local-shop'];

test('an object is a plain object that shows what it is called, and never what is in it', async () => {
  const project = await client.projects.get(shop);
  assert.equal(project.id, shop);
  assert.equal(JSON.parse(JSON.stringify(project)).links.self, project.links.self);
  // plain also to whoever looks closely, such as assert.deepStrictEqual and structuredClone
  const parsed = JSON.parse(rawOf(project).toString());
  assert.deepEqual(project, parsed);
  assert.deepEqual({ ...project }, parsed);
  assert.deepEqual(structuredClone(project), parsed);
  assert.equal(Object.getPrototypeOf(project), Object.prototype);
  assert.deepEqual(Reflect.ownKeys(project).filter((key) => Object.prototype.propertyIsEnumerable.call(project, key)), Object.keys(parsed));
  assert.equal(inspect(project), `Project { id: '${shop}', name: 'shop', state: 'active', … }`);
  assert.match(inspect([project]), /^\[ Project \{/);
  const secret = await client.tokens.list().first();
  assert.doesNotMatch(inspect(secret), /token:|"token"|lastUsed/);
  const config = await client.cluster('local').resource('namespaces').get('default');
  assert.equal(inspect(config), "Namespace { id: 'default', name: 'default', state: 'Active', … }");
});

test('update writes what was changed, and nothing if nothing was', async () => {
  const project = await client.projects.create({ name: 'shop-web', clusterId: 'local' });
  await client.projects.wait(project.id, { state: 'active', stableFor: 0, poll: 100, deadline: 10_000 });
  const read = await client.projects.get(project.id);
  const puts = async () => (await simulator.journal()).filter(({ method }) => method === 'PUT').length;
  const before = await puts();
  await client.projects.update(read);
  assert.equal(await puts(), before);
  read.description = 'web';
  const written = await client.projects.update(read);
  assert.equal(await puts(), before + 1);
  assert.equal(written.description, 'web');
  assert.deepEqual(alteredOf(written), []);
  const again = await client.projects.updateWith(project.id, (object) => {
    object.description += ' shop';
  });
  assert.equal(again.description, 'web shop');
  assert.equal((await client.projects.get(project.id)).description, 'web shop');
});

/** A server with one object of Kubernetes, which keeps what it is sent. */
async function numbers(t) {
  const text =
    '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"numbers","namespace":"default","resourceVersion":"7"},"big":9007199254740993,"one":1.0,"small":1e-7,"list":[9007199254740993,{"deep":12345678901234567890}],"data":{"a":"b"}}';
  const written = [];
  const server = createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      if (request.method === 'PUT') written.push(Buffer.concat(parts).toString());
      response.writeHead(200, { 'content-type': 'application/json', 'x-api-cattle-auth': 'true' });
      response.end(request.method === 'PUT' ? Buffer.concat(parts) : text);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${server.address().port}`;
  const maps = new Client({ url, token: 'token-abc12:secret', allowHttp: true }).cluster('local').resource('configmaps', { namespace: 'default' });
  return { maps, text, written };
}

test('numbers that JavaScript does not have are written back as the server wrote them', async (t) => {
  const { maps, text, written } = await numbers(t);
  const read = await maps.get('numbers');
  assert.equal(rawOf(read).toString(), text);
  read.data.a = 'c';
  await maps.update(read);
  assert.equal(written.length, 1);
  assert.equal(written[0], text.replace('"a":"b"', '"a":"c"'));
  await maps.updateWith('numbers', (object) => ({ ...object, data: { a: 'd' } }));
  assert.equal(written[1], text.replace('"a":"b"', '"a":"d"'));
});

test('a copy of an object, and one of nobody, are not written', async () => {
  const project = await client.projects.get(shop);
  for (const object of [{ ...project }, structuredClone(project), { id: shop }]) {
    const error = await failure(client.projects.update(object));
    assert.equal(error.kind, 'invalid');
    assert.match(error.message, /updateWith/);
  }
  assert.equal((await failure(client.projects.update(undefined))).kind, 'invalid');
});

test('a change that throws, and one that is none, change nothing', async () => {
  const puts = async () => (await simulator.journal()).filter(({ method }) => method === 'PUT').length;
  const before = await puts();
  await assert.rejects(
    client.projects.updateWith(shop, () => {
      throw new RangeError('mine');
    }),
    RangeError,
  );
  assert.equal((await failure(client.projects.updateWith(shop))).kind, 'invalid');
  assert.equal(await puts(), before);
});

test('ensure, find, first, total, delete, waitGone', async () => {
  const made = await client.projects.ensure({ name: 'shop-api', clusterId: 'local' }, ['name', 'clusterId']);
  assert.equal(made.created, true);
  const found = await client.projects.ensure({ name: 'shop-api', clusterId: 'local' }, ['name', 'clusterId']);
  assert.deepEqual([found.created, found.object.id], [false, made.object.id]);
  assert.equal((await client.projects.find('shop-api')).id, made.object.id);
  assert.equal((await client.projects.first({ where: { name: 'shop-api' } })).id, made.object.id);
  assert.equal(await client.projects.first({ where: { name: 'nobody' } }), undefined);
  assert.equal(await client.projects.total({ where: { name: 'shop-api' } }), 1);
  const told = [];
  const { gone } = await client.projects.delete(made.object.id);
  await client.projects.waitGone(made.object.id, { poll: 100, deadline: 20_000, onProgress: (progress) => told.push(progress) });
  assert.equal(typeof gone, 'boolean');
  for (const progress of told) assert.equal(typeof progress.text, 'string');
  assert.equal((await failure(client.projects.get(made.object.id))).kind, 'not_found');
});

test('a wait tells what is still to come, and ends with its deadline', async () => {
  const told = [];
  const error = await failure(client.projects.wait(shop, { condition: 'NeverTrue', poll: 100, deadline: 400, onProgress: (progress) => told.push(progress) }));
  assert.equal(error.kind, 'timeout');
  assert.ok(told.length > 0 && told[0].unmet.length > 0, inspect(told));
  await assert.rejects(
    client.projects.wait(shop, {
      condition: 'NeverTrue',
      poll: 100,
      onProgress: () => {
        throw new RangeError('mine');
      },
    }),
    RangeError,
  );
});

test('actions, links and any request', async () => {
  const cluster = await client.clusters.get('local');
  const { config } = await client.clusters.action(cluster, 'generateKubeconfig');
  assert.match(config, /apiVersion/);
  const projects = await client.clusters.linkList('local', 'projects').toArray();
  assert.ok(projects.some(({ id }) => id === shop));
  const answer = await client.request('GET', '/v3/settings?limit=1');
  assert.equal(answer.status, 200);
  assert.match(answer.headers['content-type'], /json/);
  assert.equal(answer.json().type, 'collection');
  assert.equal(inspect(answer), 'Response { status: 200, … }');
  assert.equal((await failure(client.request('GET', 'https://rancher.example.com/v3'))).kind, 'invalid');
});

test('an answer that is no object is an error', async (t) => {
  const { client } = await canned(t, { body: '[1]' });
  const error = await failure(client.projects.get(shop));
  assert.ok(['decode', 'not_rancher'].includes(error.kind), error.message);
});

test('a change returns nothing or an object', async () => {
  for (const returned of ['web', null, [], 5]) {
    const error = await failure(client.projects.updateWith(shop, () => returned));
    assert.equal(error.kind, 'invalid');
    assert.match(error.message, /the change returned/);
  }
});

test('each object of a page has its own bytes, and its own update', async () => {
  const [first, second] = await client.projects.list({ where: { name: ['shop', 'Default'] } }).toArray();
  for (const object of [first, second]) assert.equal(JSON.parse(rawOf(object).toString()).id, object.id);
  second.description = 'the second';
  assert.equal((await client.projects.update(second)).id, second.id);
  assert.equal((await client.projects.get(second.id)).description, 'the second');
  assert.equal((await client.projects.get(first.id)).description, first.description);
});

test('what the server stored otherwise than it was sent is named', async (t) => {
  const { client } = await canned(t, { body: { type: 'project', id: 'local:p-abc12', name: 'web', clusterId: 'local', description: 'theirs' } });
  const created = await client.projects.create({ name: 'web', clusterId: 'local', description: 'ours' });
  assert.deepEqual(alteredOf(created), ['description']);
});
