/** Mistakes in a definition: TypeScript finds them in the editor, JavaScript would find them in the first RPC. */
import { show } from '@petiole/service-config/internal';

/**
 * @param by who was given the definition
 * @param optional the functions that it may have beside the required ones
 */
export function checkDefinition(
  by: 'definePolicy' | 'defineWrapper',
  definition: unknown,
  optional: readonly string[],
  required: readonly string[] = [],
): void {
  const must = (holds: boolean, part: string, allowed: string, value: unknown): void => {
    if (!holds) throw new TypeError(`${by}: ${part}must be ${allowed}, got ${show(value)}`);
  };
  must(isObject(definition), '', `given an object with ${['name', ...required].join(' and ')}`, definition);
  const parts = definition as Record<string, unknown>;
  const { name, aliases = [], fields = {} } = parts;
  const areNames = Array.isArray(aliases) && aliases.every(isPolicyName);
  const areFields = isObject(fields) && Object.values(fields).every(isField);
  must(isPolicyName(name), 'name ', 'in lower_snake_case', name);
  must(areNames, `aliases of ${name} `, 'an array of names in lower_snake_case', aliases);
  must(areFields, `fields of ${name} `, 'an object of integer(), string() and so on', fields);
  for (const part of required)
    must(isFunction(parts[part]), `${part} of ${name} `, 'a function', parts[part]);
  for (const part of optional) {
    const value = parts[part];
    must(value === undefined || isFunction(value), `${part} of ${name} `, 'a function or absent', value);
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
const isFunction = (value: unknown): boolean => typeof value === 'function';
const isPolicyName = (name: unknown): boolean => typeof name === 'string' && /^[a-z][a-z0-9_]*$/.test(name);
const isField = (field: unknown): boolean => isObject(field) && isFunction(field.read);
