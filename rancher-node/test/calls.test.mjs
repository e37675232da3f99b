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
      client.projects.list({ signal: signal() }).toArray(),
      client.projects.wait('local:p-none', { state: 'active', signal: signal() }),
      client.projects.updateWith('local:p-none', () => {}, { signal: signal() }),
    ]) {
      assert.equal((await failure(call)).name, 'TimeoutError');
    }
  } finally {
    await simulator.fault();
  }
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
    await simulator.fault();
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
    () => client.cluster('C_1').version(),
    () => client.projects.list({ pageSize: 0 }).toArray(),
  ]) {
    const error = await failure(call);
    assert.equal(error.kind, 'invalid', `${call}: ${inspect(error)}`);
  }
  assert.equal((await simulator.journal()).length, before);
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
    await simulator.fault();
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
    await simulator.fault();
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
    await simulator.fault();
  }
});
