/** Attributes of an endpoint as a program or a catalogue gives them, checked. */
import { isDeepStrictEqual } from 'node:util';
import type { EndpointAttributes } from '@petiole/service-config';
import { isDeeper, isInteger, isJson, madeOr, show } from '@petiole/service-config/internal';
import { TargetError } from './error.js';
import { deepFreeze } from './objects.js';

/** Room for the names of zones and keys. */
const LONGEST_TEXT = 256;
/** The most that the attributes of one endpoint may bring: characters of their names and of their values as JSON. */
const LONGEST = 4096;
/** Levels of arrays and objects within a value: far from the end of the stack of whoever compares or copies it. */
const DEEPEST = 32;

/** What an attribute may be, as a message has it. */
type Allowed = readonly [range: string, has: (value: unknown) => boolean];

const TEXT: Allowed = [
  `a string of 1 to ${LONGEST_TEXT} characters`,
  (value) => typeof value === 'string' && value !== '' && value.length <= LONGEST_TEXT,
];
const OTHER: Allowed = [
  `JSON, at most ${DEEPEST} levels deep`,
  (value) =>
    typeof value === 'string' ||
    typeof value === 'boolean' ||
    Number.isFinite(value) ||
    (typeof value === 'object' && !isDeeper(value, DEEPEST) && isDeepStrictEqual(copyOf(value), value)),
];

const ALLOWED: ReadonlyMap<string, Allowed> = new Map([
  ['zone', TEXT],
  ['hashKey', TEXT],
  ['weight', ['an integer from 1 to 4294967295', (value) => isInteger(value, 1, 2 ** 32 - 1)]],
  ['priority', ['an integer from 0 to 4294967295', (value) => isInteger(value, 0, 2 ** 32 - 1)]],
]);

/**
 * A copy of the attributes, frozen; without those that are null or undefined.
 * @throws {TargetError} that names the attribute, its value and what is allowed.
 */
export function readAttributes(given: unknown): EndpointAttributes {
  if (!isJson(given)) throw new TargetError(`attributes must be an object, got ${show(given)}`);
  const entries: Array<[string, unknown]> = [];
  let size = 0;
  for (const [name, value] of Object.entries(given)) {
    if (value === null || value === undefined) continue;
    const [range, has] = ALLOWED.get(name) ?? OTHER;
    if (!has(value)) throw new TargetError(`attributes.${name} must be ${range}, got ${show(value)}`);
    const isObject = typeof value === 'object';
    entries.push([name, isObject ? deepFreeze(copyOf(value)) : value]);
    size += name.length + (isObject ? JSON.stringify(value) : String(value)).length;
  }
  if (size <= LONGEST) return Object.freeze(Object.fromEntries(entries));
  throw new TargetError(`attributes must be at most ${LONGEST} characters, names and values, got ${size}`);
}

/** Undefined for what JSON cannot hold: a bigint, for instance. */
function copyOf(value: unknown): unknown {
  return madeOr(undefined, () => JSON.parse(JSON.stringify(value)));
}
