// Stopping, time and closing.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { inspect } from 'node:util';
import { after, test } from 'node:test';
import { Client, failure, simulated, sleep, until } from './support.mjs';

const simulator = await simulated(after);

test('an abort rejects with the reason of the signal, and closes the connection', async (t) => {
  const sockets = [];
  const server = createServer((socket) => sockets.push(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const client = new Client({ url: `http://127.0.0.1:${server.address().port}`, token: 'token-abc12:secret', allowHttp: true });
  const took = [];
  for (let at = 0; at < 5; at += 1) {
    const controller = new AbortController();
    const call = failure(client.version({ signal: controller.signal }));
    const socket = await until('a connection', () => sockets[at]);
    const closed = new Promise((done) => socket.once('close', done).on('error', () => {}).resume());
    await once(socket, 'data').catch(() => {});
    const reason = new Error('enough');
    const started = performance.now();
    controller.abort(reason);
    assert.equal(await call, reason);
    await closed;
    took.push(performance.now() - started);
  }
  took.sort((a, b) => a - b);
  console.log(`abort: ${Math.round(took[2])} ms`);
  assert.ok(took[2] <= 100, `${took}`);
});

test('a signal that is aborted already sends nothing, and one that is over is not listened to', async () => {
  const client = simulator.client('admin-unscoped');
  const before = (await simulator.journal()).length;
  const error = await failure(client.version({ signal: AbortSignal.abort() }));
  assert.equal(error.name, 'AbortError');
  assert.equal((await failure(client.projects.list({ signal: AbortSignal.abort() }).toArray())).name, 'AbortError');
  assert.equal((await simulator.journal()).length, before);
  const { signal } = new AbortController();
  let listening = 0;
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  signal.addEventListener = (...args) => ((listening += 1), add(...args));
  signal.removeEventListener = (...args) => ((listening -= 1), remove(...args));
  await client.version({ signal });
  await client.projects.list({ signal, pageSize: 5 }).toArray();
  assert.equal(listening, 0);
});

test('lists, waits and changes stop with their signal', async () => {
  const client = simulator.client('admin-unscoped');
  await simulator.fault('GET /v3/projects hang', 'GET /v3/projects/** hang');
  try {
    const signal = () => AbortSignal.timeout(50);
    for (const call of [
      () => client.projects.list({ signal: signal() }).toArray(),
      () => client.projects.wait('local:p-none', { state: 'active', signal: signal() }),
      () => client.projects.updateWith('local:p-none', () => {}, { signal: signal() }),
    ]) {
      assert.equal((await failure(call)).name, 'TimeoutError');
    }
  } finally {
    await simulator.heal();
  }
});

test('a walk stops at its signal in the middle of a page', async () => {
  const controller = new AbortController();
  let seen = 0;
  const walk = async () => {
    for await (const _ of simulator.client('admin-unscoped').projects.list({ signal: controller.signal })) {
      seen += 1;
      controller.abort();
    }
  };
  assert.equal(await failure(walk), controller.signal.reason);
  assert.equal(seen, 1);
});

test('what is told of a wait may be a promise: what it rejects with ends the wait', async () => {
  const reason = new Error('enough');
  const project = simulator.projects['local-shop'];
  const wait = simulator.client('admin-unscoped').projects.wait(project, { state: 'none', poll: 200, deadline: 10_000, onProgress: async () => Promise.reject(reason) });
  assert.equal(await failure(wait), reason);
});

test('faults of the simulator add up until it heals, and it forgets its requests', async (t) => {
  const own = await simulated(t.after.bind(t), { faults: ['GET /v3/projects/** status:503'] });
  const client = own.client('admin-unscoped', { retries: 1 });
  await own.fault('GET /rancherversion status:503');
  assert.equal((await failure(client.projects.get('local:p-none'))).status, 503);
  assert.equal((await failure(client.version())).status, 503);
  assert.equal((await failure(own.fault('no rule'))).kind, 'invalid');
  assert.equal((await failure(client.version())).status, 503);
  await own.heal();
  assert.ok((await client.version()).version);
  assert.equal((await failure(client.projects.get('local:p-none'))).status, 404);
  const journal = await own.journal();
  assert.ok(journal.length >= 5);
  assert.deepEqual([journal[0].hasAuthorization, journal[0].bodyBytes, Object.keys(journal[0]).filter((name) => name.includes('_'))], [true, 0, []]);
  await own.forget();
  assert.deepEqual(await own.journal(), []);
});

test('a timeout is in milliseconds, and says what ran out', async () => {
  const client = simulator.client('admin-unscoped');
  await simulator.fault('GET /v3/projects hang', 'GET /v3/projects/** hang');
  try {
    const started = performance.now();
    const error = await failure(client.projects.get('local:p-none', { timeout: 150 }));
    assert.equal(error.kind, 'timeout');
    const took = performance.now() - started;
    assert.ok(took >= 140 && took < 5_000, `${took} ms`);
    assert.equal((await failure(simulator.client('admin-unscoped', { timeout: 100 }).projects.list().toArray())).kind, 'timeout');
  } finally {
    await simulator.heal();
  }
  for (const timeout of [NaN, -1, Infinity, '5s']) {
    assert.equal((await failure(client.projects.get('local:p-none', { timeout }))).kind, 'invalid');
  }
});

test('what cannot be sent is refused before anything is', async () => {
  const client = simulator.client('admin-unscoped');
  const before = (await simulator.journal()).length;
  const loop = {};
  loop.loop = loop;
  for (const call of [
    () => client.projects.get(),
    () => client.projects.get('../users'),
    () => client.projects.get('local:p-none', 500),
    () => client.projects.get('local:p-none', { signal: {} }),
    () => client.projects.get('local:p-none', { timeot: 5 }),
    () => client.projects.create({ name: 1n }),
    () => client.projects.create(loop),
    () => client.projects.create({ name: 'x', weight: NaN }),
    () => client.projects.create({ name: 'x', labels: new Map([['a', 'b']]) }),
    () => client.projects.create({ name: 'x', created: new Date(NaN) }),
    () => client.projects.create({ name: 'x', list: [undefined] }),
    () => client.projects.create({ name: 'x', list: [1, , 2] }),
    () => client.projects.create({ name: 'x', bytes: Buffer.from('x') }),
    () => client.projects.create({ name: 'x', bytes: new Uint8Array(2) }),
    () => client.projects.create({ name: 'x', bytes: new ArrayBuffer(2) }),
    () => client.projects.create({ name: 'x', why: new Error('x') }),
    () => client.projects.create({ name: 'x', labels: new URLSearchParams('a=b') }),
    () => client.projects.create({ name: 'x', labels: new WeakRef({}) }),
    () => client.projects.create({ name: 'x', labels: { a: 'b\ud800c' } }),
    () => client.projects.create({ name: 'x', labels: { 'a\udc00': 'b' } }),
    () => client.projects.get('p-\ud800'),
    () => client.projects.list({ where: { name: undefined } }).toArray(),
    () => client.projects.list({ where: { name: { eq: () => 'x' } } }).toArray(),
    () => client.projects.list({ page_size: 5 }).toArray(),
    () => client.projects.list({ fields: null }).toArray(),
    () => client.projects.list().records().toArray(),
    () => client.projects.get('local:p-none', { fields: ['id'] }),
    () => client.projects.get('local:p-none', { onProgress() {} }),
    () => client.projects.wait('local:p-none', { state: 'active', timeout: 5_000, deadline: 5_000 }),
    () => client.projects.wait('local:p-none', { state: 'active', onProgress: 5 }),
    () => client.collection('projects', { unchekced: true }),
    () => client.cluster('local').collection('projects', { cluster: 'c-prod1' }),
    () => client.cluster('local').resource('pods', { namepsace: 'shop' }),
    () => client.cluster('local').resource('pods', 'shop'),
    () => client.cluster('C_1').version(),
    () => client.projects.list({ pageSize: 0 }).toArray(),
  ]) {
    const error = await failure(call);
    assert.equal(error.kind, 'invalid', `${call}: ${inspect(error)}`);
  }
  assert.equal((await simulator.journal()).length, before);
});

test('what says how it is written is written so', async () => {
  const given = { at: new Date('2026-11-22T05:00:00Z'), to: new URL('https://shop.example.com'), smile: '🙂', own: { toJSON: () => 'x' }, none: undefined };
  const maps = simulator.client('admin-unscoped').cluster('local').resource('configmaps', { namespace: 'default' });
  const { data } = await maps.create({ metadata: { name: 'written' }, data: given });
  assert.deepEqual(data, { at: '2026-11-22T05:00:00.000Z', to: 'https://shop.example.com/', smile: '🙂', own: 'x' });
});

test('a refusal says which, in the words of JavaScript', async () => {
  const client = simulator.client('admin-unscoped');
  for (const [call, words] of [
    [() => client.projects.create({ name: 'x', bytes: Buffer.from('x') }), /"bytes" is bytes .*base64/],
    [() => client.projects.create({ name: 'x', list: [undefined] }), /undefined, in an array/],
    [() => client.projects.create({ name: 'x', labels: { a: 'b\ud800c' } }), /"a" holds half a character/],
    [() => client.projects.get('local:p-none', { timeout: 0 }), /milliseconds/],
    [() => new Client({ ...simulator.options('admin-unscoped'), timeout: 0 }), /milliseconds/],
    [() => new Client({ caPEM: 'x' }), /"caPEM"/],
  ]) {
    const { message } = await failure(async () => call());
    assert.match(message, words);
    assert.doesNotMatch(message, /give seconds/);
  }
});

test('a signal that is null is none, as to fetch', async () => {
  assert.ok((await simulator.client('admin-unscoped').version({ signal: null })).version);
});

test('a closed client stops what is under way and refuses what comes', async () => {
  await simulator.fault('GET /rancherversion hang');
  try {
    const client = simulator.client('admin-unscoped');
    const call = failure(client.version());
    await until('the request', async () => (await simulator.journal()).some(({ target, status }) => target === '/rancherversion' && status === null));
    client.close();
    assert.equal((await call).kind, 'cancelled');
    assert.equal((await failure(client.version())).kind, 'cancelled');
    assert.equal((await failure(client.projects.list().toArray())).kind, 'cancelled');
    client.close();
  } finally {
    await simulator.heal();
  }
});

test('a client is closed where its block ends', async () => {
  // the words `using` and `await using` are TypeScript's here: this is what they come to
  const client = simulator.client('admin-unscoped');
  await client.version();
  await client[Symbol.asyncDispose]();
  assert.equal((await failure(client.version())).kind, 'cancelled');
  const other = simulator.client('admin-unscoped');
  other[Symbol.dispose]();
  assert.equal((await failure(other.version())).kind, 'cancelled');
});

test('a client shows where it points, never its secret', async () => {
  const client = simulator.client('admin-unscoped');
  const token = simulator.tokens['admin-unscoped'];
  const [name, secret] = token.split(':');
  assert.equal(inspect(client), `Client { ${simulator.url}, ${name} }`);
  assert.deepEqual(JSON.parse(JSON.stringify(client)), { url: simulator.url, credential: name, kind: 'v3', cluster: null });
  for (const shown of [inspect(client, { showHidden: true, depth: 9 }), JSON.stringify(client.describe()), inspect(client.projects, { showHidden: true, depth: 9 }), inspect(client.projects.list(), { showHidden: true, depth: 9 })]) {
    assert.ok(!shown.includes(secret), shown);
  }
});

test('two hundred calls at a time', async () => {
  const client = simulator.client('admin-unscoped');
  const answers = await Promise.all(Array.from({ length: 200 }, () => client.version()));
  assert.equal(new Set(answers.map(({ version }) => version)).size, 1);
});

test('one signal stops a hundred calls, without a warning of too many listeners', async () => {
  const warnings = [];
  const listen = (warning) => warnings.push(String(warning));
  process.on('warning', listen);
  await simulator.fault('GET /rancherversion hang');
  try {
    const controller = new AbortController();
    const client = simulator.client('admin-unscoped');
    const calls = Array.from({ length: 100 }, () => failure(client.version({ signal: controller.signal })));
    await sleep(50);
    controller.abort();
    for (const error of await Promise.all(calls)) assert.equal(error, controller.signal.reason);
    assert.deepEqual(warnings, []);
  } finally {
    process.off('warning', listen);
    await simulator.heal();
  }
});

test('a call goes on where its client is forgotten', async () => {
  await simulator.fault('GET /rancherversion delay:100');
  try {
    const call = simulator.client('admin-unscoped').version();
    const walk = simulator.client('admin-unscoped').projects.list({ pageSize: 5 });
    // memory is collected in between, as far as it can be asked for
    for (let at = 0; at < 20; at += 1) new Array(1e5).fill(at);
    globalThis.gc?.();
    assert.ok((await call).version);
    assert.ok((await walk.toArray()).length > 5);
  } finally {
    await simulator.heal();
  }
});
