// The calls that the generated classes are made of: JSON over, JSON back, errors as they are meant.

import { inspect, type InspectOptions } from 'node:util';
import { RancherError } from './errors.js';
import { LogLines, type Source, Watch } from './flows.js';
import type { Fields } from './generated/values.js';
import { ObjectList, type Pages, RecordList } from './lists.js';
import { native, type NativeAnswer, type NativeBridge, type NativeCancel } from './native.js';
import { type Deleted, type Ensured, keep, type Kept, type Origin, originOf, Response } from './objects.js';
import { Secret, unsealed } from './secret.js';

/** What every call takes. */
export interface Call {
  /** Stops the call: it rejects with the reason of the signal, and its connection is closed. */
  readonly signal?: AbortSignal | undefined;
  /** How long it may take, in milliseconds. */
  readonly timeout?: number | undefined;
}

/** What an operation is given, by the names that the core knows. */
export type Input = Record<string, unknown>;

/**
 * A span of time as the core takes it. What is none becomes the error that the call rejects with: JSON has no word for
 * what is no number, and would leave it out.
 *
 * @internal
 */
export function seconds(milliseconds: number | undefined | null): number | RancherError | undefined {
  if (milliseconds === undefined || milliseconds === null) return undefined;
  if (typeof milliseconds === 'number' && Number.isFinite(milliseconds) && milliseconds >= 0) return milliseconds / 1000;
  return RancherError.local('invalid', `nothing was sent: ${typeof milliseconds === 'number' ? milliseconds : `a ${typeof milliseconds}`} is no span of time`, 'give milliseconds, 0 or more');
}

/** The object of an answer that an operation is about, or why it cannot be: the call rejects with it. */
type Original = Origin | RancherError | undefined;

/** What a call is given beside its input: the options as the user gave them. */
type Given = Pick<Call, 'signal'>;

/** The part of a client, or of what it hands out, that talks to the core. */
export class Calls {
  readonly #bridge: NativeBridge;
  /** What the calls are about: a collection, a cluster. */
  protected readonly _target: Readonly<Input>;

  /** @internal */
  constructor(bridge: NativeBridge, target: Readonly<Input> = {}) {
    this.#bridge = bridge;
    this._target = target;
  }

