/** One line on stderr that tells how far a run is; where stderr is no terminal, a line now and then. */
import type { SoakProgress } from './soak-run.js';

const LINE_EVERY_MS = 10_000;

export class ProgressLine {
  readonly #minutes: number;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(minutes: number) {
    this.#minutes = minutes;
  }

  show({ elapsedMs, incidents, incident, rpcs, violations }: SoakProgress): void {
    const faults = incident.faults.map(({ kind, server }) => `${kind} ${server}`).join(' + ');
    const text =
      `soak: ${Math.round(elapsedMs / 1000)} of ${Math.round(this.#minutes * 60)} s, ${incidents} incidents, ` +
      `${rpcs} RPCs, ${violations} invariants broken; now ${faults}`;
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${text}`);
    else if (performance.now() - this.#toldAt >= LINE_EVERY_MS) {
      this.#toldAt = performance.now();
      console.error(text);
    }
  }

  clear(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[2K');
  }
}
