/**
 * Long lists that come again with a few endpoints changed: what stays in its place is found by looking at it, without a key or a
 * table for each of thousands.
 */
/** What two lists have in common. */
export interface SameEnds {
  /** So many begin alike. */
  readonly head: number;
  /** So many end alike, of those behind the head. */
  readonly tail: number;
}

export function sameEnds<One, Other>(
  list: readonly One[],
  other: readonly Other[],
  isSame: (one: One, other: Other) => boolean,
): SameEnds {
  const shorter = Math.min(list.length, other.length);
  const isSameAt = (index: number, before: number): boolean =>
    isSame(list[index] as One, other[before] as Other);
  let head = 0;
  while (head < shorter && isSameAt(head, head)) head++;
  let tail = 0;
  while (tail < shorter - head && isSameAt(list.length - 1 - tail, other.length - 1 - tail)) tail++;
  return { head, tail };
}

/**
 * What the endpoints of a list are known by, their keys, in four bytes each: to look at thousands of objects takes a thousand times as long
 * as to look at their numbers, as hardly any of them is in a cache of the CPU.
 */
export class Fingerprints {
  readonly #numbers: Int32Array;

  private constructor(numbers: Int32Array) {
    this.#numbers = numbers;
  }

  /** @param keys of the endpoints. */
  static of(keys: readonly string[]): Fingerprints {
    return new Fingerprints(Int32Array.from(keys, fingerprint));
  }

  /**
   * Those of the list that has others between its ends. Undefined where one of them may stand in an end, too: different
   * endpoints have the same number once in billions.
   * @param between the keys of those.
   */
  replaced({ head, tail }: SameEnds, between: readonly string[]): Fingerprints | undefined {
    const before = this.#numbers.subarray(0, head);
    const after = this.#numbers.subarray(this.#numbers.length - tail);
    const numbers = Int32Array.from(between, fingerprint);
    if (hasAny(before, numbers) || hasAny(after, numbers)) return undefined;
    const all = new Int32Array(head + numbers.length + tail);
    all.set(before);
    all.set(numbers, head);
    all.set(after, head + numbers.length);
    return new Fingerprints(all);
  }
}

function hasAny(many: Int32Array, few: Int32Array): boolean {
  if (few.length === 0) return false;
  const wanted = new Set(few);
  for (let i = 0; i < many.length; i++) if (wanted.has(many[i] as number)) return true;
  return false;
}

/** FNV-1a. */
function fingerprint(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return hash;
}