  /** @internal */
  protected _child<C extends Calls>(type: new (bridge: NativeBridge, target: Readonly<Input>) => C, target: Input, options: object = {}, names: readonly string[] = []): C {
    known(type.name, names, options);
    return new type(this.#bridge, target);
  }

  /**
   * An object that an operation is about, or its id.
   *
   * @internal
   */
  protected _subject(objectOrId: object | string): [Input, Original] {
    if (typeof objectOrId !== 'object' || objectOrId === null) return [{ id: objectOrId }, undefined];
    const origin = originOf(objectOrId);
    return [{}, origin ?? notRead('an object that was read from the server, or its id')];
  }

  /**
   * An object that was read and changed.
   *
   * @internal
   */
  protected _changed(object: object): [Input, Original] {
    const origin = originOf(object);
    return [{ object }, origin ?? notRead('the object itself as it was read, no copy of it; updateWith reads it and lets you change it')];
  }

  /** @internal */
  protected async _object<T>(operation: string, input: Input, call: Given, original?: Original): Promise<Kept<T>> {
    return the<T>(await this.#call(operation, input, call, original));
  }

  /** @internal */
  protected async _maybeObject<T>(operation: string, input: Input, call: Given): Promise<Kept<T> | undefined> {
    return perhaps<T>(await this.#call(operation, input, call));
  }

  /** @internal */
  protected _objects<T>(operation: string, input: Input, call: Given, original?: Original): ObjectList<T> {
    check(operation, input, call);
    return new ObjectList<T>(
      () => this.#pages(operation, input, call, original),
      (fields: Fields) => this.#pages(operation, { ...input, fields: given(operation, fields) }, call, original),
    );
  }

  /** @internal */
  protected _records(operation: string, input: Input, call: Given, original?: Original): RecordList {
    check(operation, input, call);
    given(operation, input['fields']);
    return new RecordList(() => this.#pages(operation, input, call, original));
  }

  /** @internal */
  protected _events<T>(operation: string, input: Input, call: Given): Watch<T> {
    return new Watch<T>(this.#source(operation, input, call));
  }

  /** @internal */
  protected _lines(operation: string, input: Input, call: Given): LogLines {
    return new LogLines(this.#source(operation, input, call));
  }

  /** @internal */
  protected async _nothing(operation: string, input: Input, call: Given, original?: Original): Promise<void> {
    await this.#call(operation, input, call, original);
  }

  /** @internal */
  protected async _json<V>(operation: string, input: Input, call: Given, original?: Original): Promise<V> {
    return valueOf<V>(await this.#call(operation, input, call, original));
  }

  /** @internal */
  protected async _value<V>(operation: string, input: Input, call: Given, original?: Original): Promise<V> {
    return unsealed(await this._json(operation, input, call, original)) as V;
  }

  /** @internal */
  protected async _response(operation: string, input: Input, call: Given): Promise<Response> {
    return new Response(await this.#call(operation, input, call));
  }

  /** @internal */
  protected async _ensured<T>(operation: string, input: Input, call: Given): Promise<Ensured<T>> {
    const answer = await this.#call(operation, input, call);
    const { created, altered } = valueOf<{ created: boolean; altered?: string[] }>(answer);
    return { object: the<T>(answer), created, altered: altered ?? [] };
  }

  /** @internal */
  protected async _deleted<T>(operation: string, input: Input, call: Given): Promise<Deleted<T>> {
    const answer = await this.#call(operation, input, call);
    return { gone: valueOf<{ gone: boolean }>(answer).gone, object: perhaps<T>(answer) };
  }

  /** @internal */
  protected async _wait<T>(operation: string, input: Input, onProgress: Progress, call: Given): Promise<Kept<T>> {
    return the<T>(await this.#until(operation, input, onProgress, call));
  }

  /** @internal */
  protected async _waitGone<T>(operation: string, input: Input, onProgress: Progress, call: Given): Promise<Kept<T> | undefined> {
    return perhaps<T>(await this.#until(operation, input, onProgress, call));
  }

  /** @internal */
  protected async _waitValue<V>(operation: string, input: Input, onProgress: Progress, call: Given): Promise<V> {
    return unsealed(valueOf<{ value: V }>(await this.#until(operation, input, onProgress, call)).value) as V;
  }

  /**
   * Lets an object be changed, again where somebody else was faster.
   *
   * @internal
   */
  protected async _edit<T>(operation: string, input: Input, change: (object: Kept<T>) => unknown, call: Given): Promise<Kept<T>> {
    if (typeof change !== 'function') throw RancherError.local('invalid', 'nothing was sent: the change is not a function', 'give one that changes the object');
    check(operation, input, call);
    const pages = this.#pages(operation, input, call);
    try {
      let reply: string | undefined;
      for (;;) {
        const answer = await pages.next(reply);
        if (!answer) throw RancherError.local('internal', `${operation} ended without a result`, 'this is a defect of this client');
        const object = the<T>(answer);
        if (valueOf<{ event: string }>(answer).event !== 'edit') return object;
        const returned = await change(object);
        const changed = returned === undefined ? object : returned;
        // an arrow function returns what it assigned, which nobody means
        if (typeof changed !== 'object' || changed === null || Array.isArray(changed)) {
          const what = Array.isArray(changed) ? 'an array' : changed === null ? 'null' : `a ${typeof changed}`;
          throw RancherError.local('invalid', `nothing was sent: the change returned ${what}`, 'change the object and return nothing (with braces: (object) => { … }), or return another object');
        }
        reply = text(changed);
      }
    } finally {
      pages.stop();
    }
  }

  /** @internal */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    const known = Object.entries(this._target).filter(([, value]) => value !== undefined);
    return `${this.constructor.name} ${inspect(Object.fromEntries(known), options)}`;
  }

  async #call(operation: string, input: Input, call: Given, original?: Original): Promise<NativeAnswer> {
    check(operation, input, call);
    const sent = this.#sent(input, original);
    return until(call.signal, (cancel) => this.#bridge.call(operation, sent, ...place(original), cancel));
  }

  /** The input as JSON, unless something in it was wrong. */
  #sent(input: Input, original: Original): string {
    const gap = missing(input['where']);
    if (gap !== undefined) throw RancherError.local('invalid', `nothing was sent: where compares ${JSON.stringify(gap)} with undefined`, 'give a value, or leave the field out: then it does not filter');
    const wrong = [original, ...Object.values(input)].find((part) => part instanceof RancherError);
    if (wrong) throw wrong;
    return text({ target: this._target, ...input });
  }

  #pages(operation: string, input: Input, call: Given, original?: Original): Pages & { next(reply?: string): Promise<NativeAnswer | null> } {
    const sent = this.#sent(input, original);
    const stream = raised(() => this.#bridge.begin(operation, sent, ...place(original)));
    return {
      next: (reply?: string) => until(call.signal, (cancel) => stream.next(reply, cancel)),
      stop: () => stream.stop(),
      heed: () => {
        if (call.signal?.aborted) throw call.signal.reason;
      },
    };
  }

  #source(operation: string, input: Input, call: Given): Source {
    check(operation, input, call);
    const { signal } = call;
    const stream = raised(() => this.#bridge.begin(operation, this.#sent(input, undefined)));
    return {
      next: (known: string) => until(signal, (cancel) => stream.next(known, cancel)),
      stop: () => stream.stop(),
      heed: () => signal?.throwIfAborted(),
      follow: () => (signal ? heed(signal, { cancel: () => stream.stop() }) : () => undefined),
      counts: () => JSON.parse(stream.countsJson()),
    };
  }

  async #until(operation: string, input: Input, onProgress: Progress, call: Given): Promise<NativeAnswer> {
    check(operation, input, call, 'onProgress');
    if (onProgress != null && typeof onProgress !== 'function') throw RancherError.local('invalid', 'nothing was sent: onProgress is not a function', 'give one that takes what is still to come');
    const pages = this.#pages(operation, input, call);
    try {
      for (;;) {
        const answer = await pages.next();
        if (!answer) throw RancherError.local('internal', `${operation} ended without a result`, 'this is a defect of this client');
        const progress = valueOf<{ event: string }>(answer);
        if (progress.event !== 'unmet') return answer;
        // a promise of it is waited for: what it rejects with would else be nobody's
        await onProgress?.(progress as never);
      }
    } finally {
      pages.stop();
    }
  }
}

/** What is told after each look while waiting. */
type Progress = ((progress: never) => unknown) | undefined;

/** Refuses options that the operation does not have, and what is no signal: in JavaScript nobody else does. */
function check(operation: string, input: Input, call: Given, ...more: string[]): void {
  known(operation, [...Object.keys(input), ...more, 'signal'], call);
  // by what it can do: test runners have a class of their own. As to `fetch`, null is none
  const signal: Partial<AbortSignal> | null | undefined = call.signal;
  if (signal != null && (typeof signal.aborted !== 'boolean' || typeof signal.addEventListener !== 'function')) {
    throw RancherError.local('invalid', 'nothing was sent: the signal is not an AbortSignal', 'give controller.signal, or AbortSignal.timeout(ms)');
  }
}

/** Refuses options of other names than these, which are the core's. */
function known(what: string, names: readonly string[], options: object): void {
  if (typeof options !== 'object' || options === null) throw RancherError.local('invalid', `nothing was sent: the options of ${what} are no object`, 'give an object');
  const takes = names.map(camel);
  const wrong = Object.entries(options).find(([name, value]) => value !== undefined && !takes.includes(name));
  if (wrong) throw RancherError.local('invalid', `nothing was sent: ${what} has no option ${inspect(wrong[0])}`, `it takes ${takes.join(', ')}`);
}

/** The fields of records; without any the core would send objects. */
function given<V>(operation: string, fields: V): V {
  if (fields == null) throw RancherError.local('invalid', `nothing was sent: ${operation} is to make records, of no fields`, "give paths, ['id', 'name'], or a path by name");
  return fields;
}

/** The field of a filter that is undefined: left out, it would let everything through. */
function missing(where: unknown): string | undefined {
  if (typeof where !== 'object' || where === null) return undefined;
  for (const [name, value] of Object.entries(where)) {
    if (value === undefined) return name;
    const within = missing(value);
    if (within !== undefined) return within;
  }
  return undefined;
}

/** The core's word for a name. @internal */
export function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The name of JavaScript for one of the core's. @internal */
export function camel(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** The calls that a signal stops. */
interface Stopped {
  calls: Set<NativeCancel>;
  stop: () => void;
}

const stopped = new WeakMap<AbortSignal, Stopped>();

/** Has a signal stop a call, until that is over. Node warns of more than ten listeners: one serves all calls of a signal. */
function heed(signal: AbortSignal, call: NativeCancel): () => void {
  let all = stopped.get(signal);
  if (!all) {
    const calls = new Set<NativeCancel>();
    all = { calls, stop: () => calls.forEach((call) => call.cancel()) };
    stopped.set(signal, all);
    signal.addEventListener('abort', all.stop, { once: true });
  }
  const { calls, stop } = all;
  calls.add(call);
  return () => {
    calls.delete(call);
    if (calls.size > 0) return;
    signal.removeEventListener('abort', stop);
    stopped.delete(signal);
  };
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
  if (signal.aborted) throw signal.reason;
  const cancel = new (native().CancelHandle)();
  const forget = heed(signal, cancel);
  try {
    return await run(cancel);
  } catch (error) {
    const meant = RancherError.of(error);
    if (signal.aborted && meant instanceof RancherError && meant.kind === 'cancelled') throw signal.reason;
    throw meant;
  } finally {
    forget();
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

/** What comes of a native promise. @internal */
export function settled<T>(promise: Promise<T>): Promise<T> {
  return until(undefined, () => promise);
}

/** As JSON, with nothing lost on the way. @internal */
export function text(input: unknown): string {
  try {
    return JSON.stringify(input, told);
  } catch (cause) {
    if (cause instanceof RancherError) throw cause;
    throw RancherError.local('invalid', 'nothing was sent: what was given cannot be written as JSON', (cause as Error).message.split('\n')[0] ?? '', cause);
  }
}

/** Tells what JSON has no word for, and would write as null, as an empty object, as a list of its bytes or not at all. */
function told(this: Record<string, unknown>, name: string, value: unknown): unknown {
  // toJSON was asked before: of a Secret, a Buffer and a Date that is none it leaves what nobody meant
  const what = lost(this[name]) ?? lost(value) ?? (value === undefined && Array.isArray(this) ? 'undefined, in an array' : undefined);
  if (what !== undefined) throw RancherError.local('invalid', `nothing was sent: ${JSON.stringify(name)} is ${what}, which JSON has no word for`, 'give a string, a finite number, true, false, null, an array or a plain object');
  if (!name.isWellFormed() || (typeof value === 'string' && !value.isWellFormed())) {
    throw RancherError.local('invalid', `nothing was sent: ${JSON.stringify(name)} holds half a character (a lone surrogate), which no text can`, 'cut texts between characters, not inside one');
  }
  return value;
}

function lost(value: unknown): string | undefined {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? undefined : String(value);
    case 'bigint':
      return 'a BigInt';
    case 'function':
    case 'symbol':
      return `a ${typeof value}`;
    case 'object':
      return value === null ? undefined : lostObject(value);
    default:
      return undefined;
  }
}

/** By what it says it is: a test runner's realm has classes of its own. */
function lostObject(value: object): string | undefined {
  if (value instanceof Secret) return 'a Secret (reveal gives its text)';
  const sort = Object.prototype.toString.call(value).slice('[object '.length, -1);
  if (ArrayBuffer.isView(value)) return `bytes (${sort}; what takes bytes takes them as text, in base64)`;
  if (sort === 'Date') return Number.isNaN((value as Date).getTime()) ? 'a Date that is none' : undefined;
  // what holds its contents elsewhere, and says in no way how it is written
  const empty = !['Object', 'Array', 'String', 'Number', 'Boolean'].includes(sort) && Object.keys(value).length === 0 && !('toJSON' in value);
  return empty ? `${/^[AEIO]/.test(sort) ? 'an' : 'a'} ${sort}` : undefined;
}

function place(original: Original): [NativeAnswer | null, number | null] {
  return original && 'answer' in original ? [original.answer, original.at] : [null, null];
}

function valueOf<V>(answer: NativeAnswer): V {
  return JSON.parse(answer.valueJson()) as V;
}

function the<T>(answer: NativeAnswer): Kept<T> {
  const object = perhaps<T>(answer);
  if (object === undefined) throw RancherError.local('internal', 'the answer holds no object', 'this is a defect of this client');
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
