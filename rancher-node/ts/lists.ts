// Lists that page by themselves.

import type { Fields } from './generated/values.js';
import type { NativeAnswer } from './native.js';
import { keepAll, type Kept } from './objects.js';

/**
 * The pages of a list, one walk through it.
 *
 * @internal
 */
export interface Pages {
  next(): Promise<NativeAnswer | null>;
  stop(): void;
}

/** A flat record: the fields that were asked for, null where an object has none. */
export type FlatRecord = Record<string, unknown>;

/** One walk through a list. It ends early by `return`, which a `for await` calls that is left. */
export class Walk<T> implements AsyncIterableIterator<T> {
  readonly #items: AsyncGenerator<T, undefined, undefined>;
  readonly #stop: () => void;

  /** @internal */
  constructor(items: AsyncGenerator<T, undefined, undefined>, stop: () => void) {
    this.#items = items;
    this.#stop = stop;
  }

  /** The next one. */
  next(): Promise<IteratorResult<T, undefined>> {
    return this.#items.next();
  }

  /** Stops; what is under way is dropped. */
  return(): Promise<IteratorResult<T, undefined>> {
    this.#stop();
    return this.#items.return(undefined);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }
}

/** A list that asks for its pages while it is read. Each walk through it asks anew; nothing is sent before that. */
abstract class Listing<T> implements AsyncIterable<T> {
  readonly #begin: () => Pages;

  /** @internal */
  constructor(begin: () => Pages) {
    this.#begin = begin;
  }

  /** @internal */
  protected abstract items(page: NativeAnswer): T[];

  /** One after another. */
  [Symbol.asyncIterator](): Walk<T> {
    return this.#walk((items) => items);
  }

  /** A page at a time, as the server sends them. */
  pages(): Walk<T[]> {
    return this.#walk((items) => [items]);
  }

  /** All of them. */
  async toArray(): Promise<T[]> {
    const all: T[] = [];
    for await (const page of this.pages()) {
      for (const item of page) all.push(item);
    }
    return all;
  }

  /** The first, if there is one. */
  async first(): Promise<T | undefined> {
    for await (const item of this) return item;
    return undefined;
  }

  #walk<U>(portions: (items: T[]) => Iterable<U>): Walk<U> {
    let pages: Pages | undefined;
    let stopped = false;
    const stop = (): void => {
      stopped = true;
      pages?.stop();
    };
    const begin = this.#begin;
    const items = (page: NativeAnswer): T[] => this.items(page);
    async function* generate(): AsyncGenerator<U, undefined, undefined> {
      if (stopped) return undefined;
      pages = begin();
      try {
        for (;;) {
          let page: NativeAnswer | null;
          try {
            page = await pages.next();
          } catch (error) {
            // whoever left the walk does not want to hear that it was left
            if (stopped) return undefined;
            throw error;
          }
          if (!page || stopped) return undefined;
          yield* portions(items(page));
        }
      } finally {
        pages.stop();
      }
    }
    return new Walk(generate(), stop);
  }
}

/** A list of objects. */
export class ObjectList<T> extends Listing<Kept<T>> {
  readonly #records: (fields: Fields) => Pages;

  /** @internal */
  constructor(begin: () => Pages, records: (fields: Fields) => Pages) {
    super(begin);
    this.#records = records;
  }

  /** The same list as flat records of these fields, made without building the objects. */
  records(fields: Fields): RecordList {
    return new RecordList(() => this.#records(fields));
  }

  /** @internal */
  protected override items(page: NativeAnswer): Kept<T>[] {
    return keepAll<T>(page);
  }
}

/** A list of flat records. */
export class RecordList extends Listing<FlatRecord> {
  /** @internal */
  protected override items(page: NativeAnswer): FlatRecord[] {
    return JSON.parse(page.valueJson()) as FlatRecord[];
  }
}
