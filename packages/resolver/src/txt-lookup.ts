/**
 * The look-up of a name's service config in DNS, so that it never costs the addresses: a TXT record that cannot be
 * had or read leaves the last good one in place.
 */
import { hostname } from 'node:os';
import { type ChannelOptions, experimental, logVerbosity } from '@grpc/grpc-js';
import { DnsError } from './dns-error.js';
import type { DnsSession } from './dns-session.js';
import { ServiceConfigError } from './service-config-error.js';
import { type ClientIdentity, selectServiceConfig } from './txt-service-config.js';

/** How long the addresses wait for the service config, once they are there. */
const GRACE_MS = 1000;

/** One channel's service config from TXT; off with the channel option `grpc.service_config_disable_resolution`: 1. */
export class TxtLookup {
  readonly #name: string;
  readonly #enabled: boolean;
  readonly #client: ClientIdentity = { percentile: Math.random() * 100, hostname: hostname() };
  #latest: object | null = null;
  #latestRecords = '';
  #complaint = '';

  /** @param name the name of the service, without `_grpc_config.`. */
  constructor(name: string, channelOptions: ChannelOptions) {
    this.#name = `_grpc_config.${name}`;
    this.#enabled =
      channelOptions['grpc.service_config_disable_resolution'] !== 1 &&
      this.#name.length <= 253 &&
      !/(?:^|\.)localhost$/i.test(name); // RFC 6761: not to be asked of DNS
  }

  /** Starts the look-up; `settle` waits for it at most one second more. The same config is the same object. */
  start(session: DnsSession): { settle(): Promise<{ serviceConfig: object | null; note: string }> } {
    const asked = this.#enabled ? this.#ask(session) : Promise.resolve();
    asked.catch(() => {}); // settle() may never be called
    return {
      settle: async () => {
        let timer: NodeJS.Timeout | undefined;
        const grace = new Promise<void>((resolve) => {
          timer = setTimeout(resolve, GRACE_MS).unref();
        });
        await Promise.race([asked, grace]);
        clearTimeout(timer);
        return { serviceConfig: this.#latest, note: this.#complaint };
      },
    };
  }

  async #ask(session: DnsSession): Promise<void> {
    let records: readonly string[];
    try {
      records = await session.txt(this.#name);
    } catch (error) {
      // No record: no service config. No answer: whatever there was.
      if (DnsError.from(error, 'TXT', this.#name).isDefinite) this.#accept([]);
      return;
    }
    this.#accept(records);
  }

  #accept(records: readonly string[]): void {
    const text = JSON.stringify(records.toSorted());
    if (text === this.#latestRecords) return;
    this.#latestRecords = text;
    try {
      this.#latest = selectServiceConfig(records, this.#client);
      this.#complaint = '';
    } catch (error) {
      if (!(error instanceof ServiceConfigError)) throw error;
      this.#complaint = `bad service config ignored: ${error.message}`;
      experimental.log(logVerbosity.ERROR, `${this.#name}: ${this.#complaint}`);
    }
  }
}
