/**
 * Tracers, switched on as grpc-js's own: `GRPC_TRACE=static_resolver GRPC_VERBOSITY=DEBUG`.
 * The text is built only when its tracer is on.
 */
import { experimental, logVerbosity } from '@grpc/grpc-js';

/** The tracers of this package. */
export type TracerName =
  | 'static_resolver'
  | 'manual_resolver'
  | 'srv_resolver'
  | 'dns_refresh_resolver'
  | 'polling_resolver';

/** Writes a line when its tracer is on. */
export type Trace = (text: () => string) => void;

const names = new Set((process.env.GRPC_NODE_TRACE ?? process.env.GRPC_TRACE ?? '').split(','));

/** Makes the trace function of a tracer; it does nothing when the tracer is off (fact R19). */
export function tracer(name: string): Trace {
  const enabled = (names.has('all') || names.has(name)) && !names.has(`-${name}`);
  return enabled ? (text) => experimental.trace(logVerbosity.DEBUG, name, text()) : () => {};
}
