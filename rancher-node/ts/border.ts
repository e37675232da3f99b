// The calls that the generated classes are made of: JSON over, JSON back, errors as they are meant.

import { inspect, type InspectOptions } from 'node:util';
import { RancherError } from './errors.js';
import { type Fields, ObjectList, type Pages, RecordList } from './lists.js';
import { native, type NativeAnswer, type NativeBridge, type NativeCancel } from './native.js';
import { type Deleted, type Ensured, keep, type Kept, originOf, Response } from './objects.js';

/** What every call takes. */
export interface Call {
  /** Stops the call: it rejects with the reason of the signal, and its connection is closed. */
  signal?: AbortSignal | undefined;
  /** How long it may take, in milliseconds. */
  timeout?: number | undefined;
}

/** What an operation is given, by the names that the core knows. */
export type Input = Record<string, unknown>;

/** Where the input says which object of which answer is meant; JSON does not show it. */
const ORIGINAL = Symbol('original');

/**
 * A span of time as the core takes it.
 *
 * @internal
 */
export function seconds(milliseconds: number | undefined | null, name = 'a span of time'): number | undefined {
  if (milliseconds === undefined || milliseconds === null) return undefined;
  // JSON has no word for what is no number, and would leave it out
  if (typeof milliseconds !== 'number' || !Number.isFinite(milliseconds)) {
    throw RancherError.local('invalid', `nothing was sent: ${inspect(milliseconds)} is not ${name}`, 'give milliseconds');
  }
  return milliseconds / 1000;
}

/** The part of a client, or of what it hands out, that talks to the core. */
export class Calls {
  readonly #bridge: NativeBridge;
  /** What the calls are about: a collection, a cluster. */
  protected readonly target: Readonly<Input>;
  readonly #targeted: boolean;

  /** @internal */
  constructor(bridge: NativeBridge, target?: Input) {
    this.#bridge = bridge;
    this.#targeted = target !== undefined;
    this.target = target ?? {};
  }

