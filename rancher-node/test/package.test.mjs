// The packages as they are installed: in an empty folder, without a network, cargo or this repository.
import assert from 'node:assert/strict';
import { buildSync } from 'esbuild';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { simulated } from './support.mjs';

const home = fileURLToPath(new URL('..', import.meta.url));
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'rancher-node-test-')));
after(() => rmSync(folder, { recursive: true, force: true }));
const simulator = await simulated(after);

// the path has Node, and nothing that could build
const PATH = `${dirname(process.execPath)}`;
const env = { PATH, HOME: folder, RANCHER_CONFIG_DIR: join(folder, 'none'), KUBECONFIG: join(folder, 'none'), npm_config_cache: join(folder, 'cache') };

function run(program, args, options = {}) {
  const { status, signal, stdout, stderr, error } = spawnSync(program, args, { cwd: folder, encoding: 'utf8', timeout: 120_000, ...options, env: { ...env, ...options.env } });
  if (error) throw error;
  return { status, signal, stdout, stderr };
}

function well(program, args, options) {
  const { status, stdout, stderr } = run(program, args, options);
  assert.equal(status, 0, `${stdout}${stderr}`);
  return stdout;
}

const node = (...args) => well(process.execPath, args);
const packed = well(process.execPath, [join(home, 'scripts', 'pack.mjs'), '--out', folder, '--simulator', process.env.RANCHER_SIM], { cwd: home, env: { PATH: process.env.PATH } })
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));
writeFileSync(join(folder, 'package.json'), '{ "name": "empty", "version": "1.0.0", "private": true }\n');
well('npm', ['install', '--offline', '--no-audit', '--no-fund', ...packed.map(({ file }) => file)], { env: { PATH: process.env.PATH } });
const modules = join(folder, 'node_modules');
const platform = packed[1].name;

const TASK = `
  const simulator = await Simulator.start();
  const client = simulator.client('admin-unscoped');
  const { version } = await client.version();
  const error = await client.projects.get('local:p-none').catch((error) => error);
  console.log(JSON.stringify([version, error instanceof RancherError, error.kind]));
  await simulator.stop();
`;

test('it has what it needs, and nothing else', () => {
  assert.deepEqual(readdirSync(modules).filter((name) => !name.startsWith('.')).sort(), packed.map(({ name }) => name).sort());
  assert.ok(!existsSync(join(modules, 'rancher-node', 'ts')) && existsSync(join(modules, 'rancher-node', 'LICENSE')));
});

test('what its README leads to is there', () => {
  const own = join(modules, 'rancher-node');
  const links = [...readFileSync(join(own, 'README.md'), 'utf8').matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path]) => path);
  assert.ok(links.length > 0);
  for (const link of links) assert.ok(existsSync(join(own, link)), link);
});

test('ESM, CommonJS, and rancher-node/testing with its own simulator', () => {
  writeFileSync(join(folder, 'task.mjs'), `import { RancherError } from 'rancher-node'; import { Simulator } from 'rancher-node/testing'; ${TASK}`);
  writeFileSync(join(folder, 'task.cjs'), `const { RancherError } = require('rancher-node'); const { Simulator } = require('rancher-node/testing'); (async () => { ${TASK} })();`);
  for (const file of ['task.mjs', 'task.cjs']) {
    const [version, known, kind] = JSON.parse(node(file));
    assert.match(version, /^v2\./);
    assert.deepEqual([known, kind], [true, 'not_found']);
  }
});

