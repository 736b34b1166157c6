/** How a client learns of its servers: from the catalogue, or from a manual resolver that the soak speaks through. */
import { createManualResolver } from '@petiole/resolver';

/** One server as the catalogue knows it. */
export interface CatalogueRecord {
  readonly host: string;
  readonly port: number;
}

export interface Discovery {
  readonly target: string;
  /** These addresses from now on, in this order. Bad records may stand among them where nobody checks what is listed. */
  list(addresses: readonly string[], bad?: readonly CatalogueRecord[]): void;
  /** Nothing can be looked up until the next `list`. */
  fail(): void;
  close(): void;
  /** Resolves when the next look-up is under way. */
  asked(): Promise<void>;
}

/** A manual resolver refuses bad records where the program lists them, so it is given none. */
export function manualDiscovery(addresses: readonly string[]): Discovery {
  const resolver = createManualResolver({ endpoints: addresses });
  return {
    target: resolver.target,
    list: (endpoints) => resolver.update({ endpoints }),
    fail: () => resolver.fail({ details: 'a resolver error of the soak' }),
    close: () => resolver.close(),
    asked: () => Promise.resolve(),
  };
}
