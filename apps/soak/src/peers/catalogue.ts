/**
 * A catalogue that is asked over HTTP, and the resolver that asks it, written
 * as a user of `defineResolver` would write both.
 */
import { defineResolver, type Resolver } from '@petiole/resolver';
import { ScriptProcess } from './child-process.js';
import type { CatalogueRecord, Discovery } from './discovery.js';

/** The stalls of the fault `newcomer` last longer than this. */
const LOOK_UP_DEADLINE_MS = 2000;
const REFRESH_EVERY_MS = 100;

/** Asks the catalogue once. */
export type AskCatalogue = (url: string, signal: AbortSignal) => Promise<readonly CatalogueRecord[]>;

export const askCatalogue: AskCatalogue = async (url, signal) => {
  const response = await fetch(url, { signal });
  if (!response.ok) throw new Error(`the catalogue answered with ${response.status}`);
  return (await response.json()) as CatalogueRecord[];
};

/** Answers to targets such as `soak-catalogue:127.0.0.1:41234/client`. */
export function catalogueResolver(scheme: string, ask: AskCatalogue): Resolver {
  return defineResolver({
    scheme,
    authority: () => 'soak',
    refreshInterval: REFRESH_EVERY_MS,
    deadline: LOOK_UP_DEADLINE_MS,
    keepOrder: false,
    async resolve({ target, signal }) {
      const records = await ask(`http://${target.path}`, signal);
      return { endpoints: records.map(({ host, port }) => ({ addresses: [{ host, port }] })) };
    },
  });
}

export const CATALOGUE_RESOLVER: Resolver = catalogueResolver('soak-catalogue', askCatalogue);

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

  /** What one client is to know, to begin with. `resolver` asks for it; another than the default has a bug on purpose. */
  follow(
    addresses: readonly string[],
    bad: readonly CatalogueRecord[] = [],
    resolver: Resolver = CATALOGUE_RESOLVER,
  ): Discovery {
    resolver.register();
    const client = `client-${this.#clients++}`;
    const tell = (records: readonly CatalogueRecord[] | null) =>
      this.#process.say(`${client} ${JSON.stringify(records)}`);
    const list = (good: readonly string[], among: readonly CatalogueRecord[] = []) =>
      tell(withBad(good.map(recordOf), among));
    list(addresses, bad);
    return {
      target: `${resolver.scheme}:${this.#authority}/${client}`,
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