test('the command: report and exit code', () => {
  writeFileSync(join(folder, 'ca.pem'), simulator.caPem);
  const doctor = (label, ...args) => {
    const given = label ? { RANCHER_TOKEN: simulator.tokens[label] } : {};
    return run(join(modules, '.bin', 'rancher-node'), ['doctor', '--ca-file', 'ca.pem', '--cluster', 'c-prod1', ...args], { env: { RANCHER_URL: simulator.url, ...given } });
  };
  const usable = doctor('admin-unscoped');
  assert.equal(usable.status, 0, usable.stderr);
  assert.match(usable.stdout, /usable/);
  assert.equal(doctor('standard-unscoped').status, 1);
  const json = doctor('expired', '--json');
  assert.equal(json.status, 5, json.stderr);
  const report = JSON.parse(json.stdout);
  assert.equal(report.verdict, 'undetermined');
  assert.ok('expires_at' in report.credential && !('text' in report) && !('exit_code' in report));
  assert.equal(doctor('admin-unscoped', '--can-i', 'get:pods', 'create:deployments.apps', '--namespace', 'default').status, 0);
  writeFileSync(join(folder, 'witness'), simulator.tokens['admin-unscoped']);
  assert.equal(doctor('expired', '--witness-token-file', 'witness').status, 2);
  const bare = doctor(undefined);
  assert.equal(bare.status, 4);
  // what to do stands before what was asked, and why no token was found is part of it
  const told = bare.stdout.split('\n').filter((line) => /^(advice|probe) /.test(line));
  assert.ok(told[1].startsWith('advice ') && told[1].includes('no credential for that server was found') && told[2].startsWith('probe '), bare.stdout);
  assert.equal(JSON.parse(doctor(undefined, '--json').stdout).advice.length, 2);
  const none = doctor('admin-unscoped', '--cluster', 'No_id', '--json');
  assert.equal(none.status, 4);
  const nothing = JSON.parse(none.stdout);
  assert.deepEqual([nothing.verdict, nothing.probes, Object.keys(nothing).sort()], ['misconfigured', [], Object.keys(report).sort()]);
  assert.ok(nothing.advice[0].includes('No_id'));
  const misplaced = doctor('expired', '--witness-token-file', simulator.tokens['admin-unscoped'], '--json');
  assert.equal(misplaced.status, 4);
  assert.equal(doctor('admin-unscoped', '--url', 'https://127.0.0.1:9').status, 3);
  assert.equal(doctor('admin-unscoped', '--timeout', '1e9').status, 4);
  const wrong = doctor('admin-unscoped', '--tken', simulator.tokens.expired);
  assert.equal(wrong.status, 4);
  assert.match(wrong.stderr, /^rancher-node: Unknown option '--tken'; --help lists the options$/m);
  // a right that is not named is not asked for, and must not look like a yes
  for (const nothing of [['--can-i'], ['--can-i', '--json'], ['--also', '--can-i', 'get:pods']]) {
    const missing = doctor('admin-unscoped', ...nothing);
    assert.deepEqual([missing.status, missing.stdout], [4, '']);
    assert.match(missing.stderr, /argument missing/);
  }
  for (const { stdout, stderr } of [usable, json, wrong, misplaced]) {
    for (const token of Object.values(simulator.tokens)) assert.ok(!`${stdout}${stderr}`.includes(token.split(':')[1] ?? token));
  }
  assert.match(run(join(modules, '.bin', 'rancher-node'), ['--help']).stdout, /Exit codes/);
  assert.match(run(join(modules, '.bin', 'rancher-node'), ['--version']).stdout, /^\d+\.\d+\.\d+/);
});

test('who reads no more of the report has seen enough', () => {
  const [command, env] = [join(modules, '.bin', 'rancher-node'), { RANCHER_URL: simulator.url, RANCHER_TOKEN: simulator.tokens['admin-unscoped'] }];
  const { stdout, stderr } = run('/bin/bash', ['-c', `'${command}' doctor --ca-file ca.pem | true; echo "\${PIPESTATUS[0]}"`], { env });
  assert.deepEqual([stdout, stderr], ['0\n', '']);
});

test('`npm pack` alone packs a package for this platform', () => {
  // the names of its files are enough: the debug build is large
  const listed = JSON.parse(well('npm', ['pack', '--offline', '--dry-run', '--json'], { cwd: home, env: { PATH: process.env.PATH } }));
  const [{ files }] = Array.isArray(listed) ? listed : Object.values(listed);
  const names = files.map(({ path }) => path);
  for (const name of ['rancher-node.node', 'dist/index.mjs', 'dist/testing.d.ts', 'bin/rancher-node.js']) assert.ok(names.includes(name), name);
  assert.ok(!existsSync(join(modules, 'rancher-node', 'rancher-node.node')));
});

