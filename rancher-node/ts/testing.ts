/// <reference lib="esnext.disposable" preserve="true" />
// A Rancher server to test against: starts the simulator and says how to get in.

import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join, resolve } from 'node:path';
import { inspect } from 'node:util';
import { camel } from './border.js';
import { Client, type ClientOptions } from './client.js';
import { RancherError } from './errors.js';

/** What to simulate. */
export interface SimulatorOptions {
  /** Which world: the recorded server, or a large one. */
  world?: 'record' | 'fleet' | undefined;
  /** How many clusters a fleet has. */
  clusters?: number | undefined;
  /** How many projects a fleet has. */
  projects?: number | undefined;
  /** How many pods a fleet has. */
  pods?: number | undefined;
  /** What random values are drawn from. */
  seed?: number | undefined;
  /** Lets the nodes of the cluster prod run: pods are ready so many milliseconds after they were made, and one is there. */
  nodes?: number | undefined;
  /** What goes wrong: `GET /v3/projects 429:1 times=2`. */
  faults?: readonly string[] | undefined;
  /** By what recorded delays are multiplied; 0 for none. */
  delayScale?: number | undefined;
  /** The path that the server is published under. */
  prefix?: string | undefined;
  /** Speak HTTP instead of HTTPS. */
  plainHttp?: boolean | undefined;
  /** Offer HTTP/2. */
  http2?: boolean | undefined;
  /** Leave `X-API-Cattle-Auth` out, as old servers do. */
  noAuthHeader?: boolean | undefined;
  /** The program; else `RANCHER_SIM`, the package `rancher-sim-…` of the platform, the path. */
  program?: string | undefined;
  /** How long it may take to start, in milliseconds; 30 seconds if not given. */
  startTimeout?: number | undefined;
}

/** A user of the simulated server. */
export interface SimulatedUser {
  id: string;
  username: string;
  password: string;
}

/** A request that reached the simulator. */
export interface JournalEntry {
  /** Its number, from 1 in the order of arrival. */
  n: number;
  method: string;
  /** Path and query as sent; what looks like a secret is masked. */
  target: string;
  /** The status that was sent; null while none was. */
  status: number | null;
  /** What went wrong with it on purpose. */
  fault: string | null;
  /** Whether the client was gone before it had the whole answer. */
  abandoned: boolean;
  /** The number of its connection, from 1. */
  connection: number;
  /** `HTTP/1.1` or `HTTP/2.0`. */
  http: string;
  /** The host that it was meant for. */
  host: string | null;
  userAgent: string | null;
  /** Whether it had an `authorization` header; never what was in it. */
  hasAuthorization: boolean;
  accept: string | null;
  /** The length of its body. */
  bodyBytes: number;
}

interface Ready {
  url: string;
  ca_pem?: string | null;
  tokens: Record<string, string>;
  users: Record<string, SimulatedUser>;
  clusters: Record<string, string>;
  projects: Record<string, string>;
}

/**
 * A simulated Rancher server, as a process that ends with this one.
 *
 * ```js
 * await using simulator = await Simulator.start();
 * const client = simulator.client('admin-unscoped');
 * ```
 */
export class Simulator {
  /** The address. */
  readonly url: string;
  /** The authority of its certificate, in PEM; none with `plainHttp`. */
  readonly caPem: string | undefined;
  /** Tokens by label: `admin-unscoped`, `expired`, … */
  readonly tokens: Readonly<Record<string, string>>;
  /** Users by label. */
  readonly users: Readonly<Record<string, SimulatedUser>>;
  /** The ids of clusters by label. */
  readonly clusters: Readonly<Record<string, string>>;
  /** The ids of projects by label. */
  readonly projects: Readonly<Record<string, string>>;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #controls: Client | undefined;
  #rules: readonly string[];

  private constructor(ready: Ready, rules: readonly string[], child: ChildProcess, ended: Promise<void>) {
    this.url = ready.url;
    this.caPem = ready.ca_pem ?? undefined;
    this.tokens = ready.tokens;
    this.users = ready.users;
    this.clusters = ready.clusters;
    this.projects = ready.projects;
    this.#rules = rules;
    this.#child = child;
    this.#ended = ended;
  }

