/** Places for labels that would cover each other where they belong. */

/** Near the wanted places, in their order, at least `apart` from each other, and within the bounds if they fit. */
export function spread(
  wanted: readonly number[],
  apart: number,
  least: number,
  most: number,
): readonly number[] {
  const order = wanted.map((at, index) => ({ at, index })).sort((one, other) => one.at - other.at);
  let next = least;
  for (const label of order) {
    label.at = Math.max(label.at, next);
    next = label.at + apart;
  }
  let last = most;
  for (const label of order.toReversed()) {
    label.at = Math.min(label.at, last);
    last = label.at - apart;
  }
  const places: number[] = [];
  for (const { at, index } of order) places[index] = at;
  return places;
}
