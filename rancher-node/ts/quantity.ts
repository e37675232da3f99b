// Quantities of Kubernetes.

import { RancherError } from './errors.js';
import { native } from './native.js';

/** A quantity of Kubernetes: CPU, memory, storage or a number of things. */
export interface Quantity {
  /** As Kubernetes writes it: without a fraction, and with the largest suffix that leaves none. */
  readonly text: string;
  /** What it is worth as a decimal number, exactly: `0.5`. */
  readonly decimal: string;
  /** What it is worth in units of 10⁻⁹, exactly. Kubernetes counts no finer: compare and add these. */
  readonly nanos: bigint;
}

/**
 * Reads a quantity as Kubernetes does, with the suffixes `n u m k M G T P E` and `Ki Mi Gi Ti Pi Ei`, and exponents
 * (`1e3`). What is finer than `1n` is rounded away from zero.
 *
 * ```js
 * quantity('0.5Gi').nanos === quantity('512Mi').nanos;
 * Number(quantity('500m').decimal); // 0.5
 * ```
 *
 * @throws {@link RancherError} `invalid` if that is no quantity.
 */
export function quantity(value: string | number | bigint): Quantity {
  try {
    const { text, decimal, nanos } = JSON.parse(native().quantity(String(value))) as Record<'text' | 'decimal' | 'nanos', string>;
    return Object.freeze({ text, decimal, nanos: BigInt(nanos) });
  } catch (error) {
    throw RancherError.of(error);
  }
}
