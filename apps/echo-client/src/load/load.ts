/** Sends RPCs: so many a second, so many at once, until it is told to stop. */
import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

export interface Pace {
  /** RPCs a second; undefined: as many as `concurrency` allows. */
  readonly rate: number | undefined;
  /** The most RPCs in flight. */
  readonly concurrency: number;
  /** How many RPCs to send; undefined: until a signal comes. */
  readonly count?: number | undefined;
}

export interface Load extends Pace {
  readonly message: string;
  /** The longest that one RPC may take. */
  readonly rpcTimeoutMs: number;
}

export interface LoadSignals {
  /** Send no more; those in flight may finish. */
  readonly stop?: AbortSignal;
  /** End now. */
  readonly cancel: AbortSignal;
}

/** After a stall at most so much of what was not sent is made up for. */
const LONGEST_DEBT_MS = 100;
/** A timer of Node.js that is to take longer fires at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Resolves when the last RPC has ended.
 *
 * @param send sends the RPC of that number, from 0, and resolves when it has ended. Never rejects.
 */
export async function runLoad(
  pace: Pace,
  { stop, cancel }: LoadSignals,
  send: (number: number) => Promise<void>,
): Promise<void> {
  const ended = stop === undefined ? cancel : AbortSignal.any([stop, cancel]);
  // Each worker waits for its slot and for its RPC with them.
  setMaxListeners(0, ended, cancel);
  const gapMs = pace.rate === undefined ? 0 : 1000 / pace.rate;
  let sent = 0;
  let nextAt = performance.now();

  const worker = async (): Promise<void> => {
    while (!ended.aborted && sent < (pace.count ?? Number.POSITIVE_INFINITY)) {
      const number = sent++;
      const now = performance.now();
      const slot = Math.max(nextAt, now - LONGEST_DEBT_MS);
      nextAt = slot + gapMs;
      if (gapMs > 0 && !(await reached(slot, ended))) return;
      await send(number);
    }
  };
  await Promise.all(Array.from({ length: pace.concurrency }, worker));
}

/** False if the signal came first. */
async function reached(time: number, signal: AbortSignal): Promise<boolean> {
  for (let left = time - performance.now(); left > 0; left = time - performance.now()) {
    const isOver = await delay(Math.min(left, LONGEST_TIMER_MS), undefined, { signal }).then(
      () => false,
      () => true,
    );
    if (isOver) return false;
  }
  return true;
}
