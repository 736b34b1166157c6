/**
 * Tracing through grpc-js's own logger: `GRPC_TRACE=<name>` with
 * `GRPC_VERBOSITY=DEBUG`, as every grpc-js component has it.
 */
import { experimental, logVerbosity } from '@grpc/grpc-js';

/** Writes one line of trace. */
export type Tracer = (text: string) => void;

const names = (process.env.GRPC_NODE_TRACE ?? process.env.GRPC_TRACE ?? '').split(',');

/**
 * The tracer of that name, or undefined when the environment does not ask for
 * it: `trace?.(text)` then costs nothing, not even the building of its text.
 */
export function tracer(name: string): Tracer | undefined {
  const wanted = (names.includes(name) || names.includes('all')) && !names.includes(`-${name}`);
  return wanted ? (text) => experimental.trace(logVerbosity.DEBUG, name, text) : undefined;
}
