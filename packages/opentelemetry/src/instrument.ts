/** Turns metrics on: what grpc-js does is watched, and recorded by the instruments of a MeterProvider. */
import { hookGrpcJs } from './grpc-js/hooks.js';
import { watch } from './grpc-js/watchers.js';
import type { InstrumentOptions } from './metrics/options.js';
import { Recorder } from './metrics/recorder.js';

/**
 * Records gRPC's client metrics of every channel of the process, also of those that exist already, from the next RPC and
 * connection attempt on. Called twice, both record: with two providers, for instance.
 *
 * @returns what ends it
 * @throws RangeError if `enable`, `disable` or `optionalLabels` has a name that there is not; TypeError on an option that there
 *   is not, or of another type
 */
export function instrument(options: InstrumentOptions = {}): () => void {
  const recorder = new Recorder(options);
  hookGrpcJs();
  const end = watch(recorder);
  return () => {
    end();
    recorder.close();
  };
}
