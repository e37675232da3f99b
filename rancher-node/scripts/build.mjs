// Builds the package for development: the native module beside it, and dist/ from ts/.
//
//   node scripts/build.mjs               everything
//   node scripts/build.mjs --skip-native  only what tsc makes
//   node scripts/build.mjs --release      the native module, optimised
//   node scripts/build.mjs --features tests  with features of the crate
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const home = join(dirname(fileURLToPath(import.meta.url)), '..');
const require = createRequire(import.meta.url);

function run(program, args) {
  const { status, error } = spawnSync(program, args, { cwd: home, stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

if (!process.argv.includes('--skip-native')) {
  const release = process.argv.includes('--release');
  const at = process.argv.indexOf('--features');
  const features = at < 0 ? [] : process.argv.slice(at, at + 2);
  run('cargo', ['build', '-p', 'rancher-node', ...(release ? ['--release'] : []), ...features]);
  const target = process.env.CARGO_TARGET_DIR ?? join(home, '..', 'target');
  const library = { linux: 'librancher_node.so', darwin: 'librancher_node.dylib', win32: 'rancher_node.dll' }[process.platform];
  const built = join(target, release ? 'release' : 'debug', library);
  // by another name first: a process that has loaded the old one keeps it
  copyFileSync(built, join(home, 'rancher-node.node.new'));
  renameSync(join(home, 'rancher-node.node.new'), join(home, 'rancher-node.node'));
}

rmSync(join(home, 'dist'), { recursive: true, force: true });
const tsc = join(home, 'node_modules', 'typescript', 'bin', 'tsc');
if (!existsSync(tsc)) {
  console.error('TypeScript is not installed: run `npm ci` in rancher-node');
  process.exit(1);
}
run(process.execPath, [tsc, '-p', '.']);

// ESM gets the same module as CommonJS, so that there is one native module and one class of each name in a process
for (const entry of ['index', 'testing']) {
  const names = Object.keys(require(join(home, 'dist', `${entry}.js`))).sort();
  writeFileSync(join(home, 'dist', `${entry}.mjs`), `export { ${names.join(', ')} } from './${entry}.js';\n`);
  writeFileSync(join(home, 'dist', `${entry}.d.mts`), `export * from './${entry}.js';\n`);
}
const { version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
console.log(`rancher-node ${version} is built`);
