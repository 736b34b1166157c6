/** Diagnostics channels, heard for as long as a test runs. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { onTestFinished } from 'vitest';
import { told } from './told.js';

/** Calls the listener with each message of these channels until the test ends; answers with what ends it before. */
export function hear<Message>(
  channels: readonly string[],
  listener: (message: Message, channel: string) => void,
): () => void {
  const hearOne = (message: unknown, channel: string | symbol): void =>
    listener(message as Message, String(channel));
  const stop = (): void => {
    for (const channel of channels) unsubscribe(channel, hearOne);
  };
  for (const channel of channels) subscribe(channel, hearOne);
  onTestFinished(() => {
    stop();
    // What is told of the end of one test must not reach the listener of the next one.
    return told();
  });
  return stop;
}
