/** The options of one target: `dns+refresh:echo:50051?families=ipv4&refreshInterval=10000`. */
import { didYouMean, quote } from '@petiole/service-config/internal';
import { TargetError } from './error.js';

/** A value as an options object has it: digits and `Infinity` are numbers. */
export type OptionValue = string | number;

/** The path of a target before its first `?`, and what stands behind it; undefined where there is none. */
export function splitQuery(path: string): { readonly path: string; readonly query: string | undefined } {
  const mark = path.indexOf('?');
  return mark < 0 ? { path, query: undefined } : { path: path.slice(0, mark), query: path.slice(mark + 1) };
}

/**
 * Reads `name=value&name=value`.
 * @throws {TargetError} on a name that is not among those allowed, one that comes twice, and one without a value.
 */
export function readQuery(
  query: string | undefined,
  names: readonly string[],
): { readonly [name: string]: OptionValue } {
  const options: { [name: string]: OptionValue } = {};
  for (const option of query?.split('&') ?? []) {
    const [name = '', ...value] = option.split('=');
    if (!names.includes(name)) {
      const hint = didYouMean(name, names) ?? `the options are ${names.join(', ')}`;
      throw new TargetError(`${quote(`?${query}`)} has the option ${quote(name)}, which is none: ${hint}`);
    }
    if (value.length === 0)
      throw new TargetError(`${quote(`?${query}`)} has ${name} without "=" and a value`);
    if (Object.hasOwn(options, name)) throw new TargetError(`${quote(`?${query}`)} has ${name} twice`);
    options[name] = optionValue(value.join('='));
  }
  return options;
}

/** The value of an option that can be written as text only. */
export function optionValue(text: string): OptionValue {
  return /^(?:\d{1,15}|Infinity)$/.test(text) ? Number(text) : text;
}
