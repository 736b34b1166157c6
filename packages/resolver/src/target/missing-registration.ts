/** Notices that nobody has registered the scheme of a target: grpc-js would hand it to `dns:` (fact R5). */
import { setImmediate } from 'node:timers';
import { logError, registeredSchemes } from '@petiole/service-config/internal';

const CALLS = {
  static: 'registerStaticResolver()',
  srv: 'registerSrvResolver()',
  'dns+refresh': 'registerRefreshingDnsResolver()',
};

/** Says which call is missing; undefined when none is. */
export function missingRegistration(scheme: keyof typeof CALLS): string | undefined {
  if (registeredSchemes().has(scheme)) return undefined;
  return `no resolver for ${scheme}: is registered, so that grpc-js would hand such a target to dns:; call ${CALLS[scheme]}, or import '@petiole/resolver/register', before a client is made`;
}

let isWatched = false;

/** Logs one line, once per process, when nobody has registered the scheme by the next turn of the event loop. */
export function expectRegistration(scheme: keyof typeof CALLS, who: string): void {
  if (isWatched) return;
  isWatched = true;
  setImmediate(() => {
    const missing = missingRegistration(scheme);
    if (missing !== undefined) logError(`${who}: ${missing}`);
  });
}
