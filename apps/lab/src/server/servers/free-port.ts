/** A port that is free on both loopback addresses: a server's endpoint names both, and no stranger is to answer at either. */
import type { AddressInfo } from 'node:net';
import { close, listen } from '../port.js';

const TRIES = 20;

/** @throws {Error} (rejects) if there is none */
export async function freePort(): Promise<number> {
  for (let tries = 1; ; tries++) {
    const first = await listen('127.0.0.1', 0);
    const { port } = first.address() as AddressInfo;
    try {
      await close(await listen('::1', port));
      return port;
    } catch (error) {
      // A machine without IPv6 has no stranger there either.
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return port;
      if (tries === TRIES) throw error;
    } finally {
      await close(first);
    }
  }
}