  /** Starts one. Throws a `RancherError` of kind `config` if there is no program for it. */
  static async start(options: SimulatorOptions = {}): Promise<Simulator> {
    const child = spawn(program(options.program), args(options), { stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true });
    const ended = new Promise<void>((done) => {
      child.once('close', () => done());
      child.once('error', () => done());
    });
    // it ends when its input is closed, also where this process is killed; this is for a child that does not listen
    const kill = (): void => void child.kill('SIGKILL');
    process.once('exit', kill);
    void ended.then(() => process.off('exit', kill));
    const ready = await firstLine(child, options.startTimeout ?? 30_000);
    return new Simulator(ready, [...(options.faults ?? [])], child, ended);
  }

  /** What a client of it is opened with, by the label of a token. */
  options(label?: string): ClientOptions {
    const token = label === undefined ? undefined : this.tokens[label];
    if (label !== undefined && token === undefined) {
      throw RancherError.local('config', `the simulator has no token ${JSON.stringify(label)}`, `it has ${Object.keys(this.tokens).join(', ')}`);
    }
    return { url: this.url, caPem: this.caPem, allowHttp: this.caPem === undefined ? true : undefined, ...(token === undefined ? { anonymous: true } : { token }) };
  }

  /** A client with the token of this label; without one, a client that sends none. */
  client(label?: string, options: ClientOptions = {}): Client {
    return new Client({ ...this.options(label), ...options });
  }

