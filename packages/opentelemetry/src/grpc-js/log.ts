/** grpc-js's own log, which a program may have given another writer. */
import { inspect } from 'node:util';
import { experimental, logVerbosity } from '@grpc/grpc-js';

/** Told when what runs now is over: nobody's logger is called in the middle of an RPC. */
export function logError(text: string): void {
  process.nextTick(() => experimental.log(logVerbosity.ERROR, `@petiole/opentelemetry: ${text}`));
}

/** For what goes wrong again and again: the first time is told. */
export function firstError(): (text: string, error: unknown) => void {
  let isTold = false;
  return (text, error) => {
    if (!isTold) logError(`${text}: ${show(error)}`);
    isTold = true;
  };
}

/** Errors with where they come from. Targets and methods may be of any length. */
export function show(value: unknown): string {
  return inspect(value, { customInspect: false, depth: 0, maxStringLength: 200 });
}
