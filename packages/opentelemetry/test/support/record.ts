/** Recording for as long as a test runs. */
import { onTestFinished } from 'vitest';
import { type InstrumentOptions, instrument } from '../../src/index.js';
import { Recorded } from './recorded.js';

/** Records until the test ends. */
export function record(options: InstrumentOptions = {}): Recorded {
  const recorded = new Recorded();
  onTestFinished(instrument({ meterProvider: recorded.meterProvider, ...options }));
  return recorded;
}
