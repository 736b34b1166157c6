/**
 * Notices a second copy of grpc-js in the process. Policies are registered with
 * one copy; channels of another one would use pick_first without a word.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { logError } from './trace.js';

const ENTRY = /[\\/]@grpc[\\/]grpc-js[\\/]build[\\/]src[\\/]index\.js$/;

/** Time for an application to load its modules, when this one was loaded first by `--import`. */
const SECOND_LOOK_MS = 1000;

const require = createRequire(import.meta.url);
const reported = new Set<string>();
let watching = false;

/** The version of the grpc-js that this package uses. */
export function grpcJsVersion(): string {
  return versionOf(ownCopy());
}

/** Looks for other copies now and once more a little later; each is reported once, at ERROR. */
export function watchForeignCopies(): void {
  reportForeignCopies();
  if (watching) return;
  watching = true;
  setTimeout(reportForeignCopies, SECOND_LOOK_MS).unref();
}

export function reportForeignCopies(): void {
  const own = ownCopy();
  if (own === undefined) return;
  for (const copy of Object.keys(require.cache)) {
    if (!ENTRY.test(copy) || copy === own || reported.has(copy)) continue;
    reported.add(copy);
    logError(
      `Two copies of @grpc/grpc-js are loaded: ${versionOf(own)} in ${directoryOf(own)}, with which ` +
        `@petiole/balancer has registered its policies, and ${versionOf(copy)} in ${directoryOf(copy)}, whose ` +
        'channels do not know them and use pick_first instead. See `npm ls @grpc/grpc-js`.',
    );
  }
}

function ownCopy(): string | undefined {
  try {
    return require.resolve('@grpc/grpc-js');
  } catch {
    return undefined; // bundled: there is no path to compare
  }
}

function directoryOf(entry: string): string {
  return entry.replace(/[\\/]build[\\/]src[\\/]index\.js$/, '');
}

function versionOf(entry: string | undefined): string {
  if (entry === undefined) return 'an unknown version';
  try {
    const manifest = readFileSync(`${directoryOf(entry)}/package.json`, 'utf8');
    return (JSON.parse(manifest) as { version: string }).version;
  } catch {
    return 'an unknown version';
  }
}
