// Why a call failed. What it says is the core's; here is only its form.

import { inspect, type InspectOptions } from 'node:util';

const BRAND = Symbol.for('rancher-node.RancherError');

/** The folder of these files, of which a stack tells its reader nothing. In a bundle they are somebody else's too. */
const OWN = typeof __filename === 'string' ? /^.*[\\/]dist[\\/](?=errors\.js$)/.exec(__filename)?.[0] : undefined;

/** What went wrong. The same words in every language of this client; a newer one may know more. */
export type ErrorKind =
  | 'token_refused'
  | 'out_of_scope'
  | 'undetermined'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'already_exists'
  | 'invalid'
  | 'rate_limited'
  | 'cluster_unavailable'
  | 'unavailable'
  | 'not_rancher'
  | 'timeout'
  | 'tls'
  | 'connect'
  | 'decode'
  | 'config'
  | 'unsupported'
  | 'cancelled'
  | 'partly_done'
  | 'internal'
  | (string & {});

/** Why something is forbidden. */
export type ForbiddenReason = 'rbac' | 'quota' | 'admission' | 'pod_security' | 'terminating' | 'disruption_budget' | 'unknown' | (string & {});

/** What may have led to an error. */
export type Cause =
  | 'token_refused'
  | 'expired'
  | 'deleted'
  | 'switched_off'
  | 'wrong_secret'
  | 'user_disabled'
  | 'out_of_scope'
  | 'missing'
  | 'missing_right'
  | 'no_proxy_config'
  | 'wrong_password'
  | 'provider_disabled'
  | 'provider_failed'
  | 'never_connected'
  | 'agent_gone'
  | 'not_rancher'
  | 'certificate_expired'
  | 'certificate_wrong_host'
  | 'certificate_unknown_issuer'
  | 'certificate_invalid'
  | (string & {});

/** How an error crosses the border. */
interface Fault {
  kind: string;
  text: string;
  summary?: string;
  confidence?: string | null;
  operation?: string | null;
  method?: string | null;
  path?: string | null;
  scope?: string | null;
  status?: number | null;
  accepted?: boolean | string | null;
  code?: string | null;
  field?: string | null;
  message?: string | null;
  reason?: string | null;
  causes?: string[];
  cluster?: string | null;
  scoped_to?: string | null;
  retryable?: boolean;
  retry_after?: number | null;
  attempts?: number;
  advice?: string | null;
  because?: string[];
  observations?: string[];
  curl?: string | null;
}

/**
 * Why a call failed, how sure that is, and what to do.
 *
 * `message` is one line that says what to do next; what the server itself said is `serverMessage`. Nothing here holds a
 * secret. What is not known is `undefined`.
 */
export class RancherError extends Error {
  /** What went wrong: `not_found`, `out_of_scope`, … */
  declare readonly kind: ErrorKind;
  /** The summary alone, without advice. */
  declare readonly summary: string;
  /** The words of the server. */
  declare readonly serverMessage: string | undefined;
  /** The status of the HTTP answer. */
  declare readonly status: number | undefined;
  /** The server's own code, `NotFound`. */
  declare readonly code: string | undefined;
  /** The field that is wrong. */
  declare readonly field: string | undefined;
  /** Why it is forbidden: `rbac`, `quota`, `admission`, … */
  declare readonly reason: ForbiddenReason | undefined;
  /** What was called, `v3.get`. */
  declare readonly operation: string | undefined;
  /** The method of the request. */
  declare readonly method: string | undefined;
  /** The path of the request, without secrets. */
  declare readonly path: string | undefined;
  /** Which credentials the path takes. */
  declare readonly scope: string | undefined;
  /** The cluster that it is about. */
  declare readonly cluster: string | undefined;
  /** The cluster that the key is scoped to, if that is why. */
  declare readonly scopedTo: string | undefined;
  /** What may have led to it, where the evidence leaves more than one explanation. */
  declare readonly causes: readonly Cause[];
  /** How sure the kind is: `proven`, `likely`, … */
  declare readonly confidence: string | undefined;
  /** What the answer says of the credential there. */
  declare readonly accepted: boolean | string | undefined;
  /** Whether the same call can go well later. */
  declare readonly retryable: boolean;
  /** After how many milliseconds the server wants to be asked again. */
  declare readonly retryAfter: number | undefined;
  /** How often it was sent. */
  declare readonly attempts: number;
  /** What to do. */
  declare readonly advice: string | undefined;
  /** What the verdict rests on. */
  declare readonly because: readonly string[];
  /** What was seen of the credential so far. */
  declare readonly observations: readonly string[];
  /** The same request with curl, without the credential. */
  declare readonly curl: string | undefined;

