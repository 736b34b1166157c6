/** Is this sequence of peers a rotation: each endpoint so many times in a row, in this order, over and over? */

/**
 * Undefined if it is, else what is wrong. The sequence may begin in the middle of a turn, and end in one.
 */
export function rotationError(
  peers: readonly string[],
  order: readonly string[],
  repeatCount: number,
): string | undefined {
  let at = order.indexOf(peers[0] ?? '');
  if (at < 0) return `${peers[0]} is not among ${order.join(', ')}`;
  let used = 1;
  // How much of the first turn was over before the sequence began shows only at its end.
  let partial = true;
  for (const [n, peer] of peers.entries()) {
    if (n === 0) continue;
    if (peer === order[at] && used < repeatCount) {
      used++;
      continue;
    }
    const next = (at + 1) % order.length;
    if (peer !== order[next] || (used < repeatCount && !partial)) {
      return `RPC ${n + 1} went to ${peer} after ${used} to ${order[at]}: ${peers.join(' ')}`;
    }
    at = next;
    used = 1;
    partial = false;
  }
  return undefined;
}
