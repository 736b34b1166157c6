/** A bidirectional stream that stays open for a while, with a message now and then. */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { EchoClient } from '@petiole/echo-proto';
import { RPC_TIMEOUT_MS } from '../../protocol.js';

/** A stream lives between one second and three, from its first answer on. */
const SHORTEST_MS = 1_000;
const LONGEST_MS = 3_000;
const MESSAGES = 4;

/** Resolves when it has ended, however that is. */
export function echoStream(client: EchoClient, signal: AbortSignal): Promise<void> {
  const lifeMs = SHORTEST_MS + Math.random() * (LONGEST_MS - SHORTEST_MS);
  return new Promise((resolve) => {
    const ended = new AbortController();
    const stream = client.bidirectionalStreamingEcho({ deadline: Date.now() + lifeMs + RPC_TIMEOUT_MS });
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
      if (sent === 0) await once(stream, 'data', { signal: ended });
      await delay(lifeMs / MESSAGES, undefined, { signal: ended });
    }
    stream.end();
  } catch {
    // It ended first.
  }
}
