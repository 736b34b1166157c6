/** Equal neighbours, joined. */
export interface Run {
  readonly id: number;
  readonly length: number;
}

export function runsOf(ids: readonly number[]): readonly Run[] {
  const runs: { id: number; length: number }[] = [];
  for (const id of ids) {
    const run = runs.at(-1);
    if (run?.id === id) run.length++;
    else runs.push({ id, length: 1 });
  }
  return runs;
}
