/**
 * The look-up of a name's service config in DNS, so that it never costs the addresses: a TXT record that cannot be
 * had or read leaves the last good one in place, and a slow one holds nobody up.
 */
import { hostname } from 'node:os';
import type { ChannelOptions } from '@grpc/grpc-js';
import { logError, messageOf, type Trace, TurningClock } from '@petiole/service-config/internal';
import { DnsError } from './dns-error.js';
import type { DnsSession } from './dns-session.js';
import { LONGEST_NOTE } from './notes.js';
import { type ClientIdentity, selectServiceConfig } from './txt-service-config.js';
import { atMost } from './until-aborted.js';

/** Why a query was cancelled, when not at its deadline. */
const STOPPED = 'stopped';

/** What a {@link TxtLookup} needs of the resolver that it belongs to. */
export interface TxtSurroundings {
  readonly open: (signal: AbortSignal) => DnsSession;
  readonly deadline: number;
  readonly trace: Trace;
  /** Milliseconds that the addresses, once they are there, wait for the service config. Default 1000. */
  readonly grace?: number | undefined;
  /** Stands before the name that is asked for. Default `_grpc_config.` (gRFC A2). */
  readonly prefix?: string | undefined;
}

/** One channel's service config from TXT; off with the channel option `grpc.service_config_disable_resolution`: 1. */
export class TxtLookup {
  readonly #name: string;
  readonly #enabled: boolean;
  readonly #surroundings: TxtSurroundings;
  readonly #client: ClientIdentity = { percentile: Math.random() * 100, hostname: hostname() };
  /** The query under way. It outlives the look that began it: otherwise an answer slower than the grace never counts. */
  #query: { readonly controller: AbortController; readonly ended: Promise<void> } | undefined;
  #latest: object | null = null;
  #latestRecords = '';
  #complaint = '';

  /** @param name the name of the service, without the prefix. */
  constructor(name: string, channelOptions: ChannelOptions, surroundings: TxtSurroundings) {
    this.#name = `${surroundings.prefix ?? '_grpc_config.'}${name}`;
    this.#surroundings = surroundings;
    this.#enabled =
      channelOptions['grpc.service_config_disable_resolution'] !== 1 &&
      this.#name.length <= 253 &&
      !/(?:^|\.)localhost$/i.test(name); // RFC 6761: not to be asked of DNS
    if (!this.#enabled) surroundings.trace?.(`no service config is asked for: TXT ${this.#name}`);
  }

  /** Starts the look-up, unless one is still under way. */
  start(): void {
    if (!this.#enabled || this.#query !== undefined) return;
    const controller = new AbortController();
    const clock = new TurningClock();
    clock.wait(this.#surroundings.deadline, () => controller.abort());
    const ended = this.#ask(controller.signal).finally(() => {
      clock.stop();
      controller.abort();
      if (this.#query?.controller === controller) this.#query = undefined;
    });
    this.#query = { controller, ended };
  }

  /**
   * Waits for the look-up, for the grace at most and until the signal aborts; an answer that comes later counts from
   * the next look on.
   */
  async settle(signal: AbortSignal): Promise<{ serviceConfig: object | null; note: string }> {
    const query = this.#query;
    if (query !== undefined) {
      await atMost(this.#surroundings.grace ?? 1000, query.ended, signal);
      if (this.#query === query) {
        this.#surroundings.trace?.(`TXT ${this.#name} is slow: a later look will use its answer`);
      }
    }
    return { serviceConfig: this.#latest, note: this.#complaint };
  }

  /** The channel went idle or was closed: cancels the query under way. What was learned stays. */
  stop(): void {
    const query = this.#query;
    this.#query = undefined;
    query?.controller.abort(STOPPED);
  }

  /** Never rejects. */
  async #ask(signal: AbortSignal): Promise<void> {
    const { open, trace } = this.#surroundings;
    let records: readonly string[];
    try {
      records = await open(signal).txt(this.#name);
    } catch (error) {
      if (signal.reason === STOPPED) return;
      const failure = DnsError.from(error, 'TXT', this.#name);
      // No record: no service config. No answer: whatever there was.
      trace?.(
        `${failure.message}: ${failure.isDefinite ? 'no service config' : 'the last service config stays'}`,
      );
      if (failure.isDefinite) this.#accept([]);
      return;
    }
    this.#accept(records);
  }

  #accept(records: readonly string[]): void {
    const text = JSON.stringify(records.toSorted());
    if (text === this.#latestRecords) return;
    this.#latestRecords = text;
    try {
      this.#latest = selectServiceConfig(records, this.#client, this.#surroundings.trace);
      this.#complaint = '';
    } catch (error) {
      this.#complaint = `bad service config ignored: ${messageOf(error, LONGEST_NOTE)}`;
      logError(`${this.#name}: ${this.#complaint}`);
    }
  }
}
