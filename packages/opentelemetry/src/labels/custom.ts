/** A word of the application's on its own RPCs (gRFC A108). */
import { AsyncLocalStorage } from 'node:async_hooks';

const current = new AsyncLocalStorage<string>();

/**
 * Runs `start`, and marks the RPCs that are started in it, also later on in what it awaits, with the label
 * `grpc.client.call.custom`. It is in metrics only where `optionalLabels` of `instrument` names it, and empty for
 * RPCs that nobody marked. Few different values: each makes the metrics of calls once more.
 *
 * @returns what `start` returns
 */
export function withCustomLabel<Result>(value: string, start: () => Result): Result {
  return current.run(value, start);
}

/** Of the RPC that is started now. */
export function customLabel(): string {
  return current.getStore() ?? '';
}
