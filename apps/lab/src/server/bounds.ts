/** What an action, and the command line, may set. */
import { type Bounds, MOST_SERVERS } from '../protocol.js';

export const BOUNDS: Bounds = {
  delayMs: { min: 0, max: 5_000 },
  errorRate: { min: 0, max: 1 },
  streamLimit: { min: 1, max: 1_000 },
  rate: { min: 0, max: 1_000 },
  concurrency: { min: 1, max: 500 },
  servers: { min: 1, max: MOST_SERVERS },
};
