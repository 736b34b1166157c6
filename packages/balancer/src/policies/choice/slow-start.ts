/**
 * Slow start (Envoy): an endpoint that joins a running fleet gets few RPCs at first. A fleet that is all new does not: its
 * endpoints would only be slow together.
 */
import { duration, type Field, number, object } from '@petiole/service-config';
import type { PolicyView } from '../../policy/view.js';
import { type SlowStart, slowStartFactor } from '../picking/slow-start.js';
import type { PartOfShare } from './best-of-few.js';

/** How an endpoint that joins a running fleet gets its share. */
export interface SlowStartConfig {
  /** The time until it has its whole share: a Duration from `"0.001s"` to `"3600s"`. Default `"30s"`. */
  readonly window?: string | null;
  /** How its share grows, from 0.01 to 100: 1 is a straight line, more is faster at first, less is slower. Default 1. */
  readonly aggression?: number | null;
  /** What it has of its share from the beginning, in per cent: 0 to 100. Default 10. */
  readonly minWeightPercent?: number | null;
}

/** The field of a policy that has slow start. */
export function slowStart(): Field<SlowStartConfig, SlowStart | undefined> {
  return object({
    window: duration({ min: '0.001s', max: '3600s', default: '30s' }),
    aggression: number({ min: 0.01, max: 100, default: 1 }),
    minWeightPercent: number({ min: 0, max: 100, default: 10 }),
  });
}

/** An endpoint that was out for less is the same server, whose connection was renewed: grpc-js tries again after a second. */
const RESTART_MS = 1000;
/** How often a fleet that starts is looked at until none of its endpoints is being connected for the first time. */
const STARTING_MS = 1000;

/** When an endpoint has become READY beside others, and since when it is not READY; `performance.now()` milliseconds. */
export class Joined {
  at: number = Number.NEGATIVE_INFINITY;
  outSince: number | undefined = Number.NEGATIVE_INFINITY;
}

type View = Pick<
  PolicyView<{ readonly slowStart: SlowStart | undefined }, unknown, Joined>,
  'config' | 'endpoints' | 'wakeAfter'
>;

/** The endpoints of a policy. It starts when the first one is READY, and runs once none is being connected any more. */
export class Fleet {
  private isRunning = false;
  /** When the last endpoint was lost. */
  private emptySince = Number.NEGATIVE_INFINITY;

  /** Called for each picker. Undefined while no endpoint is in its slow start. */
  partOfShare({ config: { slowStart }, endpoints, wakeAfter }: View): PartOfShare<Joined> | undefined {
    if (slowStart === undefined) return undefined;
    const now = performance.now();
    const counts = { ready: 0, connecting: 0, starting: 0 };
    for (const { state, data } of endpoints) {
      if (state === 'READY') {
        counts.ready++;
        if (data.outSince !== undefined && now - data.outSince >= RESTART_MS)
          data.at = this.isRunning && !this.isBack(data.outSince) ? now : Number.NEGATIVE_INFINITY;
        data.outSince = undefined;
        if (now - data.at < slowStart.window) counts.starting++;
      } else {
        data.outSince ??= now;
        if (state !== 'TRANSIENT_FAILURE') counts.connecting++;
      }
    }
    if (counts.ready === 0) this.emptySince = now;
    this.isRunning = counts.ready > 0 && (this.isRunning || counts.connecting === 0);
    if (counts.ready > 0 && !this.isRunning) wakeAfter(STARTING_MS);
    if (counts.starting === 0) return undefined;
    wakeAfter(slowStart.window);
    return ({ at }) => slowStartFactor(performance.now() - at, slowStart);
  }

  /** It was lost in an outage of all, whose end is no reason to spare it: the first one that is back has all RPCs. */
  private isBack(outSince: number): boolean {
    return outSince !== Number.NEGATIVE_INFINITY && outSince <= this.emptySince;
  }
}