  private constructor(fault: Fault, options?: ErrorOptions) {
    super(fault.text, options);
    const { kind, text, summary, message, scoped_to, retry_after, retryable, attempts, causes, because, observations, ...others } = fault;
    const fields: Record<string, unknown> = {
      kind,
      summary: summary ?? text,
      serverMessage: message,
      ...others,
      scopedTo: scoped_to,
      causes: causes ?? [],
      retryable: retryable ?? false,
      retryAfter: retry_after == null ? undefined : retry_after * 1000,
      attempts: attempts ?? 0,
      because: because ?? [],
      observations: observations ?? [],
    };
    for (const [name, value] of Object.entries(fields)) {
      if (value === null || value === undefined || value === '') continue;
      Object.defineProperty(this, name, { value, enumerable: true, configurable: true });
    }
    const lines = this.stack?.split('\n') ?? [];
    const elsewhere = OWN === undefined ? lines : lines.filter((line) => !line.includes(OWN) || !/^ +at /.test(line));
    // it begins where the caller is; unless nobody waited there
    if (elsewhere.some((line) => /^ +at /.test(line))) this.stack = elsewhere.join('\n');
  }

  /** Also an error of another copy of this package, or of the other module system, is one. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this !== RancherError) return Function.prototype[Symbol.hasInstance].call(this, value);
    return typeof value === 'object' && value !== null && BRAND in value;
  }

  /**
   * An error that begins on this side of the border.
   *
   * @internal
   */
  static local(kind: ErrorKind, summary: string, advice: string, cause?: unknown): RancherError {
    const text = advice ? `${summary}: ${advice}` : summary;
    return new RancherError({ kind, text, summary, advice }, cause === undefined ? undefined : { cause });
  }

  /**
   * The error that the native half means. What is none of its errors stays as it is.
   *
   * @internal
   */
  static of(error: unknown): unknown {
    const fault = faultOf(error);
    return fault ? new RancherError(fault) : error;
  }

  /** Every field that is known, and the line as `message`. */
  toJSON(): Record<string, unknown> {
    const { name, message } = this;
    return { name, message, ...fields(this) };
  }

  /** @internal */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    const known = fields(this);
    for (const long of ['summary', 'advice', 'because', 'observations', 'curl']) delete known[long];
    const cause = this.cause === undefined ? '' : `\n  [cause]: ${inspect(this.cause, options)}`;
    return `${this.stack ?? this.message} ${inspect(known, options)}${cause}`;
  }
}

Object.defineProperty(RancherError.prototype, BRAND, { value: true });
// as with the errors of the language, the name is the class's and no field of each
Object.defineProperty(RancherError.prototype, 'name', { value: 'RancherError', configurable: true, writable: true });

function fields(error: RancherError): Record<string, unknown> {
  const known = Object.entries(error).filter(([key, value]) => key !== 'cause' && value !== undefined && !(Array.isArray(value) && value.length === 0));
  return Object.fromEntries(known);
}

/** The fault in the message of a native rejection, if it is one. */
function faultOf(error: unknown): Fault | undefined {
  // not by its class: in a test runner's realm, the native half has another
  const text = (error as { message?: unknown } | null | undefined)?.message;
  if (typeof text !== 'string' || !text.startsWith('{')) return undefined;
  try {
    const fault = JSON.parse(text) as Partial<Fault>;
    return typeof fault.kind === 'string' && typeof fault.text === 'string' ? (fault as Fault) : undefined;
  } catch {
    return undefined;
  }
}
