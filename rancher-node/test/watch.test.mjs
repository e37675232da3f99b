// Watches and logs: nothing is lost or doubled on the way to JavaScript, and what is left leaves nothing open.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { LogLine, rawOf } from '../dist/index.mjs';
import { failure, RancherError, simulated, until } from './support.mjs';

const CUTS = 5;
const OBJECTS = 40;

/** A simulator of its own: its streams are counted. */
const lab = (t) => simulated((stop) => t.after(stop), { nodes: 0 });
const open = (simulator, count) => until(`${count} streams`, async () => (await simulator.streams()).open === count);
const configMaps = (client) => client.cluster('c-prod1').resource('configmaps', { namespace: 'plain' });

const families = {
  v3: (client) => client.cluster('c-prod1').collection('namespaces'),
  steve: (client) => client.cluster('c-prod1').steve('configmaps'),
  kubernetes: configMaps,
};

/** Makes, changes and deletes objects, and cuts meanwhile. */
async function work(simulator, client, family) {
  const maps = family === 'v3' ? client.cluster('c-prod1').resource('namespaces') : configMaps(client);
  for (let number = 0; number < OBJECTS; number += 1) {
    const name = `made-${number}`;
    await maps.create({ metadata: { name } });
    await maps.patch(name, { metadata: { labels: { seen: 'once' } } });
    if (number % 3 === 0) await maps.delete(name);
    if (number % (OBJECTS / CUTS) === 3) await simulator.streams({ cut: true, forgetPast: number > OBJECTS / 2 });
  }
  await maps.create({ metadata: { name: 'last' } });
  return maps;
}

for (const [family, part] of Object.entries(families)) {
  test(`a watch of ${family} survives cuts`, { timeout: 120_000 }, async (t) => {
    const simulator = await lab(t);
    const client = simulator.client('admin-unscoped');
    const state = new Map();
    const seen = new Set();
    const words = {};
    let doubled = 0;
    let works;
    const watch = part(client).watch({ base: 20, longest: 200 });
    for await (const event of watch) {
      words[event.type] = (words[event.type] ?? 0) + 1;
      if (event.type === 'synced') works = work(simulator, client, family);
      if (['listed', 'added', 'modified'].includes(event.type)) {
        // v3 has no versions: there the text decides
        const { uid = event.object.uuid, resourceVersion = rawOf(event.object).toString() } = event.object.metadata ?? {};
        const version = `${uid} ${resourceVersion}`;
        if (seen.has(version)) doubled += 1;
        seen.add(version);
        state.set(event.id, event.object);
        if (event.id.endsWith('last')) (await works).delete('last').catch(() => undefined);
      }
      if (event.type === 'deleted') {
        assert.ok(event.uid && state.delete(event.id));
        if (event.id.endsWith('last')) break;
      }
      if (event.type === 'reconnected') assert.ok(event.outage >= 0 && event.attempts >= 1 && event.because);
    }
    const counts = watch.counts();
    const there = (await part(client).list().toArray()).map(({ id, metadata }) => id ?? `${metadata.namespace}/${metadata.name}`);
    const lost = there.filter((id) => !state.has(id)).length + state.size - there.filter((id) => state.has(id)).length;
    console.log(`watch: ${family}: ${Object.values(words).reduce((all, count) => all + count)} events, ${lost} lost, ${doubled} doubled`);
    assert.deepEqual([lost, doubled, words.synced], [0, 0, 1], inspect(words));
    assert.ok(counts.reconnects >= 2 && words.reconnected === counts.reconnects, inspect(counts));
    // leaving the loop closed it
    await open(simulator, 0);
  });
}

test('whatever ends a watch closes its connection', { timeout: 120_000 }, async (t) => {
  const simulator = await lab(t);
  for (const way of ['close', 'return', 'abort', 'client', 'dispose']) {
    const client = simulator.client('admin-unscoped');
    const controller = new AbortController();
    const watch = configMaps(client).watch({ signal: controller.signal });
    assert.equal((await watch.next()).value.type, 'listed');
    assert.equal((await watch.next()).value.type, 'synced');
    const waiting = watch.next();
    waiting.catch(() => undefined);
    await open(simulator, 1);
    if (way === 'close') watch.close();
    else if (way === 'return') await watch.return();
    else if (way === 'abort') controller.abort(new Error('enough'));
    else if (way === 'dispose') await watch[Symbol.asyncDispose]();
    else client.close();
    if (way === 'abort') assert.equal((await failure(waiting)).message, 'enough');
    else if (way === 'client') assert.equal((await failure(waiting)).kind, 'cancelled');
    else assert.deepEqual(await waiting, { value: undefined, done: true });
    await open(simulator, 0);
    assert.deepEqual(await watch.next(), { value: undefined, done: true });
  }
  console.log('abort: a watch is closed by close, return, abort, dispose and its client');
});

