// Compiles test/types as users do: strictly, as CommonJS, as ESM and for a bundler, with and without Node's own types.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const home = join(dirname(fileURLToPath(import.meta.url)), '..');
const types = join(home, 'test', 'types');
const tsc = join(home, 'node_modules', 'typescript', 'bin', 'tsc');
const ways = [
  { name: 'CommonJS', options: { module: 'node16', moduleResolution: 'node16' }, extension: 'cts' },
  { name: 'ESM', options: { module: 'node16', moduleResolution: 'node16' }, extension: 'mts' },
  { name: 'nodenext', options: { module: 'nodenext', moduleResolution: 'nodenext' }, extension: 'mts' },
  { name: 'bundler', options: { module: 'esnext', moduleResolution: 'bundler' }, extension: 'ts' },
];
let failed = 0;
for (const { name, options, extension } of ways) {
  // inside the package, so that its own name leads to it
  const folder = mkdtempSync(join(home, 'test', 'compiled-types-'));
  try {
    for (const file of readdirSync(types).filter((file) => file.endsWith('.test-d.ts'))) copyFileSync(join(types, file), join(folder, file.replace(/ts$/, extension)));
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ extends: '../types/tsconfig.json', compilerOptions: options, include: ['.'] }));
    const { status, stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
    console.log(`types: ${name}: ${status === 0 ? 'ok' : 'FAILED'}`);
    if (status !== 0) {
      failed += 1;
      console.log(stdout);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
process.exit(failed === 0 ? 0 : 1);
