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
export interface TxtLookup {
  /** Starts the look-up, unless one is still under way. */
  start(): void;
  /**
   * Waits for the look-up, for the grace at most and until the signal aborts; an answer that comes later counts from
   * the next look on.
   */
  settle(signal: AbortSignal): Promise<{ serviceConfig: object | null; note: string }>;
  /** The channel went idle or was closed: cancels the query under way. What was learned stays. */
  stop(): void;
}

/** @param service the name of the service, without the prefix. */
export function txtLookup(
  service: string,
  channelOptions: ChannelOptions,
  { open, deadline, trace, grace = 1000, prefix = '_grpc_config.' }: TxtSurroundings,
): TxtLookup {
  const name = `${prefix}${service}`;
  const client: ClientIdentity = { percentile: Math.random() * 100, hostname: hostname() };
  /** The query under way. It outlives the look that began it: otherwise an answer slower than the grace never counts. */
  let query: { readonly controller: AbortController; readonly ended: Promise<void> } | undefined;
  let latest: object | null = null;
  let latestRecords = '';
  let complaint = '';
  const enabled =
    channelOptions['grpc.service_config_disable_resolution'] !== 1 &&
    name.length <= 253 &&
    !/(?:^|\.)localhost$/i.test(service); // RFC 6761: not to be asked of DNS
  if (!enabled) trace?.(`no service config is asked for: TXT ${name}`);

  /** Never rejects. */
  async function ask(signal: AbortSignal): Promise<void> {
    let records: readonly string[] = [];
    try {
      records = await open(signal).txt(name);
    } catch (error) {
      if (signal.reason === STOPPED) return;
      const { message, isDefinite } = DnsError.from(error, 'TXT', name);
      // No record: no service config. No answer: whatever there was.
      trace?.(`${message}: ${isDefinite ? 'no service config' : 'the last service config stays'}`);
      if (!isDefinite) return;
    }
    accept(records);
  }

  function accept(records: readonly string[]): void {
    const text = JSON.stringify(records.toSorted());
    if (text === latestRecords) return;
    latestRecords = text;
    try {
      latest = selectServiceConfig(records, client, trace);
      complaint = '';
    } catch (error) {
      complaint = `bad service config ignored: ${messageOf(error, LONGEST_NOTE)}`;
      logError(`${name}: ${complaint}`);
    }
  }

  return {
    start() {
      if (!enabled || query !== undefined) return;
      const controller = new AbortController();
      const clock = new TurningClock();
      clock.wait(deadline, () => controller.abort());
      const ended = ask(controller.signal).finally(() => {
        clock.stop();
        controller.abort();
        if (query?.controller === controller) query = undefined;
      });
      query = { controller, ended };
    },

    async settle(signal) {
      const begun = query;
      if (begun !== undefined) {
        await atMost(grace, begun.ended, signal);
        if (query === begun) trace?.(`TXT ${name} is slow: a later look will use its answer`);
      }
      return { serviceConfig: latest, note: complaint };
    },

    stop() {
      const stopped = query;
      query = undefined;
      stopped?.controller.abort(STOPPED);
    },
  };
}
