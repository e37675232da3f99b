// Whether what came fits what a scenario expects.
import { inspect, isDeepStrictEqual } from 'node:util';

/** Something is not as the scenario says. */
export class Wrong extends Error {}

export const is = isDeepStrictEqual;

export function fits(what, expected, found) {
  const why = misfit(expected, found);
  if (why) throw new Wrong(`${what}${why}`);
}

const isMap = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Why it does not fit, with the path of the place; nothing if it fits. */
export function misfit(expected, found, path = '') {
  if (isMap(expected)) {
    const entries = Object.entries(expected);
    if (entries.some(([name]) => name.startsWith('$'))) {
      const wrong = entries.find(([name, wanted]) => !matcher(name)(wanted, found));
      return wrong && `${path}: expected ${wrong[0]}: ${inspect(wrong[1])}, found ${inspect(found)}`;
    }
    if (isMap(found)) return first(entries, ([key, value]) => misfit(value, found[key], `${path}/${key}`));
  }
  if (Array.isArray(expected) && Array.isArray(found) && expected.length === found.length) {
    return first([...expected.entries()], ([at, value]) => misfit(value, found[at], `${path}/${at}`));
  }
  if (expected === (found ?? null)) return undefined;
  return `${path}: expected ${inspect(expected)}, found ${inspect(found)}`;
}

function first(items, why) {
  for (const item of items) {
    const found = why(item);
    if (found) return found;
  }
  return undefined;
}

const number = (found) => (Array.isArray(found) ? found.length : typeof found === 'number' ? found : NaN);
const there = (found) => found !== undefined && found !== null;

const matchers = {
  $contains: (wanted, found) => {
    if (typeof found === 'string') return typeof wanted === 'string' && found.includes(wanted);
    return Array.isArray(found) && found.some((item) => !misfit(wanted, item));
  },
  $not: (wanted, found) => misfit(wanted, found) !== undefined,
  $absent: (_, found) => !there(found),
  $any: (_, found) => there(found),
  $at_least: (wanted, found) => number(found) >= wanted,
  $at_most: (wanted, found) => number(found) <= wanted,
  $unordered: (wanted, found) => {
    if (!Array.isArray(found) || found.length !== wanted.length) return false;
    const left = [...found];
    return wanted.every((one) => {
      const at = left.findIndex((item) => !misfit(one, item));
      return at >= 0 && left.splice(at, 1).length === 1;
    });
  },
};

function matcher(name) {
  const found = matchers[name];
  if (!found) throw new Wrong(`there is no matcher ${name}`);
  return found;
}
