// Lists that page by themselves.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { failure, simulated } from './support.mjs';

const simulator = await simulated(after, { world: 'fleet', clusters: 3, projects: 50, pods: 10 });
const client = simulator.client('admin-unscoped');
const asked = async () => (await simulator.journal()).filter(({ target }) => target.startsWith('/v3/projects')).length;

test('every object once, page by page', async () => {
  const before = await asked();
  const ids = [];
  for await (const project of client.projects.list({ pageSize: 10 })) ids.push(project.id);
  assert.equal(ids.length, await client.projects.total());
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(ids.length >= 50);
  const pages = [];
  for await (const page of client.projects.list({ pageSize: 10 }).pages()) pages.push(page.map(({ id }) => id));
  assert.deepEqual(pages.flat(), ids);
  assert.ok(pages.length >= 5, `${pages.length} pages`);
  assert.ok((await asked()) - before >= 2 * pages.length);
});

test('nothing is sent before a list is read, and each walk asks anew', async () => {
  const before = await asked();
  const list = client.projects.list();
  assert.equal(await asked(), before);
  const all = await list.toArray();
  assert.deepEqual((await list.toArray()).map(({ id }) => id), all.map(({ id }) => id));
  assert.ok((await asked()) >= before + 2);
});

test('whoever leaves early asks for no more', async () => {
  const before = await asked();
  for await (const page of client.projects.list({ pageSize: 5 }).pages()) {
    assert.equal(page.length, 5);
    break;
  }
  // the page after the first may be on its way already
  assert.ok((await asked()) - before <= 2);
  assert.ok((await client.projects.list({ pageSize: 5 }).first()).id);
});

test('return stops what is under way, and nobody hears of it', async () => {
  await simulator.fault('GET /v3/projects hang');
  try {
    const walk = client.projects.list()[Symbol.asyncIterator]();
    const waiting = walk.next();
    assert.deepEqual(await walk.return(), { value: undefined, done: true });
    assert.deepEqual(await waiting, { value: undefined, done: true });
    assert.deepEqual(await walk.next(), { value: undefined, done: true });
  } finally {
    await simulator.fault();
  }
});

test('flat records, by paths or by names of ours', async () => {
  const [record] = await client.projects.list({ fields: ['id', 'name', 'nothing.there'] }).toArray();
  assert.deepEqual(Object.keys(record).sort(), ['id', 'name', 'nothing.there']);
  assert.equal(record['nothing.there'], null);
  const named = await client.projects.list({ sort: 'id' }).records({ project: 'id' }).toArray();
  const ids = (await client.projects.list({ sort: 'id' }).toArray()).map(({ id }) => id);
  assert.deepEqual(named.map(({ project }) => project), ids);
});

test('a filter that the server would ignore is not sent', async () => {
  const before = await asked();
  const error = await failure(client.projects.list({ where: { nmae: 'x' } }).toArray());
  assert.equal(error.kind, 'invalid');
  assert.equal(await asked(), before);
});

test('an option that is none is refused at once', async () => {
  const error = await failure(async () => client.projects.list({ pagSize: 10 }));
  assert.equal(error.kind, 'invalid');
  assert.match(error.message, /pageSize/);
});

test('a list that breaks off ends with an error', async () => {
  await simulator.fault('GET /v3/projects status:500 after=1');
  try {
    const error = await failure(simulator.client('admin-unscoped', { retries: 1 }).projects.list({ pageSize: 10 }).toArray());
    assert.equal(error.status, 500);
  } finally {
    await simulator.fault();
  }
});

test('Steve and Kubernetes page too', async () => {
  const namespaces = await client.steve('namespaces').list({ pageSize: 2 }).toArray();
  assert.equal(namespaces.length, await client.steve('namespaces').total());
  const cluster = client.cluster('local');
  const listed = await cluster.resource('namespaces').list({ pageSize: 2 }).toArray();
  assert.equal(listed.length, await cluster.resource('namespaces').total());
});
