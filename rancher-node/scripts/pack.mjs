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
  // what the README leads to comes along, and is then below it
  const readme = readFileSync(join(home, 'README.md'), 'utf8');
  const led = [...readme.matchAll(/\]\(\.\.\/(docs\/[\w.-]+)\)/g)].map(([, path]) => path);
  writeFileSync(join(stage, 'README.md'), readme.replaceAll('](../docs/', '](docs/'));
  // the native module goes into the package of the platform, so that a bundle for another one can have its own
  manifest.files = [...manifest.files.filter((file) => !file.endsWith('.node')), 'docs'];
  pack(manifest, [
    [join(home, 'dist'), 'dist'],
    [join(home, 'bin'), 'bin'],
    [join(stage, 'README.md'), 'README.md'],
    ...led.map((path) => [join(home, '..', path), path]),
  ]);
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