test('a native module that is missing or broken is named, and can be replaced', () => {
  const open = "const { Client } = require('rancher-node'); try { new Client({ url: 'https://rancher.example.com', token: 'token-abc12:secret' }); console.log('well') } catch (error) { console.log(error.kind, error.message) }";
  const file = join(modules, platform, `rancher-node.${platform.replace('rancher-node-', '')}.node`);
  const elsewhere = join(folder, 'elsewhere.node');
  copyFileSync(file, elsewhere);
  assert.equal(node('-e', open), 'well\n');
  renameSync(join(modules, platform), join(folder, 'away'));
  const missing = node('-e', open);
  assert.match(missing, /^config /);
  for (const word of [platform, process.platform, process.arch, 'RANCHER_NODE_NATIVE']) assert.ok(missing.includes(word), missing);
  assert.equal(well(process.execPath, ['-e', open], { env: { RANCHER_NODE_NATIVE: elsewhere } }), 'well\n');
  assert.match(well(process.execPath, ['-e', open], { env: { RANCHER_NODE_NATIVE: join(folder, 'none.node') } }), /none\.node/);
  mkdirSync(join(modules, platform));
  copyFileSync(join(folder, 'away', 'package.json'), join(modules, platform, 'package.json'));
  writeFileSync(file, 'no module');
  const broken = node('-e', open);
  assert.ok(broken.includes(platform) && broken.includes('cannot be loaded'), broken);
  rmSync(join(modules, platform), { recursive: true });
  renameSync(join(folder, 'away'), join(modules, platform));
});

test('without a simulator, it says where one comes from', () => {
  const name = packed[2].name;
  renameSync(join(modules, name), join(folder, 'away-sim'));
  const start = "const { Simulator } = require('rancher-node/testing'); Simulator.start().catch((error) => console.log(error.kind, error.message))";
  const missing = node('-e', start);
  assert.match(missing, /^config .*RANCHER_SIM/);
  assert.ok(missing.includes(`${name},`), missing);
  assert.match(well(process.execPath, ['-e', start], { env: { RANCHER_SIM: join(folder, 'none') } }), /none is no program/);
  renameSync(join(folder, 'away-sim'), join(modules, name));
});

test('the recipes for bundlers', () => {
  const app = "import { Client, RancherError } from 'rancher-node';\ntry { new Client({ url: 'ftp://x', token: 'token-abc12:secret' }) } catch (error) { console.log(error instanceof RancherError, error.kind) }\n";
  writeFileSync(join(folder, 'app.mjs'), app);
  const esbuild = (out, options) => buildSync({ absWorkingDir: folder, entryPoints: ['app.mjs'], bundle: true, platform: 'node', logLevel: 'warning', outdir: out, outExtension: { '.js': '.cjs' }, ...options });
  const copied = { loader: { '.node': 'copy' } };
  // one folder with everything for this platform
  esbuild('copied', copied);
  const banner = { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" };
  esbuild('esm', { ...copied, format: 'esm', banner, outExtension: { '.js': '.mjs' } });
  well(process.execPath, [join(home, 'node_modules', '@vercel', 'ncc', 'dist', 'ncc', 'cli.js'), 'build', 'app.mjs', '--out', 'ncc']);
  // the native module stays where it is, and a variable names it
  esbuild('named', { external: ['rancher-node-*'] });
  renameSync(modules, join(folder, 'away'));
  for (const [out, file] of [['copied', 'app.cjs'], ['esm', 'app.mjs'], ['ncc', 'index.mjs']]) {
    assert.equal(readdirSync(join(folder, out)).length, 2, out);
    assert.equal(node(join(out, file)), 'true config\n');
  }
  assert.equal(well(process.execPath, [join('named', 'app.cjs')], { env: { RANCHER_NODE_NATIVE: join(folder, 'elsewhere.node') } }), 'true config\n');
  renameSync(join(folder, 'away'), modules);
});
