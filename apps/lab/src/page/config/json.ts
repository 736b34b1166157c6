/** Values of JSON that forms read and write, by copies: nothing is changed in its place. */
import { MOST_LEVELS } from '../../protocol.js';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Undefined if the text is no JSON object, or has more levels than the lab applies: a form of thousands would end the stack. */
export function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) && !isDeeper(value, MOST_LEVELS) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isDeeper(value: Json, levels: number): boolean {
  if (!isObject(value) && !isList(value)) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}

/** What fits into this many characters stays on one line. */
const SHORT = 36;

/** As people read it: the object's own fields on lines of their own, and below them whatever is long. */
export function format(object: JsonObject): string {
  return broken(object, '');
}

function text(value: Json, indent: string): string {
  const line = inOneLine(value);
  return line.length <= SHORT ? line : broken(value, indent);
}

function broken(value: Json, indent: string): string {
  const [open, parts, close] = partsOf(value, (part) => text(part, `${indent}  `));
  if (parts.length === 0) return open + close;
  if (isList(value) && value.length === 1) return `[${broken(value[0] ?? null, indent)}]`;
  return `${open}\n${parts.map((part) => `${indent}  ${part}`).join(',\n')}\n${indent}${close}`;
}

function inOneLine(value: Json): string {
  const [open, parts, close] = partsOf(value, inOneLine);
  const space = isObject(value) && parts.length > 0 ? ' ' : '';
  return `${open}${space}${parts.join(', ')}${space}${close}`;
}

function partsOf(value: Json, write: (part: Json) => string): readonly [string, readonly string[], string] {
  if (isList(value)) return ['[', value.map(write), ']'];
  if (!isObject(value)) return [JSON.stringify(value), [], ''];
  return ['{', Object.entries(value).map(([name, part]) => `${JSON.stringify(name)}: ${write(part)}`), '}'];
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** The object with a field set, or without it where the value is undefined. */
export function withField(object: JsonObject, name: string, value: Json | undefined): JsonObject {
  if (value !== undefined) return { ...object, [name]: value };
  return Object.fromEntries(Object.entries(object).filter(([other]) => other !== name));
}
