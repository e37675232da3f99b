// The example programs print what those of the other languages print: `examples/cases.json`.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Simulator } from './support.mjs';

const examples = fileURLToPath(new URL('../../examples/', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'rancher-examples-'));
after(() => rmSync(folder, { recursive: true, force: true }));
cpSync(join(examples, 'node'), folder, { recursive: true, filter: (path) => basename(path) !== 'node_modules' });
mkdirSync(join(folder, 'node_modules'));
symlinkSync(fileURLToPath(new URL('..', import.meta.url)), join(folder, 'node_modules', 'rancher-node'));

const cases = JSON.parse(readFileSync(join(examples, 'cases.json'), 'utf8')).filter(({ of }) => of === undefined || of.includes('node'));

const fits = (pattern, line) => new RegExp(`^${pattern.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&')).join('.*')}$`).test(line);

const lines = (text) => text.split('\n').slice(0, -1);

/** What a program prints. */
function run([program, ...given], env) {
  const child = spawn(process.execPath, [join(folder, `${program}.mjs`), ...given], { env, timeout: 120_000 });
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (part) => { said.out += part; });
  child.stderr.setEncoding('utf8').on('data', (part) => { said.err += part; });
  return new Promise((done) => {
    child.once('close', (status) => done({ status, out: lines(said.out), err: lines(said.err) }));
  });
}

test('each is shorter than twenty lines', () => {
  const programs = readdirSync(folder).filter((name) => name.endsWith('.mjs') && name !== 'connect.mjs');
  assert.ok(programs.length >= 8);
  for (const name of programs) {
    const { length } = lines(readFileSync(join(folder, name), 'utf8'));
    console.log(`example: node ${basename(name, '.mjs')} has ${length} lines`);
    assert.ok(length < 20, name);
  }
});

for (const example of cases) {
  test(`${example.run} ${example.as ?? ''}`, { timeout: 180_000 }, async () => {
    const { PATH, RANCHER_SIM } = process.env;
    const env = { PATH, RANCHER_SIM, HOME: folder };
    const simulator = await Simulator.start({ delayScale: 0, nodes: 500 });
    try {
      if (example.as !== undefined) {
        const ca = join(folder, `ca-${process.pid}.pem`);
        writeFileSync(ca, simulator.caPem);
        Object.assign(env, {
          RANCHER_URL: simulator.url,
          RANCHER_TOKEN: simulator.tokens[example.as],
          RANCHER_CA_BUNDLE: ca,
          RANCHER_CLUSTER_ID: simulator.clusters[example.cluster] ?? '',
        });
      }
      const done = await run(example.run.split(' '), env);
      const failures = done.err.filter((line) => !line.endsWith('this is a simulator'));
      const told = JSON.stringify(done);
      if (example.fails !== undefined) {
        assert.deepEqual([done.status, done.out.length, failures.length], [1, 0, 1], told);
        assert.ok(fits(`Error: *${example.fails}`, failures[0]), told);
        return;
      }
      assert.deepEqual([done.status, failures], [example.status ?? 0, []], told);
      assert.equal(done.err.length === 0, example.as !== undefined, told);
      for (const pattern of example.prints_some ?? []) assert.ok(done.out.some((line) => fits(pattern, line)), told);
      if (example.prints) {
        assert.equal(done.out.length, example.prints.length, told);
        assert.ok(example.prints.every((pattern, at) => fits(pattern, done.out[at])), told);
      }
    } finally {
      await simulator.stop();
    }
  });
}
