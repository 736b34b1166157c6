/**
 * Which fields of a config its parser has not looked at: most of them are
 * misspelt. gRPC has policies ignore them, so only those who check a config ask.
 */

import { type Json, nearMiss, type UnreadField } from '@petiole/service-config/internal';

/** @param parse does not throw on this JSON */
export function unreadFields(json: Json, parse: (json: Json) => unknown): UnreadField[] {
  const read = new Set<string | symbol>();
  let all = false;
  const watched = new Proxy(json, {
    get(target, field) {
      read.add(field);
      return Reflect.get(target, field);
    },
    has(target, field) {
      read.add(field);
      return Reflect.has(target, field);
    },
    getOwnPropertyDescriptor(target, field) {
      read.add(field);
      return Reflect.getOwnPropertyDescriptor(target, field);
    },
    ownKeys(target) {
      all = true;
      return Reflect.ownKeys(target);
    },
  });
  try {
    // A parser that passes its input on may read it later.
    all = parse(watched) === watched || all;
  } catch {
    // What it did with the JSON cannot be done with a proxy: structuredClone(), for one.
    return [];
  }
  if (all) return [];
  const missed = [...read].filter(
    (field) => typeof field === 'string' && !Object.hasOwn(json, field),
  ) as string[];
  return Object.keys(json)
    .filter((field) => !read.has(field))
    .map((field) => ({ field, meant: nearMiss(field, missed) }));
}
