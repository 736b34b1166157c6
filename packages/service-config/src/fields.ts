/**
 * The fields of a policy's config, as rows like those of the table: each gives the value that the policy works with,
 * or the default where the field is absent or null, as in proto3 JSON.
 */
import { durationMs, MAX_SECONDS, parseDuration } from './duration.js';
import type { Json } from './json.js';
import { Place } from './walk/place.js';
import type { Row } from './walk/rows.js';

/** By name, the row of each field. */
export type ConfigFields<Config> = { readonly [Name in keyof Config]: Row<Config[Name]> };

/**
 * Reads a config's own fields: `Object.prototype.repeatCount` is nobody's config.
 * @throws RangeError that names the policy, the field, its value and what is allowed
 */
export function readFields<Config>(policy: string, json: Json, fields: ConfigFields<Config>): Config {
  const config: Partial<Config> = {};
  for (const name of Object.keys(fields) as (keyof Config & string)[]) {
    const at = new Place(name);
    config[name] = fields[name](Object.hasOwn(json, name) ? json[name] : undefined, at);
    const [wrong] = at.findings;
    if (wrong !== undefined) throw new RangeError(`${policy}: ${name} ${wrong.instead}`);
  }
  return config as Config;
}

/** An integer of a range. */
export function integer({
  min,
  max,
  default: otherwise,
}: {
  min: number;
  max: number;
  default: number;
}): Row<number> {
  return field(
    (value): value is number => Number.isInteger(value) && Number(value) >= min && Number(value) <= max,
    `must be an integer from ${min} to ${max}`,
    (value) => value,
    otherwise,
  );
}

/** True or false. */
export function boolean({ default: otherwise }: { default: boolean } = { default: false }): Row<boolean> {
  return field(
    (value) => typeof value === 'boolean',
    'must be true or false',
    (value) => value,
    otherwise,
  );
}

/** A Duration of proto3 JSON, in milliseconds. */
export function duration<Otherwise>({ default: otherwise }: { default: Otherwise }): Row<number | Otherwise> {
  return field<string, number | Otherwise>(
    (value): value is string => parseDuration(value) !== undefined,
    'must be a Duration of 0 s or more such as "5s" or "0.250s"',
    (value) => durationMs(parseDuration(value) ?? { seconds: MAX_SECONDS, nanos: 0 }),
    otherwise,
  );
}

function field<Given, Value>(
  takes: (value: unknown) => value is Given,
  rule: string,
  read: (value: Given) => Value,
  otherwise: Value,
): Row<Value> {
  return (value, at) => {
    if (value === undefined || value === null) return otherwise;
    if (takes(value)) return read(value);
    at.refuse(value, rule, 'fails', 'RPCs fail with this message');
    return otherwise;
  };
}
