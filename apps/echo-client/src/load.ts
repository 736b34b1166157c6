/** Sends RPCs: so many a second, so many at once, until it is told to stop. */
import { setTimeout as delay } from 'node:timers/promises';
import type { EchoClient } from '@petiole/echo-proto';
import { type EchoOutcome, unaryEcho } from './unary-echo.js';

export interface Load {
  readonly message: string;
  /** RPCs a second; undefined: as many as `concurrency` allows. */
  readonly rate: number | undefined;
  /** The most RPCs in flight. */
  readonly concurrency: number;
  /** The longest that one RPC may take. */
  readonly rpcTimeoutMs: number;
  /** How many RPCs to send; undefined: until a signal comes. */
  readonly count?: number | undefined;
}

export interface LoadSignals {
  /** Send no more; those in flight may finish. */
  readonly stop?: AbortSignal;
  /** End now; those in flight are cancelled and not reported. */
  readonly cancel: AbortSignal;
}

/** Gets each outcome, with the number that its RPC had when they were sent, from 0. */
export type OnOutcome = (number: number, outcome: EchoOutcome) => void;

/** After a stall at most so much of what was not sent is made up for. */
const LONGEST_DEBT_MS = 100;

/** Resolves when the last RPC has ended; never rejects on what servers do. */
export async function runLoad(
  client: EchoClient,
  load: Load,
  { stop, cancel }: LoadSignals,
  onOutcome: OnOutcome,
): Promise<void> {
  const ended = stop === undefined ? cancel : AbortSignal.any([stop, cancel]);
  const gapMs = load.rate === undefined ? 0 : 1000 / load.rate;
  let sent = 0;
  let nextAt = performance.now();

  const worker = async (): Promise<void> => {
    while (!ended.aborted && sent < (load.count ?? Number.POSITIVE_INFINITY)) {
      const number = sent++;
      const now = performance.now();
      const slot = Math.max(nextAt, now - LONGEST_DEBT_MS);
      nextAt = slot + gapMs;
      if (slot > now && gapMs > 0 && !(await delayed(slot - now, ended))) return;
      const outcome = await unaryEcho(client, {
        message: load.message,
        deadline: Date.now() + load.rpcTimeoutMs,
        signal: cancel,
      });
      if (!cancel.aborted) onOutcome(number, outcome);
    }
  };
  await Promise.all(Array.from({ length: load.concurrency }, worker));
}

/** False if the signal came first. */
function delayed(ms: number, signal: AbortSignal): Promise<boolean> {
  return delay(ms, undefined, { signal }).then(
    () => true,
    () => false,
  );
}
