/**
 * Which fields of a config its parser has not looked at: most of them are
 * misspelt. gRPC has policies ignore them, so only those who check a config ask.
 */

type Json = Readonly<Record<string, unknown>>;

/** @param parse does not throw on this JSON */
export function unreadFields(json: Json, parse: (json: Json) => unknown): string[] {
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
  return all ? [] : Object.keys(json).filter((field) => !read.has(field));
}
