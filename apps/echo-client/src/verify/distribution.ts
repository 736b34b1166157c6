/**
 * The promise of `custom_round_robin`, checked: which peer must answer which
 * RPC, and where what was seen departs from it.
 */

/** What must come: in each iteration every peer, in this order, `repeatCount` times in a row. */
export interface ExpectedDistribution {
  readonly peers: readonly string[];
  readonly repeatCount: number;
  readonly iterations: number;
}

/** The peer of every RPC, in order. */
export function expectedPeers({ peers, repeatCount, iterations }: ExpectedDistribution): readonly string[] {
  const iteration = peers.flatMap((peer) => Array<string>(repeatCount).fill(peer));
  return Array.from({ length: iterations }, () => iteration).flat();
}

/** What is wrong with these peers, in words; undefined if they are exactly what must come. */
export function deviation(seen: readonly string[], expected: ExpectedDistribution): string | undefined {
  const wanted = expectedPeers(expected);
  const first = wanted.findIndex((peer, index) => seen[index] !== peer);
  if (first >= 0) {
    const got = seen[first] === undefined ? 'was not answered' : `was answered by ${seen[first]}`;
    return `RPC ${first + 1} of ${wanted.length} ${got}, expected ${wanted[first]}`;
  }
  if (seen.length > wanted.length) return `${seen.length} RPCs were answered, expected ${wanted.length}`;
  return undefined;
}

/** `127.0.0.1:50050 ×3, [::1]:50051 ×2 (5 RPCs: 127.0.0.1:50050 3, …)`: the runs in order, then each peer's total. */
export function describePeers(seen: readonly string[]): string {
  if (seen.length === 0) return 'no answer from any peer';
  const runs: { peer: string; count: number }[] = [];
  const totals = new Map<string, number>();
  for (const peer of seen) {
    totals.set(peer, (totals.get(peer) ?? 0) + 1);
    const run = runs.at(-1);
    if (run?.peer === peer) run.count++;
    else runs.push({ peer, count: 1 });
  }
  const inOrder = runs.map(({ peer, count }) => `${peer} ×${count}`).join(', ');
  const inTotal = [...totals].map(([peer, count]) => `${peer} ${count}`).join(', ');
  return `${inOrder} (in total ${inTotal})`;
}
