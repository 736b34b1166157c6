/** grpc-js's own log, which a program may have given another writer. */
import { experimental, logVerbosity } from '@grpc/grpc-js';

/** Told when what runs now is over: nobody's logger is called in the middle of an RPC. */
export function logError(text: string): void {
  process.nextTick(() => experimental.log(logVerbosity.ERROR, `@petiole/opentelemetry: ${text}`));
}
