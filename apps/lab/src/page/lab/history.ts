/** The ticks of the last five minutes, and what views make of them: what happened lately, and series to plot. */
import { KEPT_TICKS, type ServerTick, TICK_MS, type Tick } from '../../protocol.js';
import { Ring } from '../../ring.js';

/** What "now" means for shares and rates: 3-3-3 at ten RPCs a second takes about a second. */
export const LATELY_MS = 3_000;
/** Series have no more points than this, whatever their span. */
const MOST_POINTS = 300;

export interface Recent {
  /** RPCs that began, a second. */
  readonly startedPerSecond: number;
  /** RPCs that failed, of all that ended, 0 to 1. */
  readonly failedShare: number;
  /** RPCs that took more than one attempt, of all that ended, 0 to 1. */
  readonly repeatedShare: number;
  /** How many attempts an RPC took on average; undefined if none ended. */
  readonly attemptsPerRpc: number | undefined;
  /** By server id. */
  readonly servers: ReadonlyMap<number, RecentServer>;
}

export interface RecentServer {
  /** Of all attempts that were sent to some server, 0 to 1. */
  readonly share: number;
  readonly perSecond: number;
  /** Of its attempts that ended, 0 to 1. */
  readonly failedShare: number;
}

/** An attempt in the strip. */
export interface Pick {
  /** 0: no endpoint took it. */
  readonly server: number;
  readonly failed: boolean;
}

/** Columns of the same length. A latency is undefined where nothing ended. */
export interface Series {
  /** Seconds since the lab began. */
  readonly at: readonly number[];
  readonly ids: readonly number[];
  /** By server id: the part of all attempts that were sent there, 0 to 1; the id 0 has those that no endpoint took. */
  readonly shares: ReadonlyMap<number, readonly number[]>;
  /** By server id, in milliseconds. */
  readonly p50: ReadonlyMap<number, readonly (number | undefined)[]>;
  readonly p99: ReadonlyMap<number, readonly (number | undefined)[]>;
}

/** Of ticks that are looked at together. */
interface Sum {
  readonly sent: Map<number, number>;
  total: number;
}

export class History {
  readonly #ticks = new Ring<Tick>(KEPT_TICKS);

  add(tick: Tick): void {
    this.#ticks.add(tick);
  }

  get latest(): Tick | undefined {
    return this.#ticks.at(-1);
  }

  latestOf(id: number): ServerTick | undefined {
    return this.latest?.servers.find((server) => server.id === id);
  }

  recent(): Recent {
    const now = this.latest?.at ?? 0;
    const servers = new Map<number, { sent: number; ended: number; failed: number }>();
    const rpcs = { started: 0, ended: 0, failed: 0, attempts: 0, repeated: 0 };
    let ticks = 0;
    let sent = 0;
    this.#ticks.backwards((tick) => {
      if (tick.at <= now - LATELY_MS) return false;
      ticks++;
      rpcs.started += tick.started;
      rpcs.ended += tick.ok + tick.failed;
      rpcs.failed += tick.failed;
      rpcs.attempts += tick.attempts;
      rpcs.repeated += tick.repeated;
      for (const server of tick.servers) {
        const sum = servers.get(server.id) ?? { sent: 0, ended: 0, failed: 0 };
        sum.sent += server.sent;
        sum.ended += server.ok + server.failed;
        sum.failed += server.failed;
        servers.set(server.id, sum);
        sent += server.sent;
      }
      return true;
    });
    const seconds = Math.max(1, ticks) * (TICK_MS / 1000);
    const shareOf = (sum: { sent: number; ended: number; failed: number }): RecentServer => ({
      share: sum.sent / Math.max(1, sent),
      perSecond: sum.sent / seconds,
      failedShare: sum.failed / Math.max(1, sum.ended),
    });
    return {
      startedPerSecond: rpcs.started / seconds,
      failedShare: rpcs.failed / Math.max(1, rpcs.ended),
      repeatedShare: rpcs.repeated / Math.max(1, rpcs.ended),
      attemptsPerRpc: rpcs.ended === 0 ? undefined : rpcs.attempts / rpcs.ended,
      servers: new Map([...servers].map(([id, sum]) => [id, shareOf(sum)])),
    };
  }

  /** The attempts that were sent up to a time, in their order, and which of them had failed by then. */
  picks(most: number, until = Number.POSITIVE_INFINITY): Pick[] {
    const picks: Pick[] = [];
    const failed = new Set<number>();
    this.#ticks.backwards((tick) => {
      if (tick.at > until) return true;
      // An attempt fails in the tick that it was sent in, or in a later one.
      for (const number of tick.failedPicks) failed.add(number);
      const { length } = tick.picks;
      for (let index = length - 1; index >= 0 && picks.length < most; index--)
        picks.push({
          server: tick.picks[index] ?? 0,
          failed: failed.has(tick.lastPick - length + 1 + index),
        });
      return picks.length < most;
    });
    return picks.reverse();
  }

  /** The points of a span, each of some ticks. Shares are those of the last three seconds, so that they do not flicker. */
  series(from: number, to: number): Series {
    const step = Math.max(1, Math.ceil((to - from) / MOST_POINTS / TICK_MS)) * TICK_MS;
    const points = this.#points(from - LATELY_MS, to, step);
    const ids = [...new Set(points.flatMap(({ last }) => [...last.keys()]))].sort((a, b) => a - b);
    const first = points.findIndex(({ at }) => at >= from);
    const shown = first < 0 ? [] : points.slice(first);
    const lately = Math.max(1, Math.round(LATELY_MS / step));
    const shares = new Map<number, number[]>([0, ...ids].map((id) => [id, []]));
    const windowed: Sum = { sent: new Map(), total: 0 };
    points.forEach((point, index) => {
      sumUp(windowed, point.sum, 1);
      const gone = points[index - lately];
      if (gone !== undefined) sumUp(windowed, gone.sum, -1);
      if (index < first || first < 0) return;
      for (const [id, column] of shares)
        column.push((windowed.sent.get(id) ?? 0) / Math.max(1, windowed.total));
    });
    const latency = (of: 'p50' | 'p99'): Map<number, (number | undefined)[]> =>
      new Map(ids.map((id) => [id, shown.map(({ last }) => last.get(id)?.[of])]));
    return { at: shown.map(({ at }) => at / 1000), ids, shares, p50: latency('p50'), p99: latency('p99') };
  }

  #points(from: number, to: number, step: number): Point[] {
    const points: Point[] = [];
    this.#ticks.backwards((tick) => {
      if (tick.at > to) return true;
      if (tick.at < from) return false;
      // Points stand at whole steps, so that what is plotted does not change while it moves on.
      const at = Math.ceil(tick.at / step) * step;
      let point = points.at(-1);
      if (point?.at !== at) {
        point = { at, sum: { sent: new Map(), total: 0 }, last: new Map() };
        points.push(point);
      }
      count(point.sum, 0, tick.unplaced);
      for (const server of tick.servers) {
        count(point.sum, server.id, server.sent);
        if (!point.last.has(server.id)) point.last.set(server.id, server);
      }
      return true;
    });
    return points.reverse();
  }
}

interface Point {
  readonly at: number;
  readonly sum: Sum;
  /** The newest of each server. */
  readonly last: Map<number, ServerTick>;
}

function count(sum: Sum, id: number, sent: number): void {
  sum.sent.set(id, (sum.sent.get(id) ?? 0) + sent);
  sum.total += sent;
}

function sumUp(sum: Sum, other: Sum, sign: 1 | -1): void {
  for (const [id, sent] of other.sent) count(sum, id, sign * sent);
}
