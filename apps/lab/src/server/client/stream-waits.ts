/** Tells when RPCs begin to wait for a stream of a server, and when none has waited for a second. */
import type { ServerTick } from '../../protocol.js';

const QUIET_TICKS = 10;

interface Wait {
  most: number;
  quiet: number;
}

export class StreamWaits {
  readonly #tell: (server: number, text: string) => void;
  readonly #waits = new Map<number, Wait>();

  constructor(tell: (server: number, text: string) => void) {
    this.#tell = tell;
  }

  /** @param allowed how many streams a server allows on a connection */
  tick(
    servers: readonly Pick<ServerTick, 'id' | 'waiting'>[],
    allowed: (server: number) => number | undefined,
  ): void {
    for (const { id, waiting } of servers) {
      if (waiting === 0) continue;
      const wait = this.#waits.get(id);
      if (wait === undefined) {
        const most = allowed(id);
        const limit = most === undefined ? '' : `: the server allows ${most} at a time on a connection`;
        this.#tell(id, `RPCs wait for a stream${limit}`);
      }
      this.#waits.set(id, { most: Math.max(waiting, wait?.most ?? 0), quiet: -1 });
    }
    for (const [id, wait] of this.#waits) {
      if (++wait.quiet < QUIET_TICKS) continue;
      this.#waits.delete(id);
      this.#tell(id, `no RPC waits for a stream any more; ${wait.most} did at most`);
    }
  }
}
