/**
 * The grpc-js of this process. One that lacks what this package needs is refused: so this module is imported first, as
 * some of the others use grpc-js when they are loaded. A second copy is noticed: policies are registered with one copy,
 * and channels of another one would use pick_first without a word (B18).
 */
import { readFileSync } from 'node:fs';
import nodeModule from 'node:module';
import { setTimeout } from 'node:timers';
import { Channel, Client, experimental, Metadata } from '@grpc/grpc-js';
import { logError, show } from '@petiole/service-config/internal';

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
// Not from import.meta.url, which is undefined where a bundler has made CommonJS of this; and not by a `createRequire` that is
// imported by name, which webpack from 5.105.3 on replaces by a function of its own.
const loaded = (): NodeJS.Dict<NodeJS.Module> => nodeModule.createRequire(process.execPath).cache;
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
  for (const entry of Object.keys(loaded())) {
    if (!ENTRY.test(entry) || entry === own || reported.has(entry)) continue;
    reported.add(entry);
    const { name, version } = manifestOf(entry);
    if (name !== '@grpc/grpc-js' || isTolerated(entry, version)) continue;
    logError(
      `Two copies of @grpc/grpc-js are loaded: ${grpcJsVersion()} in ${directoryOf(own)}, which has the policies of ` +
        `@petiole/balancer, and ${version} in ${directoryOf(entry)}, which has not. A client of yours that comes from ` +
        'there uses pick_first instead, or refuses its service config: `npm ls @grpc/grpc-js` shows who brings it. If no ' +
        `client does, tolerateGrpcJsCopies('${version}') before register(), or PETIOLE_TOLERATE_GRPC_JS=${version}, ` +
        'silences this line.',
    );
  }
}

const tolerated = new Set((process.env.PETIOLE_TOLERATE_GRPC_JS ?? '').split(',').filter(Boolean));

/**
 * Says that another copy of grpc-js in the process is known, and makes no client that needs these policies: no line is
 * logged for it. The environment variable `PETIOLE_TOLERATE_GRPC_JS` does the same, with commas between.
 *
 * @param copies each a version (`'1.9.15'`), or a part of the path of its folder (`'firebase'`)
 */
export function tolerateGrpcJsCopies(...copies: readonly string[]): void {
  for (const copy of copies) {
    if (typeof copy !== 'string' || copy === '')
      throw new TypeError(
        `tolerateGrpcJsCopies: must be given versions or parts of paths, got ${show(copy)}`,
      );
    tolerated.add(copy);
  }
}

function isTolerated(entry: string, version: string): boolean {
  return (
    tolerated.has(version) || [...tolerated].some((part) => !/^[\d.]+$/.test(part) && entry.includes(part))
  );
}

/**
 * Makes sure that a client knows the policies of this package: that it was made by the copy of grpc-js in which they are
 * registered. A bundle may contain a second copy that no tool lists.
 *
 * @param client a client, or its channel
 * @throws Error if it was made by another copy, whose clients use `pick_first` without a word
 */
export function assertSameGrpcJs(client: object): void {
  if (client instanceof Client || client instanceof Channel) return;
  const own = ownCopy();
  const where = own === undefined ? ', bundled' : ` in ${directoryOf(own)}`;
  throw new Error(
    'assertSameGrpcJs: the client was made by another copy of @grpc/grpc-js than the one that knows the policies of ' +
      `@petiole/balancer (${grpcJsVersion()}${where}), and does not use them. \`npm ls @grpc/grpc-js\` shows who ` +
      'brings a second one. In a bundle, keep both packages inside, or both outside.',
  );
}

/** Undefined where it is bundled: then there is no path to compare. */
function ownCopy(): string | undefined {
  return Object.keys(loaded()).find(
    (entry) => ENTRY.test(entry) && loaded()[entry]?.exports?.Metadata === Metadata,
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
