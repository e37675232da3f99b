// What went wrong, as JavaScript sees it: one row for each sort.
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { after, test } from 'node:test';
import { canned, failure, RancherError, simulated } from './support.mjs';

const simulator = await simulated(after);
const project = 'local:p-none';

const undetermined = { kind: 'undetermined', status: 401, causes: ['token_refused', 'out_of_scope'], retryable: false };
const recorded = {
  'an expired key': ['expired', undetermined],
  'a deleted key': ['deleted', undetermined],
  'a key that is switched off': ['off', undetermined],
  'a wrong secret': ['wrong-secret', undetermined],
  'the key of a disabled user': ['disabled-unscoped', undetermined],
  'a key of another cluster': ['admin-stage', undetermined],
  'a key without a right': ['standard-unscoped', { kind: 'forbidden', status: 403, code: 'Forbidden', reason: 'rbac', causes: ['missing_right'] }],
};
for (const [what, [label, expected]] of Object.entries(recorded)) {
  test(`${what}: ${expected.kind}`, async () => {
    const error = await failure(simulator.client(label).clusters.get(simulator.clusters.prod));
    has(error, { ...expected, method: 'GET', path: `/v3/clusters/${simulator.clusters.prod}`, operation: 'v3.get' });
  });
}

test('a key of a cluster that was seen there: out_of_scope, and nothing is sent', async () => {
  const client = simulator.client('admin-prod');
  await client.clusters.get(simulator.clusters.prod);
  await failure(client.users.list().first());
  const before = (await simulator.journal()).length;
  const error = await failure(client.users.list().first());
  has(error, { kind: 'out_of_scope' });
  assert.ok(error.advice, 'it says what to do');
  assert.equal((await simulator.journal()).length, before);
});

test('no credential: unauthenticated', async () => {
  has(await failure(simulator.client().projects.get(project)), { kind: 'unauthenticated' });
});

test('nothing there: not_found', async () => {
  const error = await failure(simulator.client('admin-unscoped').projects.get(project));
  has(error, { kind: 'not_found', status: 404, code: 'NotFound', retryable: false, attempts: 1 });
  assert.match(error.curl, /\$RANCHER_TOKEN/);
});

const status = (reason, code, message, details) => ({ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, code, message, ...(details ? { details } : {}) });
const norman = (status, code, message, fieldName) => ({ type: 'error', status, code, message, ...(fieldName ? { fieldName } : {}) });
const answers = {
  'a 403 of rights': [{ status: 403, body: norman(403, 'Forbidden', 'projects is forbidden: User "u-abc12" cannot get resource "projects"') }, { kind: 'forbidden', status: 403, reason: 'rbac' }],
  'a 403 of a quota': [{ status: 403, body: status('Forbidden', 403, 'pods "web" is forbidden: exceeded quota: default, requested: pods=1, used: pods=1, limited: pods=1') }, { kind: 'forbidden', status: 403, reason: 'quota' }],
  'a 409': [{ status: 409, body: norman(409, 'Conflict', 'the object has been modified') }, { kind: 'conflict', status: 409, code: 'Conflict' }],
  'a 422 with a field': [{ status: 422, body: norman(422, 'MissingRequired', '', 'clusterId') }, { kind: 'invalid', status: 422, code: 'MissingRequired', field: 'clusterId' }],
  'a 429': [{ status: 429, headers: { 'retry-after': '2' }, body: norman(429, 'TooManyRequests', 'slow down') }, { kind: 'rate_limited', status: 429, retryable: true, retryAfter: 2000 }],
  'a 502 with HTML': [{ status: 502, headers: { 'content-type': 'text/html', 'x-api-cattle-auth': '' }, body: '<html><body><h1>502 Bad Gateway</h1></body></html>' }, { kind: 'unavailable', status: 502, retryable: true }],
  'a 503 with text': [{ status: 503, headers: { 'content-type': 'text/plain', 'x-api-cattle-auth': '' }, body: 'service unavailable' }, { kind: 'unavailable', status: 503, retryable: true }],
  'a body that is none': [{ body: '{"id": "local:p-none"' }, { kind: 'decode', method: 'GET', retryable: false }],
};
for (const [what, [answer, expected]] of Object.entries(answers)) {
  test(`${what}: ${expected.kind}`, async (t) => {
    const { client } = await canned(t, answer);
    has(await failure(client.projects.get(project)), expected);
  });
}

test('a body that is cut, and a connection that is reset', async () => {
  const client = simulator.client('admin-unscoped', { retries: 1 });
  for (const fault of ['cut:20', 'reset']) {
    await simulator.fault(`GET /v3/projects/** ${fault}`);
    const error = await failure(client.projects.get(simulator.projects['local-shop']));
    has(error, { retryable: true, method: 'GET' });
    assert.ok(['connect', 'unavailable', 'decode'].includes(error.kind), error.kind);
  }
  await simulator.fault();
});

test('nobody there: connect', async () => {
  const { Client } = await import('../dist/index.mjs');
  has(await failure(new Client({ url: 'https://127.0.0.1:9', token: 'token-abc12:secret', retries: 1 }).version()), { kind: 'connect' });
});

test('a certificate that nobody vouches for: tls', async () => {
  has(await failure(simulator.client('admin-unscoped', { caPem: undefined, retries: 1 }).version()), { kind: 'tls' });
});

test('a client that cannot be opened says what is wrong and never with which value', async () => {
  const { Client } = await import('../dist/index.mjs');
  for (const [options, words] of [
    [{ url: 'ftp://rancher.example.com', token: 'token-abc12:secret' }, /https:\/\//],
    [{ url: 'https://rancher.example.com', token: 'canarywithoutcolon' }, /token/],
    [{ url: 'https://rancher.example.com', tokn: 'token-abc12:canary' }, /tokn/],
    [{}, /RANCHER_URL/],
  ]) {
    const error = await failure(async () => new Client(options));
    has(error, { kind: 'config' });
    assert.match(error.message, words);
    assert.doesNotMatch(inspect(error), /canary/);
  }
});

test('an error is one line, has a stack of JavaScript, and shows its fields', async () => {
  async function mine() {
    return await simulator.client('admin-unscoped').projects.get(project);
  }
  const error = await failure(mine());
  assert.ok(error instanceof Error && error instanceof RancherError);
  assert.equal(error.name, 'RancherError');
  assert.doesNotMatch(error.message, /\n/);
  assert.match(error.stack, /at async mine .*errors\.test\.mjs/);
  assert.match(inspect(error), /kind: 'not_found'/);
  const json = JSON.parse(JSON.stringify(error));
  assert.deepEqual([json.kind, json.status, json.message], ['not_found', 404, error.message]);
  assert.ok(!('stack' in json));
});

function has(error, expected) {
  assert.ok(error instanceof RancherError, inspect(error));
  const found = Object.fromEntries(Object.keys(expected).map((key) => [key, error[key]]));
  assert.deepEqual(found, expected, error.message);
}