test('an abort closes a watch that nobody waits for', { timeout: 60_000 }, async (t) => {
  const simulator = await lab(t);
  const client = simulator.client('admin-unscoped');
  const controller = new AbortController();
  const watch = configMaps(client).watch({ signal: controller.signal });
  for (let events = 0; events < 2; events += 1) await watch.next();
  const waiting = watch.next();
  await open(simulator, 1);
  await configMaps(client).create({ metadata: { name: 'one' } });
  assert.equal((await waiting).value.object.metadata.name, 'one');
  controller.abort();
  await open(simulator, 0);
  assert.equal((await failure(() => watch.next())).name, 'AbortError');
});

test('a watch that cannot begin says so', { timeout: 60_000 }, async (t) => {
  const simulator = await lab(t);
  const client = simulator.client('ro-prod');
  const secrets = client.cluster('c-prod1').resource('secrets', { namespace: 'kube-system' });
  assert.equal((await failure(secrets.watch().next())).kind, 'forbidden');
  const maps = configMaps(client);
  for (const [options, words] of [[{ pageSize: -1 }, /pageSize/], [{ silence: NaN }, /span of time/], [{ nosuch: 1 }, /nosuch/], [{ signal: 1 }, /AbortSignal/]]) {
    assert.throws(() => maps.watch(options), (error) => error instanceof RancherError && error.kind === 'invalid' && words.test(error.message));
  }
  const watch = maps.watch();
  assert.equal(watch.counts().listed, 0);
  assert.equal((await simulator.streams()).opened, 0);
});

test('events and lines show no content', { timeout: 60_000 }, async (t) => {
  const simulator = await lab(t);
  const space = simulator.client('admin-unscoped').cluster('c-prod1').namespace('plain');
  await space.createSecret('db', { password: 'CANARY-1' });
  const secrets = simulator.client('admin-unscoped').cluster('c-prod1').resource('secrets', { namespace: 'plain' });
  const { value: event } = await secrets.watch({ fieldSelector: 'metadata.name=db' }).next();
  const password = event.object.data.password;
  assert.ok(password.length > 0 && event.id === 'plain/db');
  assert.ok(!inspect(event, { getters: true, depth: 9 }).includes(password), inspect(event, { getters: true }));
});

test('lines of a log', { timeout: 60_000 }, async (t) => {
  const simulator = await lab(t);
  const space = simulator.client('admin-unscoped').cluster('c-prod1').namespace('plain');
  const lines = [];
  for await (const line of space.logs('hello', { container: 'web', follow: true })) {
    if (lines.push(line) === 1) await simulator.writeLog('prod', 'plain', 'hello', 'web', 'one\n\nzwei ä\n');
    if (lines.length === 4) break;
  }
  assert.deepEqual(lines.map(String), ['web started', 'one', '', 'zwei ä']);
  assert.ok(lines[1] instanceof LogLine && lines[1].whole && lines[1].timestamp === undefined);
  assert.equal(inspect(lines[1]), 'LogLine { 3 bytes }');
  await open(simulator, 0);
  assert.equal((await failure(space.logs('hello').next())).field, 'container');
});

test('a watch and a log end with their timeout, and close their connections', { timeout: 60_000 }, async (t) => {
  const simulator = await lab(t);
  const client = simulator.client('admin-unscoped');
  const follow = { container: 'web', follow: true };
  for (const begin of [...Object.values(families).map((part) => (limits) => part(client).watch(limits)), (limits) => client.cluster('c-prod1').namespace('plain').logs('hello', { ...follow, ...limits })]) {
    let seen = 0;
    const walk = async () => {
      for await (const _ of begin({ timeout: 1_500 })) seen += 1;
    };
    const started = performance.now();
    const error = await failure(walk);
    assert.deepEqual([error.kind, seen > 0], ['timeout', true], error.message);
    assert.ok(performance.now() - started >= 1_490);
    assert.match(error.stack, /at async walk/);
    await open(simulator, 0);
  }
});
