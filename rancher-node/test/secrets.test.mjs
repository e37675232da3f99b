// Marked secrets are pushed through everything, and must not come out where people look.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { inspect } from 'node:util';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { canned, Client, failure, Simulator } from './support.mjs';

const CANARY = 'canary7x2v9k4m8q3w6z5t1r0p2n4b6c8d0f2h4j6l8';
const token = `token-abc12:${CANARY}`;

function clean(what, ...things) {
  for (const thing of things) {
    const shown = [inspect(thing), inspect(thing, { showHidden: true, depth: 12 }), String(thing?.stack ?? ''), `${thing?.message ?? ''}`];
    if (thing instanceof Error || thing instanceof Client) shown.push(JSON.stringify(thing), JSON.stringify({ ...thing }));
    for (const text of shown) assert.ok(!text.includes(CANARY), `${what}: ${text}`);
  }
}

test('clients, and what they hand out', async (t) => {
  const { url } = await canned(t, { body: { type: 'collection', data: [] } });
  for (const credential of [{ token }, { accessKey: 'token-abc12', secretKey: CANARY }]) {
    const client = new Client({ url, allowHttp: true, ...credential });
    clean('client', client, client.describe(), client.projects, client.cluster('local'), client.projects.list(), client.projects.list()[Symbol.asyncIterator]());
  }
});

test('errors, also where the server repeats the secret', async (t) => {
  for (const [status, body] of [
    [401, { type: 'error', status: '401', message: `must authenticate: ${token}` }],
    [422, { type: 'error', status: 422, code: 'InvalidFormat', fieldName: 'token', message: `Bearer ${token} is none` }],
    [500, `Authorization: Bearer ${token}`],
    [502, `<html>${token}</html>`],
    [200, `{"token": "${token}"`],
  ]) {
    const { url } = await canned(t, { status, body });
    const client = new Client({ url, token, allowHttp: true, retries: 1, probes: false });
    clean(`${status}`, await failure(client.projects.get('local:p-abc12')));
    if (status >= 300) clean(`${status}`, await failure(client.request('GET', `/v3/projects?token=${token}`)));
  }
});

test('what is given in the wrong place', async (t) => {
  const { client, url, requests } = await canned(t, {});
  for (const call of [
    () => new Client({ url: token }),
    () => new Client({ url, token: CANARY, allowHttp: true }),
    () => new Client({ url, token, caPem: CANARY }),
    () => new Client({ url: `https://user:${CANARY}@rancher.example.com`, token }),
    () => new Client({ url, token, timeout: CANARY }),
    () => client.projects.get('local:p-abc12', { timeout: CANARY }),
    () => client.projects.get('local:p-abc12', token),
    () => client.projects.get('local:p-abc12', { signal: CANARY }),
    () => client.doctor({ witness: CANARY }),
  ]) {
    clean(String(call), await failure(call));
  }
  assert.deepEqual(requests.filter((request) => request.includes(CANARY)), []);
});

test('objects that hold secrets', async (t) => {
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'shop', namespace: 'default', resourceVersion: '1' }, data: { password: CANARY } };
  const { client } = await canned(t, { body: secret });
  const secrets = client.cluster('local').resource('secrets', { namespace: 'default' });
  const read = await secrets.get('shop');
  assert.equal(read.data.password, CANARY);
  for (const shown of [inspect(read), inspect({ list: [read] }), inspect(new Map([['shop', read]]))]) assert.ok(!shown.includes(CANARY), shown);
  clean('answer', await client.request('GET', '/v3/settings'));
  assert.equal(JSON.parse(JSON.stringify(read)).data.password, CANARY);
});

test('a simulator, and a process that dies of an error', async () => {
  await using_(await Simulator.start(), async (simulator) => {
    const secrets = Object.values(simulator.tokens).map((token) => token.split(':').at(-1));
    for (const secret of secrets) assert.ok(!JSON.stringify(simulator).includes(secret));
    assert.ok(!secrets.some((secret) => inspect(simulator).includes(secret)));
    const program = fileURLToPath(new URL('fixtures/dies.cjs', import.meta.url));
    const options = JSON.stringify({ ...simulator.options('expired'), probes: false });
    const { status, stderr } = spawnSync(process.execPath, [program], { encoding: 'utf8', timeout: 60_000, env: { ...process.env, DIES_WITH: options } });
    assert.equal(status, 1);
    assert.match(stderr, /RancherError: GET .*401/);
    assert.ok(!secrets.some((secret) => stderr.includes(secret)));
  });
});

async function using_(resource, use) {
  try {
    await use(resource);
  } finally {
    await resource[Symbol.asyncDispose]();
  }
}
