/** All that is changed in grpc-js: once in a process, when somebody wants to watch. It stays, and tells nobody of nothing. */
import { experimental, logVerbosity } from '@grpc/grpc-js';
import { hookAttempts, hookCalls } from './calls.js';
import { findInternals } from './internals.js';
import { hookRequests } from './registered-methods.js';
import { hookSubchannels } from './subchannels.js';

let isHooked = false;

export function hookGrpcJs(): void {
  if (isHooked) return;
  isHooked = true;
  hookCalls();
  attempt('every method is "other"', hookRequests);
  attempt('there are no metrics of attempts, retries and connections', () => {
    const { channel, pool } = findInternals();
    hookAttempts(channel);
    hookSubchannels(pool);
  });
}

/** What cannot be reached costs its metrics, never the program. */
function attempt(otherwise: string, hook: () => void): void {
  try {
    hook();
  } catch (error) {
    const { message } = error as Error;
    process.nextTick(() =>
      experimental.log(logVerbosity.ERROR, `@petiole/opentelemetry: ${message}: ${otherwise}`),
    );
  }
}
