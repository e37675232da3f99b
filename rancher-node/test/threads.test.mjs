// Workers have clients of their own, and leave nothing behind.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { simulated, until } from './support.mjs';

const simulator = await simulated(after);
const program = new URL('fixtures/worker.mjs', import.meta.url);
const begin = (workerData) => new Worker(program, { workerData: { options: simulator.options('admin-unscoped'), ...workerData } });

test('several workers call at the same time', async () => {
  const answers = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const worker = begin({});
      // it can end before its message is taken
      const end = once(worker, 'exit');
      const [answer] = await once(worker, 'message');
      const [code] = await end;
      return { ...answer, code };
    }),
  );
  for (const answer of answers) assert.deepEqual(answer, answers[0]);
  assert.equal(answers[0].code, 0);
  assert.equal(answers[0].kind, 'not_found');
  assert.ok(answers[0].ids.length > 0);
});

test('a worker that is terminated in the middle of its calls closes their connections, and others go on', async () => {
  await simulator.fault('GET /v3/users hang', 'GET /v3/users/** hang');
  try {
    const client = simulator.client('admin-unscoped');
    for (let round = 0; round < 3; round += 1) {
      const worker = begin({ hang: true });
      await once(worker, 'message');
      const open = async () => (await simulator.journal()).filter(({ target, status, abandoned }) => target.startsWith('/v3/users') && status === null && !abandoned).length;
      await until('six requests that hang', async () => (await open()) === 6);
      await worker.terminate();
      await until('their connections closed', async () => (await open()) === 0);
      assert.ok((await client.version()).version);
    }
  } finally {
    await simulator.fault();
  }
});
