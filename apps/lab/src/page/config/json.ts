/** Values of JSON that forms read and write, by copies: nothing is changed in its place. */

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Undefined if the text is no JSON object. */
export function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** As people read it: objects of a single, simple entry stay on one line. */
export function format(value: Json): string {
  return JSON.stringify(value, null, 2)
    .replaceAll(/\{\s+("[^"]*": (?:"[^"]*"|[\w.+-]+|\{\}))\s+\}/g, '{ $1 }')
    .replaceAll(/\[\s+("[^"]*"|[\w.+-]+|\{ "[^"{}]*": [^{}[\]]* \}|\{\})\s+\]/g, '[$1]');
}

/** The object with a field set, or without it where the value is undefined. */
export function withField(object: JsonObject, name: string, value: Json | undefined): JsonObject {
  if (value !== undefined) return { ...object, [name]: value };
  return Object.fromEntries(Object.entries(object).filter(([other]) => other !== name));
}
