/**
 * Steady load on a test channel: so many RPCs at a time, each followed by the
 * next one, until it is stopped. Remembers where each RPC went and how it ended.
 */
import { Metadata, connectivityState as State } from '@grpc/grpc-js';
import { Condition } from '@petiole/test-kit/condition';
import { type Outcome, startRpc } from '@petiole/test-kit/rpc';
import type { TestChannel } from './test-channel.js';

export interface LoadOptions {
  /** RPCs at a time. */
  readonly concurrency: number;
  /** For each RPC. Default 10 s: an RPC that hangs shows as DEADLINE_EXCEEDED. */
  readonly deadlineMs?: number;
  readonly waitForReady?: boolean;
}

/** A test that needs more is broken; without a bound, RPCs that fail at once would fill the memory. */
const MAX_RPCS = 500_000;

/** How long {@link Load.until} waits. */
const PATIENCE_MS = 15_000;

/** One unary RPC; resolves however it ends. */
export function attempt(
  { client }: TestChannel,
  { deadlineMs = 10_000, waitForReady = false }: Omit<LoadOptions, 'concurrency'> = {},
): Promise<Outcome> {
  const metadata = new Metadata({ waitForReady });
  return startRpc(client, { metadata, deadline: Date.now() + deadlineMs }).ended;
}

/** How many of these RPCs went to each peer. */
export function shares(peers: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const peer of peers) counts[peer] = (counts[peer] ?? 0) + 1;
  return counts;
}

export class Load {
  /** In the order in which the RPCs ended. */
  readonly outcomes: Outcome[] = [];
  private stopped = false;
  private readonly observed: Condition = new Condition();
  private readonly workers: readonly Promise<void>[];

  constructor(channel: TestChannel, options: LoadOptions) {
    this.workers = Array.from({ length: options.concurrency }, () => this.work(channel, options));
  }

  get failures(): readonly Outcome[] {
    return this.outcomes.filter(({ error }) => error !== undefined);
  }

  /** RPCs that these peers have answered, of the outcomes from that index on. */
  answeredBy(peers: readonly string[], from = 0): number {
    return this.outcomes.slice(from).filter(({ peer, error }) => !error && peers.includes(peer)).length;
  }

  /** Waits for a condition on the outcomes, asked after each RPC. */
  until(condition: () => boolean, what: string): Promise<void> {
    return this.observed.until(condition, PATIENCE_MS, () => `never under load: ${what}`);
  }

  /** Waits until each of these peers has answered `count` of the RPCs that end from now on. */
  async untilAnsweredBy(peers: readonly string[], count = 1): Promise<void> {
    let seen = this.outcomes.length;
    const missing = new Map(peers.map((peer) => [peer, count]));
    await this.until(
      () => {
        for (; seen < this.outcomes.length; seen++) {
          const outcome = this.outcomes[seen];
          if (outcome === undefined || outcome.error !== undefined) continue;
          const left = (missing.get(outcome.peer) ?? 0) - 1;
          if (left <= 0) missing.delete(outcome.peer);
          else missing.set(outcome.peer, left);
        }
        return missing.size === 0;
      },
      `${count} answers each of ${peers.join(', ')}`,
    );
  }

  /** Starts no more RPCs and waits for the end of those under way. */
  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.workers);
  }

  private async work(channel: TestChannel, options: LoadOptions): Promise<void> {
    // A test that fails does not stop its load, but its end closes the channel.
    const open = () => channel.client.getChannel().getConnectivityState(false) !== State.SHUTDOWN;
    while (!this.stopped && open()) {
      if (this.outcomes.length >= MAX_RPCS) throw new Error(`load was never stopped after ${MAX_RPCS} RPCs`);
      this.outcomes.push(await attempt(channel, options));
      this.observed.changed();
    }
  }
}
