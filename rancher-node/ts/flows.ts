// What goes on until it is left: the events of a watch, the lines of a log.

import { inspect } from 'node:util';
import type { WatchCounts } from './generated/values.js';
import { Walk } from './lists.js';
import type { NativeAnswer } from './native.js';
import { keep, type Kept } from './objects.js';

/** What a watch tells. */
export type Event<T> =
  /** An object that was there when the watch began; that is new; that changed. */
  | { readonly type: 'listed' | 'added' | 'modified'; readonly id: string; readonly object: Kept<T> }
  /** Everything that was there when the watch began was told. It comes once. */
  | { readonly type: 'synced' }
  /** An object that is gone, with its last state, if that is known. */
  | { readonly type: 'deleted'; readonly id: string; readonly uid: string; readonly object: Kept<T> | undefined }
  /** The server is alive and has told everything up to this revision. */
  | { readonly type: 'bookmark'; readonly revision: string }
  /** The consumer was too slow: so many changes were thrown away, and the state as it is now follows. */
  | { readonly type: 'lagged'; readonly dropped: number }
  /** The connection ended and was made again, after so many attempts and milliseconds. */
  | { readonly type: 'reconnected'; readonly attempts: number; readonly outage: number; readonly because: string }
  /** Something came that could not be read, and was skipped; so many in all. */
  | { readonly type: 'skipped'; readonly total: number; readonly because: string };

/** A portion, as it comes over the border. */
interface Portion {
  readonly number: number;
  readonly each: readonly Fields[];
}

type Fields = { readonly at?: number; readonly [name: string]: unknown };

/**
 * What portions come from.
 *
 * @internal
 */
export interface Source {
  /** The next portion; `known` is the number of the last one that came. */
  next(known: string): Promise<NativeAnswer | null>;
  stop(): void;
  /** Throws the reason of the signal, if it has aborted. */
  heed(): void;
  /** Has the signal stop it, also while nobody waits; returns what ends that. */
  follow(): () => void;
  counts(): unknown;
}

/** Walks through what goes on. */
function walked<T>(source: Source, unpacked: (answer: NativeAnswer, fields: Fields) => T): [AsyncGenerator<T, undefined, undefined>, () => void] {
  let stopped = false;
  const stop = (): void => {
    stopped = true;
    source.stop();
  };
  async function* generate(): AsyncGenerator<T, undefined, undefined> {
    if (stopped) return undefined;
    const forget = source.follow();
    try {
      for (let known = 0; ; ) {
        let answer: NativeAnswer | null;
        try {
          answer = await source.next(String(known));
        } catch (error) {
          source.heed();
          // whoever left it does not want to hear that it was left
          if (stopped) return undefined;
          throw error;
        }
        if (!answer) return undefined;
        const portion = JSON.parse(answer.valueJson()) as Portion;
        known = portion.number;
        for (const fields of portion.each) {
          source.heed();
          if (stopped) return undefined;
          yield unpacked(answer, fields);
        }
      }
    } finally {
      forget();
      source.stop();
    }
  }
  return [generate(), stop];
}

/**
 * The events of a watch, for as long as somebody takes them. Nothing is sent before the first is asked for.
 *
 * It goes on over every cut of the connection. Leaving a `for await`, `close` and the signal end it and close the
 * connection.
 */
export class Watch<T> extends Walk<Event<T>> {
  readonly #source: Source;
  readonly #stop: () => void;

  /** @internal */
  constructor(source: Source) {
    const [items, stop] = walked<Event<T>>(source, event);
    super(items, stop);
    this.#source = source;
    this.#stop = stop;
  }

  /** Ends it, and closes its connection. Whoever waits for the next event gets none. */
  close(): void {
    this.#stop();
  }

  /** What it counted so far, also of events that were not taken yet. */
  counts(): WatchCounts {
    return this.#source.counts() as WatchCounts;
  }
}

/** The lines of a log. Nothing is sent before the first is asked for; leaving it closes the connection. */
export class LogLines extends Walk<LogLine> {
  readonly #stop: () => void;

  /** @internal */
  constructor(source: Source) {
    const [items, stop] = walked(source, (answer, { at = 0, timestamp, whole }) => new LogLine(answer.raw(at), timestamp as string | null, whole as boolean));
    super(items, stop);
    this.#stop = stop;
  }

  /** Ends it, and closes its connection. Whoever waits for the next line gets none. */
  close(): void {
    this.#stop();
  }
}

/** A line of a log. */
export class LogLine {
  /** What was written, without the end of the line. It need not be UTF-8. */
  readonly bytes: Buffer;
  /** When it was written, RFC 3339 with parts of a second, if `timestamps` asked for it. */
  readonly timestamp: string | undefined;
  /** Whether it is a whole line: one longer than a megabyte comes in pieces, and a connection can break in one. */
  readonly whole: boolean;

  /** @internal */
  constructor(bytes: Buffer, timestamp: string | null, whole: boolean) {
    this.bytes = bytes;
    this.timestamp = timestamp ?? undefined;
    this.whole = whole;
  }

  /** What was written, as text; what is no UTF-8 is replaced. */
  get text(): string {
    return this.bytes.toString('utf8');
  }

  toString(): string {
    return this.text;
  }

  /** @internal */
  [inspect.custom](): string {
    // what programs write can be secret
    return `LogLine { ${this.bytes.length} bytes }`;
  }
}

function event<T>(answer: NativeAnswer, { at, ...fields }: Fields): Event<T> {
  const told: Record<string, unknown> = { ...fields };
  // an outage is a span of time
  if (typeof told['outage'] === 'number') told['outage'] *= 1000;
  if (at !== undefined) {
    told['id'] ??= answer.head(at)[0];
    let object: Kept<T> | undefined;
    const get = (): Kept<T> => (object ??= keep(JSON.parse(answer.raw(at).toString('utf8')) as T, answer, at));
    Object.defineProperty(told, 'object', { get, enumerable: true });
  } else if (told['type'] === 'deleted') {
    told['object'] = undefined;
  }
  return told as Event<T>;
}
