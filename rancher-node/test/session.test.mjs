// Sessions: what closing a client ends on the server, and what their secrets show.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { inspect } from 'node:util';
import { Client, RancherError, Secret } from '../dist/index.mjs';
import { Simulator } from './support.mjs';

let simulator;
before(async () => {
  simulator = await Simulator.start({ delayScale: 0 });
});
after(() => simulator.stop());

const opened = () => new Client({ url: simulator.url, caPem: simulator.caPem, anonymous: true });
const logouts = async () => (await simulator.journal()).filter(({ target }) => target.includes('action=logout')).length;
const user = () => [simulator.users.member.username, simulator.users.member.password];

test('closing ends the session where the login asked for it', async () => {
  const before = await logouts();
  const kept = opened();
  await kept.login(...user());
  assert.match(kept.describe().credential, /^token-/);
  await kept.close();
  assert.equal(await logouts(), before);
  const ended = opened();
  await ended.login(...user(), { revokeOnClose: true });
  assert.ok((await ended.clusters.total()) > 0);
  const closing = ended.close();
  await assert.rejects(ended.clusters.total(), { kind: 'cancelled' });
  await closing;
  assert.equal(await logouts(), before + 1);
  await ended.close();
  const disposed = opened();
  await disposed.login(...user(), { revokeOnClose: true });
  await disposed[Symbol.asyncDispose]();
  assert.equal(await logouts(), before + 2);
});

test('a session that could not be ended is an error', async () => {
  const client = opened();
  await client.login(...user(), { revokeOnClose: true });
  await simulator.fault('POST /v3/tokens status:500');
  await assert.rejects(client.close(), (error) => error instanceof RancherError && /may go on/.test(error.message) && error.operation === 'logout');
  // `using` has nobody who could catch it
  const other = opened();
  await other.login(...user(), { revokeOnClose: true });
  const warned = once(process, 'warning');
  other[Symbol.dispose]();
  assert.match((await warned)[0].message, /may go on/);
  await simulator.heal();
  const before = await logouts();
  await client.close();
  assert.equal(await logouts(), before + 1, 'closing again tries again');
  await client.close();
  assert.equal(await logouts(), before + 1);
});

test('secrets have to be asked for', async () => {
  const client = new Client({ url: simulator.url, caPem: simulator.caPem, token: simulator.tokens['standard-unscoped'] });
  const made = await client.ext.tokens.create({ ttl: 3_600_000 });
  assert.ok(made.bearer instanceof Secret);
  const secret = made.bearer.reveal().split(':')[1];
  assert.ok(!`${inspect(made)} ${JSON.stringify(made)} ${made.bearer}`.includes(secret));
  assert.equal(made.token.ttl, 3_600_000);
  // one that is given as it is would go out as ***
  const sent = (await simulator.journal()).length;
  for (const given of [() => client.setPassword('u-abcde', made.bearer), () => client.settings.create({ name: 'x', value: made.bearer })]) {
    await assert.rejects(async () => given(), (error) => error instanceof RancherError && error.kind === 'invalid' && !error.message.includes(secret));
  }
  assert.throws(() => new Client({ url: simulator.url, caPem: simulator.caPem, token: made.bearer }), { kind: 'invalid' });
  assert.equal((await simulator.journal()).length, sent);
  await client.close();
});
