/// <reference lib="esnext.disposable" preserve="true" />
// A Rancher server as one user.

import { inspect } from 'node:util';
import { raised, settled, seconds, snake, text } from './border.js';
import { ClientOperations } from './generated/resources.js';
import { RancherError } from './errors.js';
import { native, type NativeBridge } from './native.js';

/**
 * What a client is opened with. What is not given is discovered: in the environment (`RANCHER_URL`, `RANCHER_TOKEN`, …),
 * in the Rancher CLI's `cli2.json`, in a kubeconfig.
 */
export interface ClientOptions {
  /** The address of the server, with or without `/v3`. */
  url?: string | undefined;
  /** The token, `token-abcde:…`. */
  token?: string | undefined;
  /** The access key, with `secretKey` instead of a token. */
  accessKey?: string | undefined;
  /** The secret key. */
  secretKey?: string | undefined;
  /** Sends no credential at all. */
  anonymous?: boolean | undefined;
  /** The cluster that is meant where none is named. */
  cluster?: string | undefined;
  /** The authorities to trust besides the machine's, in PEM. */
  caPem?: string | undefined;
  /** A file with them. */
  caFile?: string | undefined;
  /** `false` trusts whatever certificate comes: anybody on the way can then read the token. A string is a `caFile`. */
  verify?: boolean | string | undefined;
  /** Lets the address be `http:`, which sends the token in the clear. */
  allowHttp?: boolean | undefined;
  /** The proxy to go through. */
  proxy?: string | undefined;
  /** A server of the Rancher CLI's `cli2.json`, by its name. */
  server?: string | undefined;
  /** A kubeconfig whose server is one of Rancher's. */
  kubeconfig?: string | undefined;
  /** A context of it, if not its current one. */
  context?: string | undefined;
  /** How long a call may take in all, in milliseconds. */
  timeout?: number | undefined;
  /** How long connecting may take, in milliseconds. */
  connectTimeout?: number | undefined;
  /** How often a request is sent at most. */
  retries?: number | undefined;
  /** Whether a refused credential is looked into with at most two requests more. */
  probes?: boolean | undefined;
  /** How many requests may be under way at a time. */
  inFlight?: number | undefined;
  /** The name of the application, for the user agent. */
  application?: string | undefined;
}

/** What a client is, without its secret. */
export interface ClientDescription {
  /** The address of the server. */
  url: string;
  /** The name of the credential. */
  credential: string | null;
  /** What kind of credential it is. */
  kind: string;
  /** The cluster that is meant where none is named. */
  cluster: string | null;
  /**
   * Whether an operation, such as `login`, put it in the place of the one that the client was opened with. Only
   * `describe()` tells this and what follows.
   */
  replaced?: boolean;
  /** What certificates are trusted. */
  trust?: string;
  /** Where address, credential and authorities were looked for, and who won. */
  discovery?: unknown;
}

/**
 * A Rancher server as one user.
 *
 * Opening one sends nothing. One client serves any number of calls at a time; its connections live as long as it does.
 * Closing it is optional: it stops what is under way. All spans of time are milliseconds.
 *
 * ```js
 * const client = new Client();
 * for await (const cluster of client.clusters.list()) console.log(cluster.id, cluster.state);
 * ```
 */
export class Client extends ClientOperations {
  readonly #bridge: NativeBridge;

  /** Opens a client. Throws a `RancherError` of kind `config` if something is missing or wrong. */
  constructor(options: ClientOptions = {}) {
    const bridge = open(options);
    super(bridge, {});
    this.#bridge = bridge;
  }

  /**
   * Stops every call that is under way, and refuses those to come, at once. The promise is for what is left: a session that
   * was begun with `revokeOnClose` ends on the server. It is rejected with a `RancherError` if that failed, so that the
   * session may go on; closing again tries again.
   */
  close(): Promise<void> {
    return settled(this.#bridge.finish());
  }

  /** What it is, without its secret. */
  describe(): ClientDescription {
    return JSON.parse(this.#bridge.describe()) as ClientDescription;
  }

  /** What it is in short, without its secret. */
  toJSON(): ClientDescription {
    const { url, credential, kind, cluster } = this.describe();
    return { url, credential, kind, cluster };
  }

  /** As `close`, which nobody can wait for here: a session that could not be ended is a warning of the process. */
  [Symbol.dispose](): void {
    this.close().catch((error: unknown) => process.emitWarning(error as Error));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** @internal */
  override [inspect.custom](): string {
    const { url, credential, kind, cluster } = this.toJSON();
    return `Client { ${[url, credential ?? kind, ...(cluster ? [`cluster ${cluster}`] : [])].join(', ')} }`;
  }
}

function open(options: ClientOptions): NativeBridge {
  if (typeof options !== 'object' || options === null) throw RancherError.local('config', 'the options of a client are no object', "give one, new Client({ url: 'https://rancher.example.com' }), or nothing");
  const { timeout, connectTimeout, ...others } = options;
  const given: Record<string, unknown> = { naming: 'camel' };
  for (const [name, value] of Object.entries(others)) given[snake(name)] = value;
  given['timeout'] = span(timeout);
  given['connect_timeout'] = span(connectTimeout);
  const json = text(given);
  return raised(() => new (native().Bridge)(json));
}

function span(milliseconds: number | undefined): number | undefined {
  const given = seconds(milliseconds);
  if (given instanceof RancherError) throw given;
  return given;
}
