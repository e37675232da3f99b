// The code of the guide to Node runs, as a reader would run it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Simulator } from './support.mjs';

const folder = mkdtempSync(join(tmpdir(), 'rancher-guide-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** One module of all pieces: the first is for all of them, every other has names of its own. */
function program(blocks) {
  const imports = new Set(["import assert from 'node:assert/strict';"]);
  const bodies = blocks.map((block) => block.replace(/^import .*;$/gm, (line) => (imports.add(line), '')));
  return [...imports, bodies[0], ...bodies.slice(1).map((body) => `{\n${body}\n}`), "console.log('to the end');"].join('\n');
}

test('the guide runs', { timeout: 240_000 }, async () => {
  // an object is shown by its names
  assert.match(await run('node', 10), /Project \{ id: 'c-prod1:p-qwwv5', name: 'shop'/);
});

test('the guide to logins runs', { timeout: 240_000 }, async () => {
  assert.match(await run('login', 1), /Secret\(\*\*\*\)/);
});

test('the guide to Kubernetes runs', { timeout: 240_000 }, async () => {
  assert.match(await run('kubernetes', 2, 0), /web started/);
});

test('the guide to watches runs', { timeout: 240_000 }, async () => {
  assert.match(await run('watches', 0), /^(\d+) \1$/m);
});

async function run(name, moreThan, nodes) {
  const text = readFileSync(new URL(`../../docs/guide/${name}.md`, import.meta.url), 'utf8');
  const blocks = [...text.matchAll(/^```js\n(.*?)^```$/gms)].map(([, block]) => block);
  assert.ok(blocks.length > moreThan && blocks.length === text.split('```js').length - 1);
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  if (!existsSync(join(folder, 'node_modules', 'rancher-node'))) symlinkSync(fileURLToPath(new URL('..', import.meta.url)), join(folder, 'node_modules', 'rancher-node'));
  writeFileSync(join(folder, 'guide.mjs'), program(blocks));
  const simulator = await Simulator.start({ delayScale: 0, nodes });
  try {
    writeFileSync(join(folder, 'ca.pem'), simulator.caPem);
    const { PATH, RANCHER_SIM } = process.env;
    const token = simulator.tokens['admin-unscoped'];
    const env = { PATH, RANCHER_SIM, HOME: folder, RANCHER_URL: simulator.url, RANCHER_TOKEN: token, RANCHER_CA_BUNDLE: join(folder, 'ca.pem'), RANCHER_USER: simulator.users.member.username, RANCHER_PASSWORD: simulator.users.member.password };
    const done = spawnSync(process.execPath, [join(folder, 'guide.mjs')], { env, encoding: 'utf8', timeout: 180_000 });
    assert.equal(done.status, 0, done.stderr);
    assert.ok(done.stdout.endsWith('to the end\n'), done.stdout);
    assert.ok(!`${done.stdout}${done.stderr}`.includes(token.split(':')[1]));
    console.log(`guide: ${blocks.length} pieces of JavaScript ran`);
    return done.stdout;
  } finally {
    await simulator.stop();
  }
}
