/**
 * RPCs that were picked in this turn of the event loop, and have not started. gRFC A48 counts an RPC from its pick, and
 * grpc-js tells only that it started, some microtasks later, and nothing if it never does (B17). So a pick counts until
 * then, or else until the end of the turn: bursts spread and nothing leaks.
 */
import { setImmediate } from 'node:timers';

/** Whoever such RPCs are counted for. */
export interface Picked {
  picked: number;
}

export class PickedInTurn {
  /** Whether anybody wants to know. Nothing else of a policy's picks costs anything. */
  areCounted = false;
  private readonly picked: Picked[] = [];
  private readonly onTakenBack: (() => void) | undefined;

  /** @param onTakenBack called at the end of a turn of which picks no longer count that have not started */
  constructor(onTakenBack?: () => void) {
    this.onTakenBack = onTakenBack;
  }

  /** @param connection the one that was picked, where the endpoint may have several */
  add(one: Picked, connection?: Picked): void {
    if (connection !== undefined) this.add(connection);
    one.picked++;
    if (this.picked.push(one) === 1)
      setImmediate(() => {
        let takenBack = 0;
        for (const each of this.picked.splice(0)) {
          takenBack += each.picked;
          each.picked = 0;
        }
        if (takenBack > 0) this.onTakenBack?.();
      });
  }
}

/** One of them has started. */
export function pickStarted(one: Picked): void {
  if (one.picked > 0) one.picked--;
}
