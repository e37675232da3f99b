// The native module: found, loaded once for ESM and CommonJS, and explained where it is not.

import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { RancherError } from './errors.js';

/** An answer of the core. */
export interface NativeAnswer {
  readonly length: number;
  valueJson(): string;
  objectsJson(): string;
  raw(at: number): Buffer;
  head(at: number): (string | null | undefined)[];
}

/** One answer after another. */
export interface NativeStream {
  next(reply?: string | null, cancel?: NativeCancel | null): Promise<NativeAnswer | null>;
  countsJson(): string;
  stop(): void;
}

/** Stops calls. */
export interface NativeCancel {
  cancel(): void;
}

/** A client of the core. */
export interface NativeBridge {
  call(operation: string, input: string, original?: NativeAnswer | null, at?: number | null, cancel?: NativeCancel | null): Promise<NativeAnswer>;
  begin(operation: string, input: string, original?: NativeAnswer | null, at?: number | null): NativeStream;
  close(): void;
  finish(): Promise<void>;
  describe(): string;
}

/** What the native module exports. */
export interface Native {
  Bridge: new (options: string) => NativeBridge;
  CancelHandle: new () => NativeCancel;
  quantity(text: string): string;
  version(): string;
}

/** The variable that names a native module to load instead of the platform's package. */
const OVERRIDE = 'RANCHER_NODE_NATIVE';

/** Where the build leaves it, for development. */
const BESIDE = '../rancher-node.node';

let loaded: Native | undefined;

/**
 * The native module, loaded when it is first needed.
 *
 * @internal
 */
export function native(): Native {
  loaded ??= load();
  return loaded;
}

function load(): Native {
  const override = process.env[OVERRIDE];
  if (override) {
    try {
      const path = resolve(override);
      return createRequire(path)(path) as Native;
    } catch (cause) {
      throw failure(`the native module ${override} cannot be loaded`, `${OVERRIDE} names it: give the path of a rancher-node.*.node file for ${platform()}, or unset it`, cause);
    }
  }
  const tried: Tried[] = [];
  const found = ofPlatform(tried) ?? beside(tried);
  if (found) return found;
  const names = tried.filter(({ name }) => name !== BESIDE).map(({ name }) => name);
  if (names.length === 0) {
    throw failure(`there is no native module for ${platform()}`, `build one and name it in ${OVERRIDE}`);
  }
  const broken = tried.find(({ cause }) => (cause as { code?: unknown }).code !== 'MODULE_NOT_FOUND');
  if (broken) {
    throw failure(
      `the package ${broken.name} cannot be loaded on ${platform()}`,
      `install it again on this platform (a node_modules folder that was copied from another one does not work), or name a native module in ${OVERRIDE}`,
      broken.cause,
    );
  }
  throw failure(
    `the package ${names.join(' or ')} is missing, which holds the native module for ${platform()}`,
    `install it (npm leaves it out with --omit=optional, and a lock file of another platform may not name it), or name a native module in ${OVERRIDE}; a bundler must leave it out of the bundle`,
    tried[0]?.cause,
  );
}

/** What was tried, and why it did not do. */
interface Tried {
  name: string;
  cause: unknown;
}

/**
 * The package of this platform. A bundler follows a `require` with a literal name, and takes one that stands in a `try`
 * for one that may fail: it leaves out what is not installed.
 */
function ofPlatform(tried: Tried[]): Native | undefined {
  switch (`${process.platform}-${process.arch}`) {
    case 'linux-x64':
      try {
        return require('rancher-node-linux-x64-gnu');
      } catch (cause) {
        tried.push({ name: 'rancher-node-linux-x64-gnu', cause });
      }
      try {
        return require('rancher-node-linux-x64-musl');
      } catch (cause) {
        tried.push({ name: 'rancher-node-linux-x64-musl', cause });
      }
      break;
    case 'linux-arm64':
      try {
        return require('rancher-node-linux-arm64-gnu');
      } catch (cause) {
        tried.push({ name: 'rancher-node-linux-arm64-gnu', cause });
      }
      try {
        return require('rancher-node-linux-arm64-musl');
      } catch (cause) {
        tried.push({ name: 'rancher-node-linux-arm64-musl', cause });
      }
      break;
    case 'darwin-x64':
      try {
        return require('rancher-node-darwin-x64');
      } catch (cause) {
        tried.push({ name: 'rancher-node-darwin-x64', cause });
      }
      break;
    case 'darwin-arm64':
      try {
        return require('rancher-node-darwin-arm64');
      } catch (cause) {
        tried.push({ name: 'rancher-node-darwin-arm64', cause });
      }
      break;
    case 'win32-x64':
      try {
        return require('rancher-node-win32-x64-msvc');
      } catch (cause) {
        tried.push({ name: 'rancher-node-win32-x64-msvc', cause });
      }
      break;
    case 'win32-arm64':
      try {
        return require('rancher-node-win32-arm64-msvc');
      } catch (cause) {
        tried.push({ name: 'rancher-node-win32-arm64-msvc', cause });
      }
      break;
  }
  return undefined;
}

/** The module that the build leaves, in development. */
function beside(tried: Tried[]): Native | undefined {
  // a bundle as ESM has no such name, and no file of ours beside it either
  if (typeof __filename !== 'string') return undefined;
  try {
    return createRequire(__filename)(BESIDE) as Native;
  } catch (cause) {
    tried.push({ name: BESIDE, cause });
    return undefined;
  }
}

function platform(): string {
  return `${process.platform} ${process.arch}, Node ${process.versions.node}`;
}

function failure(summary: string, advice: string, cause?: unknown): RancherError {
  return RancherError.local('config', summary, advice, cause);
}
