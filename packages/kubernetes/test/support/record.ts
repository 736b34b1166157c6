/** What passed between the resolver and the API server, step by step of a scenario: a line of JSON each. */

/** One thing that passed. */
export type Passed =
  /** A request, and the whole answer to it. */
  | { readonly request: string; readonly status: number; readonly body: string }
  /** A watch that has begun; what it brings follows. */
  | { readonly request: string; readonly opened: true }
  /** A request that found nobody. */
  | { readonly request: string; readonly unanswered: true }
  /** Bytes of the watch. */
  | { readonly data: string }
  /** The watch ended as HTTP has it, or its connection was cut. */
  | { readonly end: 'whole' | 'cut' };

/** In which step of the scenario it passed. */
export type Recorded = Passed & { readonly step: number };

export function parseRecord(text: string): Recorded[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Recorded);
}

export function printRecord(recorded: readonly Recorded[]): string {
  return recorded.map((one) => `${JSON.stringify(one)}\n`).join('');
}
