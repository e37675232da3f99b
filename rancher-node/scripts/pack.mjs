// Packs what `scripts/build.mjs` built: the package and the platform's beside it, and the simulator's if its program is
// given. Nothing is fetched.
//
//   node scripts/pack.mjs [--out FOLDER] [--simulator PROGRAM]
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const home = join(dirname(fileURLToPath(import.meta.url)), '..');
const { values } = parseArgs({ options: { out: { type: 'string' }, simulator: { type: 'string' } } });
const out = resolve(values.out ?? join(home, 'packed'));
const stage = mkdtempSync(join(tmpdir(), 'rancher-node-pack-'));
const read = (path) => JSON.parse(readFileSync(path, 'utf8'));

function triple() {
  const base = `${process.platform}-${process.arch}`;
  if (process.platform === 'win32') return `${base}-msvc`;
  if (process.platform !== 'linux') return base;
  return process.report.getReport().header.glibcVersionRuntime ? `${base}-gnu` : `${base}-musl`;
}

/** Lays a package out, with the licence, and packs it. */
function pack(manifest, files) {
  const folder = join(stage, manifest.name);
  mkdirSync(folder);
  for (const [from, to] of [...files, [join(home, '..', 'LICENSE'), 'LICENSE']]) cpSync(from, join(folder, to), { recursive: true });
  for (const program of Object.values(manifest.bin ?? {})) chmodSync(join(folder, program), 0o755);
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  const { status, stdout, stderr } = spawnSync('npm', ['pack', '--offline', '--json', '--pack-destination', out], { cwd: folder, encoding: 'utf8', shell: process.platform === 'win32' });
  if (status !== 0) throw new Error(stderr);
  const result = JSON.parse(stdout);
  const [{ filename, size }] = Array.isArray(result) ? result : Object.values(result);
  console.log(JSON.stringify({ name: manifest.name, file: join(out, filename), bytes: size }));
}

try {
  mkdirSync(out, { recursive: true });
  const platform = read(join(home, 'npm', triple(), 'package.json'));
  const { devDependencies, scripts, ...manifest } = read(join(home, 'package.json'));
  // Only what is packed with it: npm would ask a registry for the others, where these names may be a stranger's.
  manifest.optionalDependencies = { [platform.name]: platform.version };
  pack(manifest, [[join(home, 'dist'), 'dist'], [join(home, 'bin'), 'bin'], [join(home, 'README.md'), 'README.md']]);
  pack(platform, [[join(home, 'rancher-node.node'), platform.main]]);
  if (values.simulator) {
    const simulator = read(join(home, 'simulator', 'package.json'));
    simulator.name = `${simulator.name}-${triple()}`;
    const program = `bin/rancher-sim${process.platform === 'win32' ? '.exe' : ''}`;
    Object.assign(simulator, { bin: { 'rancher-sim': program }, os: platform.os, cpu: platform.cpu, ...(platform.libc ? { libc: platform.libc } : {}) });
    pack(simulator, [[resolve(values.simulator), program]]);
  }
} finally {
  rmSync(stage, { recursive: true, force: true });
}
