/**
 * A catalogue that is asked over HTTP, and the resolver that asks it, written
 * as a user of `PollingResolver` would write both.
 */
import { type ChannelOptions, experimental } from '@grpc/grpc-js';
import { PollingResolver, type Resolution, type ResolutionAttempt } from '@petiole/resolver';
import { ScriptProcess } from './child-process.js';
import type { CatalogueRecord, Discovery } from './discovery.js';

/** The stalls of the fault `newcomer` last longer than this. */
const LOOK_UP_DEADLINE_MS = 2000;
const REFRESH_EVERY_MS = 100;

/** Answers to targets such as `soak-catalogue:127.0.0.1:41234/client`. */
export class CatalogueResolver extends PollingResolver {
  readonly #url: string;

  constructor(
    target: experimental.GrpcUri,
    listener: experimental.ResolverListener,
    channelOptions: ChannelOptions,
  ) {
    super(target, listener, channelOptions, {
      refreshInterval: REFRESH_EVERY_MS,
      deadline: LOOK_UP_DEADLINE_MS,
      keepOrder: false,
    });
    this.#url = `http://${target.path}`;
  }

  protected override async resolve({ signal }: ResolutionAttempt): Promise<Resolution> {
    const records = await this.ask(signal);
    return { endpoints: records.map(({ host, port }) => ({ addresses: [{ host, port }] })) };
  }

  protected async ask(signal: AbortSignal): Promise<readonly CatalogueRecord[]> {
    const response = await fetch(this.#url, { signal });
    if (!response.ok) throw new Error(`the catalogue answered with ${response.status}`);
    return (await response.json()) as CatalogueRecord[];
  }

  static getDefaultAuthority(): string {
    return 'soak';
  }
}

export class Catalogue {
  readonly #process: ScriptProcess;
  readonly #authority: string;
  #clients = 0;

  private constructor(process: ScriptProcess, authority: string) {
    this.#process = process;
    this.#authority = authority;
  }

  static async start(): Promise<Catalogue> {
    const process = new ScriptProcess('catalogue-process', []);
    return new Catalogue(process, `127.0.0.1:${await process.lineWith('port ')}`);
  }

  /** What one client is to know, to begin with. `Resolver` asks for it; another than the default has a bug on purpose. */
  follow(
    addresses: readonly string[],
    bad: readonly CatalogueRecord[] = [],
    Resolver: typeof CatalogueResolver = CatalogueResolver,
  ): Discovery {
    const scheme = schemeOf(Resolver);
    const client = `client-${this.#clients++}`;
    const tell = (records: readonly CatalogueRecord[] | null) =>
      this.#process.say(`${client} ${JSON.stringify(records)}`);
    const list = (good: readonly string[], among: readonly CatalogueRecord[] = []) =>
      tell(withBad(good.map(recordOf), among));
    list(addresses, bad);
    return {
      target: `${scheme}:${this.#authority}/${client}`,
      list,
      fail: () => tell(null),
      close: () => tell(null),
      asked: async () => {
        await this.#process.lineWith(`asked ${client}`);
      },
    };
  }
}

/** Half of the bad ones come first, so that good ones follow them. */
function withBad(
  good: readonly CatalogueRecord[],
  bad: readonly CatalogueRecord[],
): readonly CatalogueRecord[] {
  const half = Math.ceil(bad.length / 2);
  return [...bad.slice(0, half), ...good, ...bad.slice(half)];
}

function recordOf(address: string): CatalogueRecord {
  const [host = '', port] = address.split(':');
  return { host, port: Number(port) };
}

/** Registers the class with grpc-js when it is first used. */
function schemeOf(Resolver: typeof CatalogueResolver): string {
  const scheme = Resolver.name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).slice(1);
  experimental.registerResolver(scheme, Resolver);
  return scheme;
}