  /** @internal */
  protected child<C>(type: new (bridge: NativeBridge, target?: Input) => C, target: Input): C {
    return new type(this.#bridge, { ...this.target, ...target });
  }

  /** An object that an operation is about, or its id. */
  protected subject(objectOrId: object | string): Input {
    if (typeof objectOrId === 'string') return { id: objectOrId };
    const origin = originOf(objectOrId);
    if (!origin) throw notRead('an object that was read from the server, or its id');
    return { [ORIGINAL]: origin };
  }

  /** An object that was read and changed. */
  protected changed(object: object): Input {
    const origin = originOf(object);
    if (!origin) throw notRead('the object itself as it was read, no copy of it; updateWith(id, change) reads it');
    return { [ORIGINAL]: origin, object };
  }

  protected async object<T>(operation: string, input: Input, call?: Call): Promise<Kept<T>> {
    const answer = await this.#call(operation, input, call);
    return the<T>(answer);
  }

  protected async maybeObject<T>(operation: string, input: Input, call?: Call): Promise<Kept<T> | undefined> {
    return perhaps<T>(await this.#call(operation, input, call));
  }

  protected objects<T>(operation: string, input: Input, call?: Call): ObjectList<T> {
    return new ObjectList<T>(
      () => this.#pages(operation, input, call),
      (fields: Fields) => this.#pages(operation, { ...input, fields }, call),
    );
  }

  protected records(operation: string, input: Input, call?: Call): RecordList {
    return new RecordList(() => this.#pages(operation, input, call));
  }

  protected async value<V>(operation: string, input: Input, call?: Call): Promise<V> {
    const answer = await this.#call(operation, input, call);
    return JSON.parse(answer.valueJson()) as V;
  }

  protected async response(operation: string, input: Input, call?: Call): Promise<Response> {
    return new Response(await this.#call(operation, input, call));
  }

  protected async ensured<T>(operation: string, input: Input, call?: Call): Promise<Ensured<T>> {
    const answer = await this.#call(operation, input, call);
    const { created, altered } = valueOf<{ created: boolean; altered?: string[] }>(answer);
    return { object: the<T>(answer), created, altered: altered ?? [] };
  }

  protected async deleted<T>(operation: string, input: Input, call?: Call): Promise<Deleted<T>> {
    const answer = await this.#call(operation, input, call);
    return { gone: valueOf<{ gone: boolean }>(answer).gone, object: perhaps<T>(answer) };
  }

  protected async waited<T, P>(operation: string, input: Input, onProgress: ((progress: P) => void) | undefined, call?: Call): Promise<Kept<T>> {
    return the<T>(await this.#until(operation, input, onProgress, call));
  }

  protected async waitedGone<T, P>(operation: string, input: Input, onProgress: ((progress: P) => void) | undefined, call?: Call): Promise<Kept<T> | undefined> {
    return perhaps<T>(await this.#until(operation, input, onProgress, call));
  }

  /** Lets an object be changed, again where somebody else was faster. */
  protected async edit<T>(operation: string, input: Input, change: (object: Kept<T>) => T | undefined | void | Promise<T | undefined | void>, call?: Call): Promise<Kept<T>> {
    if (typeof change !== 'function') throw RancherError.local('invalid', 'nothing was sent: the change is not a function', 'give a function that changes the object');
    const pages = this.#pages(operation, input, call);
    try {
      let reply: string | undefined;
      for (;;) {
        const answer = await pages.next(reply);
        if (!answer) throw new Error(`${operation} ended without a result`);
        const object = the<T>(answer);
        if (valueOf<{ event: string }>(answer).event !== 'edit') return object;
        const changed = await change(object);
        reply = text(changed === undefined ? object : changed);
      }
    } finally {
      pages.stop();
    }
  }

  /** @internal */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return `${this.constructor.name} ${inspect(this.target, options)}`;
  }

  async #call(operation: string, input: Input, call: Call | undefined): Promise<NativeAnswer> {
    const sent = text(this.#input(input));
    const { answer, at } = originIn(input);
    return until(call?.signal, (cancel) => this.#bridge.call(operation, sent, answer, at, cancel));
  }

  #pages(operation: string, input: Input, call: Call | undefined): Pages & { next(reply?: string): Promise<NativeAnswer | null> } {
    const sent = text(this.#input(input));
    const { answer, at } = originIn(input);
    const stream = raised(() => this.#bridge.begin(operation, sent, answer, at));
    return {
      next: (reply?: string) => until(call?.signal, (cancel) => stream.next(reply, cancel)),
      stop: () => stream.stop(),
    };
  }

  async #until<P>(operation: string, input: Input, onProgress: ((progress: P) => void) | undefined, call: Call | undefined): Promise<NativeAnswer> {
    const pages = this.#pages(operation, input, call);
    try {
      for (;;) {
        const answer = await pages.next();
        if (!answer) throw new Error(`${operation} ended without a result`);
        const progress = valueOf<{ event: string }>(answer);
        if (progress.event !== 'unmet') return answer;
        onProgress?.(progress as P);
      }
    } finally {
      pages.stop();
    }
  }

  #input(input: Input): Input {
    return this.#targeted ? { target: this.target, ...input } : input;
  }
}

/** The outcome of a native call, stopped by the signal. */
async function until<T>(signal: AbortSignal | undefined, run: (cancel: NativeCancel | null) => Promise<T>): Promise<T> {
  if (!signal) {
    try {
      return await run(null);
    } catch (error) {
      throw RancherError.of(error);
    }
  }
  signal.throwIfAborted();
  const cancel = new (native().CancelHandle)();
  const stop = (): void => cancel.cancel();
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await run(cancel);
  } catch (error) {
    const meant = RancherError.of(error);
    if (signal.aborted && meant instanceof RancherError && meant.kind === 'cancelled') throw signal.reason;
    throw meant;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** The result of a native call that is done at once. @internal */
export function raised<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw RancherError.of(error);
  }
}

/** As JSON. @internal */
export function text(input: unknown): string {
  try {
    return JSON.stringify(input);
  } catch (cause) {
    throw RancherError.local('invalid', 'nothing was sent: what was given cannot be written as JSON', (cause as Error).message.split('\n')[0] ?? '', cause);
  }
}

function originIn(input: Input): { answer: NativeAnswer | null; at: number | null } {
  const origin = (input as { [ORIGINAL]?: { answer: NativeAnswer; at: number } })[ORIGINAL];
  return origin ? { answer: origin.answer, at: origin.at } : { answer: null, at: null };
}

function valueOf<V>(answer: NativeAnswer): V {
  return JSON.parse(answer.valueJson()) as V;
}

function the<T>(answer: NativeAnswer): Kept<T> {
  const object = perhaps<T>(answer);
  if (object === undefined) throw new Error('the answer holds no object');
  return object;
}

function perhaps<T>(answer: NativeAnswer): Kept<T> | undefined {
  if (answer.length === 0) return undefined;
  const [object] = JSON.parse(answer.objectsJson()) as T[];
  return keep(object as T, answer, 0, valueOf<{ altered?: string[] } | null>(answer)?.altered);
}

function notRead(advice: string): RancherError {
  return RancherError.local('invalid', 'nothing was sent: this object was not read from a server', `give ${advice}`);
}
