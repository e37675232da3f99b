// What the server sent: plain objects that remember their exact bytes, and lists of them.

import { inspect, type InspectOptions } from 'node:util';
import type { NativeAnswer } from './native.js';

declare const read: unique symbol;

/**
 * An object that was read from the server: its fields, and, unseen, the bytes that the server wrote. It can be changed
 * and given to `update`; a copy of it (`{ ...object }`, `structuredClone`) cannot.
 *
 * Numbers are those of JavaScript: an integer above 2^53 reads rounded, and is still written back as the server wrote it
 * if it is not changed. `rawOf` has the exact text.
 */
export type Kept<T> = T & Named<T> & { readonly [read]: true };

/** What has an id once the server has it. */
type Named<T> = T extends { id?: string | null } ? { id: string } : unknown;

export type { ObjectList, RecordList } from './lists.js';

/** Which object of which answer it is. */
export interface Origin {
  readonly answer: NativeAnswer;
  readonly at: number;
  readonly altered: readonly string[];
}

const origins = new WeakMap<object, Origin>();

/**
 * What `console.log` shows of an object: what it is called, never what is in it. It is a property of each that nothing
 * enumerates: with a prototype of its own an object would be no plain one any more, which `assert.deepStrictEqual` and
 * much else minds.
 */
const shown: PropertyDescriptor = {
  value(this: object, _depth: number, options: InspectOptions): string {
    const origin = origins.get(this);
    if (!origin) return inspect({ ...this }, options);
    const [id, name, state, kind] = origin.answer.head(origin.at);
    const known = [['id', id], ['name', name], ['state', state]].filter(([, text]) => text != null);
    const named = kind ? `${kind.charAt(0).toUpperCase()}${kind.slice(1)}` : 'Object';
    return `${named} { ${[...known.map(([key, text]) => `${key}: ${inspect(text, options)}`), '…'].join(', ')} }`;
  },
  writable: true,
  configurable: true,
};

/** @internal */
export function keep<T>(value: T, answer: NativeAnswer, at: number, altered: readonly string[] = []): Kept<T> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    Object.defineProperty(value, inspect.custom, shown);
    origins.set(value, { answer, at, altered });
  }
  return value as Kept<T>;
}

/** @internal */
export function keepAll<T>(answer: NativeAnswer): Kept<T>[] {
  const all = JSON.parse(answer.objectsJson()) as T[];
  return all.map((value, at) => keep(value, answer, at));
}

/** @internal */
export function originOf(object: unknown): Origin | undefined {
  return typeof object === 'object' && object !== null ? origins.get(object) : undefined;
}

/** The exact JSON of an object, as the server wrote it; nothing for what was not read from a server. */
export function rawOf(object: object): Buffer | undefined {
  const origin = origins.get(object);
  return origin?.answer.raw(origin.at);
}

/**
 * The fields that the server stored otherwise than they were sent, of an object that `create`, `update`, `ensure` or
 * `updateWith` returned.
 */
export function alteredOf(object: object): readonly string[] {
  return origins.get(object)?.altered ?? [];
}

/** What `ensure` found or created. */
export interface Ensured<T> {
  object: Kept<T>;
  /** Whether it was created. */
  created: boolean;
  /** The fields that the server stored otherwise than they were sent. */
  altered: string[];
}

/** What `delete` came to. */
export interface Deleted<T> {
  /** Whether it is gone already; else it is on its way. */
  gone: boolean;
  /** Its last state, if the server sent it. */
  object: Kept<T> | undefined;
}

/** The answer to a request of any path. */
export class Response {
  /** The status. */
  readonly status: number;
  /** The headers, by their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly #answer: NativeAnswer;

  /** @internal */
  constructor(answer: NativeAnswer) {
    const { status, headers } = JSON.parse(answer.valueJson()) as { status: number; headers: Record<string, string> };
    this.status = status;
    this.headers = headers;
    this.#answer = answer;
  }

  /** The body as it came. */
  get body(): Buffer {
    return this.#answer.length > 0 ? this.#answer.raw(0) : Buffer.alloc(0);
  }

  /** The body as text. */
  text(): string {
    return this.body.toString('utf8');
  }

  /** The body as JSON. */
  json(): unknown {
    return JSON.parse(this.text());
  }

  /** @internal */
  [inspect.custom](): string {
    return `Response { status: ${this.status}, … }`;
  }
}
