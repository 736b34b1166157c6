/**
 * The last RPCs, in the order in which they were sent: one column each, in the
 * row of the endpoint that it went to. A rotation by threes is a staircase.
 */

/** What one column of an endpoint's row shows. */
export type PickMark = 'answered' | 'failed' | 'elsewhere';

/** Far more than a terminal is wide. */
const CAPACITY = 1024;

export class PickStrip {
  readonly #picks = new Map<number, { readonly endpoint: string | undefined; readonly ok: boolean }>();
  #newest = -1;

  /** `number` counts the RPCs as they are sent, from 0; they may end in another order. */
  record(number: number, endpoint: string | undefined, ok: boolean): void {
    this.#newest = Math.max(this.#newest, number);
    if (number <= this.#newest - CAPACITY) return;
    this.#picks.set(number, { endpoint, ok });
    this.#picks.delete(number - CAPACITY);
  }

  /** The newest `width` RPCs, the newest last; fewer if there were not so many. Undefined is for those that nobody took. */
  row(endpoint: string | undefined, width: number): readonly PickMark[] {
    const length = Math.min(width, this.#newest + 1);
    return Array.from({ length }, (_, column) => {
      const pick = this.#picks.get(this.#newest - length + 1 + column);
      if (pick === undefined || pick.endpoint !== endpoint) return 'elsewhere';
      return pick.ok ? 'answered' : 'failed';
    });
  }
}
