/**
 * A channel under load and everything that is known of it: its endpoints,
 * statistics, last picks, and what happened when. `watch` shows it while it
 * runs, `bench` when it is over.
 */
import { status } from '@grpc/grpc-js';
import type { EchoClient } from '@petiole/echo-proto';
import { createEchoClient, type EchoChannelConfig } from '../channel/echo-channel.js';
import { type EndpointChange, EndpointDirectory, type KnownEndpoint } from '../channel/endpoint-directory.js';
import { type EchoOutcome, unaryEcho } from '../channel/unary-echo.js';
import { type Load, type LoadSignals, runLoad } from './load.js';
import { LoadStatistics, type Statistics } from './load-statistics.js';
import { PickStrip } from './pick-strip.js';

/** A change, or a line of grpc-js's log. */
export interface TimelineEntry {
  /** Since the session's start. */
  readonly seconds: number;
  readonly event: EndpointChange | { readonly kind: 'log'; readonly text: string };
}

export interface LastError {
  /** As the caller saw it: `UNAVAILABLE: …`. */
  readonly text: string;
  /** When it came, as `seconds` of the timeline. */
  readonly seconds: number;
}

/** Everything that a view may show, at one moment. */
export interface Snapshot {
  readonly channel: EchoChannelConfig;
  readonly load: Load;
  readonly seconds: number;
  readonly endpoints: readonly KnownEndpoint[];
  readonly recent: Statistics;
  readonly total: Statistics;
  readonly picks: PickStrip;
  /** The last error of an RPC, while it is news. */
  readonly lastError: LastError | undefined;
  /** The oldest first, bounded. */
  readonly timeline: readonly TimelineEntry[];
}

const TIMELINE_LENGTH = 100;
/** An error is shown for as long as the shares look back. */
const NEWS_SECONDS = 10;

export class LoadSession {
  readonly client: EchoClient;
  readonly directory: EndpointDirectory;
  readonly channel: EchoChannelConfig;
  readonly #load: Load;
  #beganAt = performance.now();
  #statistics = new LoadStatistics(this.#beganAt);
  readonly #picks = new PickStrip();
  readonly #timeline: TimelineEntry[] = [];
  #lastError: LastError | undefined;
  #endedAt: number | undefined;

  /** Opens nothing yet. */
  constructor(channel: EchoChannelConfig, load: Load) {
    this.channel = channel;
    this.#load = load;
    this.directory = new EndpointDirectory((event) => this.#note(event));
    this.client = createEchoClient(channel);
  }

  /** Sends the load, or a part of it; time and statistics begin now. */
  async run(signals: LoadSignals, load: Load = this.#load): Promise<void> {
    this.#beganAt = performance.now();
    this.#endedAt = undefined;
    this.#statistics = new LoadStatistics(this.#beganAt);
    await runLoad(load, signals, async (number) => {
      const outcome = await unaryEcho(this.client, {
        message: load.message,
        deadline: Date.now() + load.rpcTimeoutMs,
        signal: signals.cancel,
      });
      // What was cancelled is no outcome of the load.
      if (!signals.cancel.aborted) this.#record(number, outcome);
    });
    this.#endedAt = performance.now();
  }

  #record(number: number, outcome: EchoOutcome): void {
    const ok = outcome.code === status.OK;
    const endpoint = outcome.peer === undefined ? undefined : this.#owner(outcome.peer);
    this.#statistics.record(outcome, endpoint, performance.now());
    this.#picks.record(number, endpoint, ok);
    if (!ok)
      this.#lastError = { text: `${status[outcome.code]}: ${outcome.details}`, seconds: this.#seconds() };
  }

  /** A line for the timeline. */
  log(text: string): void {
    this.#note({ kind: 'log', text });
  }

  snapshot(): Snapshot {
    if (this.#endedAt === undefined) this.directory.refresh(this.client);
    const now = this.#endedAt ?? performance.now();
    const seconds = (now - this.#beganAt) / 1000;
    const isNews = seconds - (this.#lastError?.seconds ?? 0) < NEWS_SECONDS;
    return {
      channel: this.channel,
      load: this.#load,
      seconds,
      endpoints: this.directory.endpoints(),
      recent: this.#statistics.recent(now),
      total: this.#statistics.total(now),
      picks: this.#picks,
      lastError: isNews ? this.#lastError : undefined,
      timeline: this.#timeline,
    };
  }

  close(): void {
    this.directory.close();
    this.client.close();
  }

  #seconds(): number {
    return (performance.now() - this.#beganAt) / 1000;
  }

  #owner(peer: string): string {
    const known = this.directory.ownerOf(peer);
    if (known !== undefined) return known;
    this.directory.refresh(this.client);
    return this.directory.ownerOf(peer) ?? peer;
  }

  #note(event: TimelineEntry['event']): void {
    this.#timeline.push({ seconds: this.#seconds(), event });
    if (this.#timeline.length > TIMELINE_LENGTH) this.#timeline.shift();
  }
}
