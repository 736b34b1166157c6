/**
 * Waits until every endpoint has a server, so that the client may start first.
 * It waits on a channel of its own, and the run begins on a fresh one: once
 * its first attempts have failed, pick_first takes whichever address answers
 * first (each has its own backoff), and a late dual-stack server is reached
 * by IPv4 as often as by IPv6.
 */
import { createEchoClient, type EchoChannelConfig } from './echo-channel.js';

/** Rejects at the deadline (milliseconds since the epoch). */
export async function waitForServers(config: EchoChannelConfig, deadline: number): Promise<void> {
  const scout = createEchoClient({ ...config, ownConnections: true });
  try {
    await new Promise<void>((resolve, reject) => {
      scout.waitForReady(deadline, (error) => (error === undefined ? resolve() : reject(error)));
    });
  } finally {
    scout.close();
  }
}
