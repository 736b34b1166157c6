/**
 * Notices a second copy of grpc-js in the process. Policies are registered with
 * one copy; channels of another one would use pick_first without a word (B18).
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Metadata } from '@grpc/grpc-js';
import { logError } from '@petiole/service-config/internal';

// An alias (`npm:@grpc/grpc-js@…`) may have put the package into a folder of any name.
const ENTRY = /[\\/]build[\\/]src[\\/]index\.js$/;

/** Time for an application to load its modules, when this one was loaded first by `--import`. */
const SECOND_LOOK_MS = 1000;

// Node keeps CommonJS modules here, whether require or import has loaded them; one cache for all, from wherever one asks.
// Not from import.meta.url, which is undefined where a bundler has made CommonJS of this.
const loaded = createRequire(process.execPath).cache;
const reported = new Set<string>();
let watching = false;

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
  if (watching) return;
  watching = true;
  setTimeout(reportForeignCopies, SECOND_LOOK_MS).unref();
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
