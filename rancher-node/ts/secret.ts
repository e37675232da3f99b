// What must not be shown: a text that has to be asked for.

import { inspect } from 'node:util';

/** A text that is neither printed nor written as JSON. `reveal` gives it. */
export class Secret {
  readonly #text: string;

  /** @internal */
  constructor(text: string) {
    this.#text = text;
  }

  /** The text itself. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return '***';
  }

  toJSON(): string {
    return '***';
  }

  /** @internal */
  [inspect.custom](): string {
    return 'Secret(***)';
  }
}

/** The value with its secrets as such: the border marks them. */
export function unsealed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unsealed);
  if (typeof value !== 'object' || value === null) return value;
  if ('$secret' in value && typeof value.$secret === 'string' && Object.keys(value).length === 1) return new Secret(value.$secret);
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, unsealed(part)]));
}
