/** A bidirectional stream that stays open for a while, with a message now and then. */
import { setTimeout as delay } from 'node:timers/promises';
import type { EchoClient } from '@petiole/echo-proto';

/** A stream lives between one second and five. */
const SHORTEST_MS = 1_000;
const LONGEST_MS = 5_000;
const MESSAGES = 4;
/** Beyond its life: what a server needs to answer, or the time until a frozen one is given up. */
const PATIENCE_MS = 3_000;

/** Resolves when it has ended, however that is. */
export function echoStream(client: EchoClient, signal: AbortSignal): Promise<void> {
  const lifeMs = SHORTEST_MS + Math.random() * (LONGEST_MS - SHORTEST_MS);
  return new Promise((resolve) => {
    const ended = new AbortController();
    const stream = client.bidirectionalStreamingEcho({ deadline: Date.now() + lifeMs + PATIENCE_MS });
    const cancel = (): void => stream.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    stream.on('error', () => {});
    stream.on('data', () => {});
    stream.on('status', () => {
      signal.removeEventListener('abort', cancel);
      ended.abort();
      resolve();
    });
    void speak(stream, lifeMs, ended.signal);
  });
}

/** Its messages, evenly over its life, and the end of its own half. */
async function speak(
  stream: ReturnType<EchoClient['bidirectionalStreamingEcho']>,
  lifeMs: number,
  ended: AbortSignal,
): Promise<void> {
  try {
    for (let sent = 0; sent < MESSAGES; sent++) {
      stream.write({ message: 'lab' });
      await delay(lifeMs / MESSAGES, undefined, { signal: ended });
    }
    stream.end();
  } catch {
    // It ended first.
  }
}
