/** Turns metrics on: what grpc-js does is watched, and recorded by the instruments of a MeterProvider. */
import { hookGrpcJs } from './grpc-js/hooks.js';
import { watch } from './grpc-js/watchers.js';
import { type InstrumentOptions, Recorder } from './metrics/recorder.js';

/**
 * Records gRPC's client metrics of every channel of the process, also of those that exist already, from the next RPC and
 * connection attempt on. Called twice, both record: with two providers, for instance.
 *
 * @returns what ends it
 * @throws RangeError if `enable` or `disable` names a metric that there is not
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
