/** Tracing through grpc-js's own logger: `GRPC_TRACE=<name>` with `GRPC_VERBOSITY=DEBUG`, as grpc-js itself has it. */
import { experimental, logVerbosity } from '@grpc/grpc-js';

/** Writes one line of trace; undefined where nobody reads it: `trace?.(text)` then does not even make the text. */
export type Trace = ((text: string) => void) | undefined;

const names = new Set((process.env.GRPC_NODE_TRACE ?? process.env.GRPC_TRACE ?? '').split(','));

/** The tracer of that name, if the environment asks for it (fact R19). */
export function tracer(name: string): Trace {
  const isOn = (names.has('all') || names.has(name)) && !names.has(`-${name}`);
  return isOn ? (text) => experimental.trace(logVerbosity.DEBUG, name, text) : undefined;
}
