/**
 * Telling others what has happened. Whoever hears of it may act: close the client, update its resolver. The policies of
 * grpc-js cannot stand that while they are at work. So it is told when the frames on the stack are over, in the order of
 * the calls, which is one order for all packages; what is told was made at the time of the call.
 */
import type { Channel } from 'node:diagnostics_channel';
import { experimental, logVerbosity } from '@grpc/grpc-js';

/** Publishes what `event` makes, if anything. `event` is not called while nobody subscribes. */
export function publishLater<Event extends object>(channel: Channel, event: () => Event | undefined): void {
  if (!channel.hasSubscribers) return;
  const message = event();
  if (message !== undefined) process.nextTick(() => channel.publish(message));
}

/** Writes to grpc-js's log what an operator must see without asking for it. `setLogger()` makes that a user's code. */
export function logError(text: string): void {
  process.nextTick(() => experimental.log(logVerbosity.ERROR, text));
}

const logged = new Set<string>();

/** The same, and once in a process: for what would come with each RPC. */
export function logErrorOnce(text: string): void {
  if (!logged.has(text)) logError(text);
  logged.add(text);
}
