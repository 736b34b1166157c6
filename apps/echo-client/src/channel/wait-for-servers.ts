/**
 * Waits until every endpoint has a server, so that the client may start first.
 * It waits on a channel of its own, and the run begins on a fresh one: once
 * its first attempts have failed, pick_first takes whichever address answers
 * first (each has its own backoff), and a late dual-stack server is reached
 * by IPv4 as often as by IPv6.
 */

import { setTimeout as delay } from 'node:timers/promises';
import type { EchoClient } from '@petiole/echo-proto';
import { addressStates } from './channelz.js';
import { createEchoClient, type EchoChannelConfig } from './echo-channel.js';
import { unaryEcho } from './unary-echo.js';

/** How long a channel that has no connection may take to say why. */
const LAST_WORD_MS = 200;

/** Rejects at the deadline (milliseconds since the epoch) with what RPCs are told, and when the signal says so. */
export async function waitForServers(
  config: EchoChannelConfig,
  deadline: number,
  signal: AbortSignal,
): Promise<void> {
  const scout = createEchoClient({ ...config, ownConnections: true });
  try {
    await connected(scout, deadline, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    const lastWord = await unaryEcho(scout, { message: '', deadline: Date.now() + LAST_WORD_MS, signal });
    throw new Error(lastWord.details, { cause: error });
  } finally {
    scout.close();
  }
}

/** Connects; resolves when the channel is READY. Rejects at the deadline, and when the signal says so. */
export function connected(client: EchoClient, deadline: number, signal: AbortSignal): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const interrupt = (): void => reject(new Error('interrupted'));
    if (signal.aborted) interrupt();
    signal.addEventListener('abort', interrupt, { once: true });
    client.waitForReady(deadline, (error) => {
      signal.removeEventListener('abort', interrupt);
      if (error === undefined) resolve();
      else reject(error);
    });
  });
}

/** How often the endpoints that connect slowly are looked at. */
const LOOK_EVERY_MS = 5;

/** Looks, a second in all, and not a time: whatever else keeps this process busy takes none away. */
const LOOKS = 200;

/**
 * Policies that start with the first connection would give it the first RPCs: lets the other endpoints connect or
 * fail first, for a second at most. A `pick_first` channel has one connection, and is done at once.
 */
export async function settled(client: EchoClient): Promise<void> {
  for (let look = 0; look < LOOKS; look++) {
    if (!addressStates(client).some(({ state }) => state === 'CONNECTING')) return;
    await delay(LOOK_EVERY_MS);
  }
}
