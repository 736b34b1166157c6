/** All that is changed in grpc-js: once, when somebody wants to watch. It stays, and tells nobody where nobody watches. */
import * as grpcJs from '@grpc/grpc-js';
import { hookResolutions } from './backends.js';
import { hookAttempts, hookCalls } from './calls.js';
import { findInternals, findLoadBalancer, type GrpcJs } from './internals.js';
import { logError } from './log.js';
import { hookOutlierDetection } from './outliers.js';
import { hookPicks } from './picks.js';
import { hookRequests } from './registered-methods.js';
import { hookSubchannels } from './subchannels.js';

const hooked = new WeakSet<object>();

/** @param copy another copy of grpc-js, for tests of the oldest one */
export function hookGrpcJs(copy: GrpcJs = grpcJs): void {
  if (hooked.has(copy.Channel)) return;
  hooked.add(copy.Channel);
  hookCalls(copy);
  attempt('every method is "other"', () => hookRequests(copy));
  attempt('there are no metrics of attempts, retries and connections', () => {
    const { rpc, channel, pool } = findInternals(copy);
    hookAttempts(rpc, channel);
    hookPicks(channel);
    hookSubchannels(pool);
  });
  attempt('grpc.lb.locality and grpc.lb.backend_service are empty', () =>
    hookResolutions(findLoadBalancer(copy)),
  );
  attempt('there are no metrics of outlier detection', () => hookOutlierDetection(copy));
}

/** What cannot be reached costs its metrics, never the program. */
function attempt(otherwise: string, hook: () => void): void {
  try {
    hook();
  } catch (error) {
    logError(`${(error as Error).message}: ${otherwise}`);
  }
}
