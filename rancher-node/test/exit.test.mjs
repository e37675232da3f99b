// Two hundred short processes that end with calls in flight.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { simulated } from './support.mjs';

const simulator = await simulated(after, { faults: ['GET /rancherversion hang', 'GET /v3/users hang', 'GET /v3/settings delay:100'] });
const program = fileURLToPath(new URL('fixtures/exit.cjs', import.meta.url));
const ways = ['exit', 'exit-at-once', 'throw', 'abort', 'close', 'end'];
const MOST = 30_000;

function one(way) {
  return new Promise((done) => {
    const env = { ...process.env, EXIT_TEST: JSON.stringify({ way, options: simulator.options('admin-unscoped') }) };
    const child = spawn(process.execPath, [program], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    let complaints = '';
    child.stderr.setEncoding('utf8').on('data', (part) => (complaints += part));
    const late = setTimeout(() => child.kill('SIGKILL'), MOST);
    child.on('close', (code, signal) => {
      clearTimeout(late);
      const expected = way === 'throw' ? code === 1 && /Error: mine/.test(complaints) && !/panicked|FATAL/.test(complaints) : code === 0 && complaints === '';
      done(expected ? undefined : `${way}: code ${code}, signal ${signal}: ${complaints}`);
    });
  });
}

test('processes end cleanly', { timeout: 600_000 }, async () => {
  const left = Array.from({ length: 200 }, (_, at) => ways[at % ways.length]);
  const failures = [];
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      for (let way = left.pop(); way; way = left.pop()) {
        const failure = await one(way);
        if (failure) failures.push(failure);
      }
    }),
  );
  console.log(`exit: ${200 - failures.length} of 200 clean`);
  assert.deepEqual(failures, []);
});