  /** Lets these things go wrong from now on, besides those that do already: `* /v3/** 429:1 times=2`. Their counts begin anew. */
  async fault(...rules: string[]): Promise<void> {
    const all = [...this.#rules, ...rules];
    try {
      await this.#control('POST', 'faults', { faults: all });
    } catch (error) {
      if (!(error instanceof RancherError) || error.kind !== 'invalid') throw error;
      throw RancherError.local('invalid', `the simulator does not understand one of these rules: ${inspect(rules)}`, 'write METHOD PATH-GLOB ACTION [after=N] [times=N]', error);
    }
    this.#rules = all;
  }

  /** Nothing goes wrong any more. */
  async heal(): Promise<void> {
    await this.#control('DELETE', 'faults');
    this.#rules = [];
  }

  /** Changes what the agents of clusters are, by the clusters' names: `{ prod: 'gone' }`. */
  async agents(agents: Readonly<Record<string, 'connected' | 'gone' | 'never'>>): Promise<void> {
    const ids = Object.entries(agents).map(([cluster, agent]) => [this.clusters[cluster] ?? cluster, agent]);
    await this.#control('POST', 'agents', { agents: Object.fromEntries(ids) });
  }

  /**
   * What becomes of the watches and logs that are open, and how many are and were: `cut` breaks all of them off,
   * `inject` sends a message or a line to all, `mute` lets them say nothing, `forgetPast` makes every revision so far
   * too old to go on from.
   */
  async streams(done: { cut?: boolean; inject?: string; mute?: boolean; forgetPast?: boolean } = {}): Promise<{ open: number; opened: number }> {
    const { forgetPast, ...others } = done;
    const given = { ...others, ...(forgetPast === undefined ? {} : { forget_past: forgetPast }) };
    const asks = Object.keys(given).length > 0;
    return (await (asks ? this.#control('POST', 'streams', given) : this.#control('GET', 'streams'))) as { open: number; opened: number };
  }

  /** Has a container write. */
  async writeLog(cluster: string, namespace: string, pod: string, container: string, text: string): Promise<void> {
    await this.#control('POST', 'logs', { cluster: this.clusters[cluster] ?? cluster, namespace, pod, container, text });
  }

  /** The requests that reached it. */
  async journal(): Promise<JournalEntry[]> {
    const entries = (await this.#control('GET', 'journal')) as Record<string, unknown>[];
    const named = (entry: Record<string, unknown>) => Object.entries(entry).map(([name, value]) => [camel(name), value]);
    return entries.map((entry) => Object.fromEntries(named(entry)) as JournalEntry);
  }

  /** Forgets the requests so far. */
  async forget(): Promise<void> {
    await this.#control('DELETE', 'journal');
  }

  /** Ends it. */
  async stop(): Promise<void> {
    this.#controls?.close();
    this.#child.stdin?.end();
    this.#child.kill();
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 5_000);
    await this.#ended;
    clearTimeout(late);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** @internal */
  [inspect.custom](): string {
    return `Simulator { ${this.url} }`;
  }

  /** What it is, without its secrets. */
  toJSON(): { url: string } {
    return { url: this.url };
  }

  async #control(method: string, what: string, body?: unknown): Promise<unknown> {
    // below the root, whatever path the simulated server is published under
    this.#controls ??= new Client({ ...this.options(), url: new URL('/', this.url).href, probes: false });
    return (await this.#controls.request(method, `/-/${what}`, { body })).json();
  }
}

/** Reads where it is; after that it keeps nobody waiting. */
function firstLine(child: ChildProcess, startTimeout: number): Promise<Ready> {
  return new Promise((done, fail) => {
    let out = '';
    let complaints = '';
    const give = (error: Error): void => {
      clearTimeout(late);
      child.kill('SIGKILL');
      fail(error);
    };
    const late = setTimeout(() => give(new Error(`the simulator said nothing within ${startTimeout} ms`)), startTimeout);
    child.once('error', (error) => give(new Error(`the simulator cannot be started: ${error.message}`)));
    child.once('close', (code) => give(new Error(`the simulator ended with ${code}: ${complaints.trim()}`)));
    child.stderr?.setEncoding('utf8').on('data', (part: string) => {
      complaints = (complaints + part).slice(-4_000);
    });
    child.stdout?.setEncoding('utf8').on('data', (part: string) => {
      out += part;
      const end = out.indexOf('\n');
      if (end < 0) return;
      clearTimeout(late);
      child.stdout?.removeAllListeners('data').resume();
      for (const part of [child, child.stdin, child.stdout, child.stderr]) (part as { unref?: () => void } | null)?.unref?.();
      done(JSON.parse(out.slice(0, end)) as Ready);
    });
  });
}

function args(options: SimulatorOptions): string[] {
  const given: [string, string | number | undefined][] = [
    ['world', options.world],
    ['clusters', options.clusters],
    ['projects', options.projects],
    ['pods', options.pods],
    ['seed', options.seed],
    ['nodes', options.nodes],
    ['delay-scale', options.delayScale],
    ['prefix', options.prefix],
    ...(options.faults ?? []).map((rule): [string, string] => ['fault', rule]),
  ];
  const flags: [string, boolean | undefined][] = [
    ['plain-http', options.plainHttp],
    ['http2', options.http2],
    ['no-auth-header', options.noAuthHeader],
  ];
  return [
    '--exit-with-stdin',
    ...given.filter(([, value]) => value !== undefined).map(([name, value]) => `--${name}=${value}`),
    ...flags.filter(([, on]) => on).map(([name]) => `--${name}`),
  ];
}

/** Where the program is: the option, the variable, the package, the path. */
function program(option: string | undefined): string {
  const named = option ?? process.env['RANCHER_SIM'];
  if (named) {
    const path = resolve(named);
    if (!runs(path)) throw missing(`${named} is no program`);
    return path;
  }
  const name = process.platform === 'win32' ? 'rancher-sim.exe' : 'rancher-sim';
  const own = createRequire(resolve('here'));
  const besides = typeof __filename === 'string' ? [createRequire(__filename), own] : [own];
  const packages = [`rancher-sim-${process.platform}-${process.arch}-gnu`, `rancher-sim-${process.platform}-${process.arch}-musl`, `rancher-sim-${process.platform}-${process.arch}-msvc`, `rancher-sim-${process.platform}-${process.arch}`, 'rancher-sim'];
  for (const require of besides) {
    for (const named of packages) {
      const path = inPackage(require, named, name);
      if (path && runs(path)) return path;
    }
  }
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder || '.', name);
    if (runs(path)) return resolve(path);
  }
  throw missing('there is no rancher-sim');
}

function inPackage(require: NodeJS.Require, named: string, program: string): string | undefined {
  try {
    return join(require.resolve(`${named}/package.json`), '..', 'bin', program);
  } catch {
    return undefined;
  }
}

function runs(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The end of the name that the package of this platform has. */
function triple(): string {
  const base = `${process.platform}-${process.arch}`;
  if (process.platform === 'win32') return `${base}-msvc`;
  if (process.platform !== 'linux') return base;
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return `${base}-${header.glibcVersionRuntime ? 'gnu' : 'musl'}`;
}

function missing(summary: string): RancherError {
  return RancherError.local('config', summary, `install the package rancher-sim-${triple()}, which scripts/pack.mjs --simulator makes, or name the program in RANCHER_SIM (it comes with the sources: cargo build -p rancher-simulator --bin rancher-sim)`);
}
