// ESM and CommonJS are the same package.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import * as esm from 'rancher-node';
import * as esmTesting from 'rancher-node/testing';

const require = createRequire(import.meta.url);
const root = new URL('..', import.meta.url);
const read = (path) => readFileSync(new URL(path, root), 'utf8');

test('both have the same names, and each is the same thing', () => {
  for (const [from, one] of [['rancher-node', esm], ['rancher-node/testing', esmTesting]]) {
    const other = require(from);
    assert.deepEqual(Object.keys(one).sort(), Object.keys(other).sort());
    for (const name of Object.keys(one)) assert.equal(one[name], other[name], name);
  }
  assert.ok(Object.keys(esm).includes('Client') && Object.keys(esm).includes('RancherError'));
});

test('an error of one is an error of the other, and of a second copy of the package', () => {
  const cjs = require('rancher-node');
  const make = ({ Client }) => {
    try {
      return new Client({ url: 'https://rancher.example.com', token: 'x' });
    } catch (error) {
      return error;
    }
  };
  assert.ok(make(esm) instanceof cjs.RancherError && make(cjs) instanceof esm.RancherError);
  for (const path of Object.keys(require.cache).filter((path) => /dist.errors\.js$/.test(path))) delete require.cache[path];
  const { RancherError } = require('../dist/errors.js');
  assert.notEqual(RancherError, esm.RancherError);
  assert.ok(make(esm) instanceof RancherError);
  class Mine extends esm.RancherError {}
  assert.ok(!(make(esm) instanceof Mine));
  for (const nothing of [null, undefined, 'x', {}, new Error('x')]) assert.ok(!(nothing instanceof esm.RancherError));
});

test('it works in a realm of its own, as a test runner makes one', async () => {
  const realm = createContext({ process, Buffer, console, setTimeout, performance });
  const cache = new Map();
  const load = (path) => {
    if (!cache.has(path)) {
      const module = { exports: {} };
      cache.set(path, module);
      const own = (name) => (name.startsWith('.') ? load(new URL(name, path).href) : require(name));
      runInContext(`(function (exports, require, module, __filename) {${readFileSync(new URL(path), 'utf8')}\n})`, realm)(module.exports, own, module, fileURLToPath(path));
    }
    return cache.get(path).exports;
  };
  const { Client, RancherError } = load(new URL('../dist/index.js', import.meta.url).href);
  assert.notEqual(RancherError, esm.RancherError);
  const error = await new Client({ url: 'https://127.0.0.1:9', token: 'token-abc12:secret', retries: 1 }).version({ signal: new AbortController().signal }).catch((error) => error);
  assert.ok(error instanceof RancherError, String(error));
  assert.equal(error.kind, 'connect');
});

test('the package has no dependencies, runs nothing when it is installed, and names its platforms once', () => {
  const manifest = JSON.parse(read('package.json'));
  assert.equal(manifest.dependencies, undefined);
  assert.equal(manifest.private, true);
  for (const name of Object.keys(manifest.scripts)) assert.doesNotMatch(name, /^(pre|post)|^(install|prepare|prepublish)/);
  const loader = read('ts/native.ts');
  const named = [...loader.matchAll(/require\('(rancher-node-[^']+)'\)/g)].map(([, name]) => name).sort();
  const packages = readdirSync(new URL('npm/', root)).map((triple) => JSON.parse(read(`npm/${triple}/package.json`)));
  assert.deepEqual(packages.map(({ name }) => name).sort(), named);
  for (const platform of packages) {
    assert.equal(platform.version, manifest.version, platform.name);
    assert.ok(platform.name.includes(`${platform.os[0]}-${platform.cpu[0]}`));
    assert.equal(platform.libc !== undefined, platform.os[0] === 'linux');
  }
  const version = /^version = "(.*)"/m.exec(read('../Cargo.toml'))[1];
  assert.equal(manifest.version, version);
  assert.equal(require('../rancher-node.node').version(), version);
});

test('also a compiler that knows no `exports` finds the types of every entry', () => {
  const { exports, typesVersions, types } = JSON.parse(read('package.json'));
  const entries = Object.entries(exports).filter(([, target]) => typeof target === 'object');
  assert.deepEqual(entries.map(([name]) => name), ['.', './testing']);
  for (const [name, target] of entries) {
    const found = name === '.' ? types : typesVersions['*'][name.slice(2)][0];
    assert.equal(found, target.require.types);
    for (const kind of ['import', 'require']) for (const file of Object.values(target[kind])) assert.ok(read(file));
  }
});

test('the types name every kind, reason and cause of the core', () => {
  const page = read('../docs/errors.md');
  const types = read('ts/errors.ts');
  const typed = (name) => [...new RegExp(`export type ${name} =([^;]*);`).exec(types)[1].matchAll(/'([a-z_]+)'/g)].map(([, word]) => word).sort();
  const part = (title) => page.split(`\n## ${title}\n`)[1].split('\n## ')[0];
  const rows = (title) => [...part(title).matchAll(/^\| `([a-z_]+)` \|/gm)].map(([, word]) => word).sort();
  const kinds = [...part('Kinds').matchAll(/^### `([a-z_]+)`/gm)].map(([, word]) => word).sort();
  assert.ok(kinds.length > 20);
  assert.deepEqual(typed('ErrorKind'), kinds);
  assert.deepEqual(typed('ForbiddenReason'), rows('Reasons of `forbidden`'));
  assert.deepEqual(typed('Cause'), rows('Causes'));
});
