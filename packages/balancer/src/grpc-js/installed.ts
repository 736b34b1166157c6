/**
 * The grpc-js of this process. One that lacks what this package needs is refused: so this module is imported first, as
 * some of the others use grpc-js when they are loaded. A second copy is noticed: policies are registered with one copy,
 * and channels of another one would use pick_first without a word (B18).
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { experimental, Metadata } from '@grpc/grpc-js';
import { logError } from '@petiole/service-config/internal';

/** What this package needs of grpc-js's experimental API, all there since 1.14.5. */
const NEEDED = [
  'BackoffTimeout',
  'BaseSubchannelWrapper',
  'CHANNEL_ARGS_CONFIG_SELECTOR_KEY',
  'LeafLoadBalancer',
  'PickResultType',
  'SUBCHANNEL_ARGS_EXCLUDE_KEY_PREFIX',
  'isLoadBalancerNameRegistered',
  'parseLoadBalancingConfig',
  'registerLoadBalancerType',
  'subchannelAddressToString',
] as const satisfies readonly (keyof typeof experimental)[];

/** The peer range of package.json, as an error message tells it. */
const PEER_RANGE = '^1.14.5';

// An alias (`npm:@grpc/grpc-js@…`) may have put the package into a folder of any name.
const ENTRY = /[\\/]build[\\/]src[\\/]index\.js$/;

/** Time for an application to load its modules, when this one was loaded first by `--import`. */
const SECOND_LOOK_MS = 1000;

// Node keeps CommonJS modules here, whether require or import has loaded them; one cache for all, from wherever one asks.
// Not from import.meta.url, which is undefined where a bundler has made CommonJS of this.
const loaded = createRequire(process.execPath).cache;
const reported = new Set<string>();
let isWatching = false;

assertUsable(experimental, grpcJsVersion);

/** @throws Error that names both versions, if a part of the experimental API is missing */
export function assertUsable(api: Partial<typeof experimental>, version: () => string): void {
  const missing = NEEDED.filter((part) => api[part] === undefined);
  if (missing.length === 0) return;
  throw new Error(
    `@petiole/balancer needs @grpc/grpc-js ${PEER_RANGE}, but ${version()} is installed, ` +
      `which lacks experimental.${missing.join(', experimental.')}`,
  );
}

/** The version of the grpc-js that this package uses. */
export function grpcJsVersion(): string {
  return manifestOf(ownCopy()).version;
}

/**
 * Looks for other copies now and once more a little later; each is reported once, at ERROR. One that is loaded
 * after that goes unnoticed.
 */
export function watchForeignCopies(): void {
  reportForeignCopies();
  if (!isWatching) setTimeout(reportForeignCopies, SECOND_LOOK_MS).unref();
  isWatching = true;
}

export function reportForeignCopies(): void {
  const own = ownCopy();
  if (own === undefined) return;
  for (const entry of Object.keys(loaded)) {
    if (!ENTRY.test(entry) || entry === own || reported.has(entry)) continue;
    reported.add(entry);
    const { name, version } = manifestOf(entry);
    if (name !== '@grpc/grpc-js') continue;
    logError(
      `Two copies of @grpc/grpc-js are loaded: ${grpcJsVersion()} in ${directoryOf(own)}, with which ` +
        `@petiole/balancer has registered its policies, and ${version} in ${directoryOf(entry)}, whose ` +
        'channels do not know them and use pick_first instead. See `npm ls @grpc/grpc-js`.',
    );
  }
}

/** Undefined where it is bundled: then there is no path to compare. */
function ownCopy(): string | undefined {
  return Object.keys(loaded).find(
    (entry) => ENTRY.test(entry) && loaded[entry]?.exports?.Metadata === Metadata,
  );
}

function directoryOf(entry: string): string {
  return entry.replace(ENTRY, '');
}

/** What the package.json above an entry point says. */
function manifestOf(entry: string | undefined): { name?: string; version: string } {
  const unknown = { version: 'an unknown version' };
  if (entry === undefined) return unknown;
  try {
    return { ...unknown, ...JSON.parse(readFileSync(`${directoryOf(entry)}/package.json`, 'utf8')) };
  } catch {
    return unknown;
  }
}
