/**
 * A port whose listen queue is full: the system drops what knocks there, so a
 * connection attempt gets no answer at all. The process that listens is frozen
 * before it accepts anybody.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { ScriptProcess } from './child-process.js';

/** More than any backlog of 1 holds. */
const MAX_FILLERS = 16;
/** On the loopback, a connection that is not there after so long will not come. */
const UNANSWERED_MS = 150;

export class ClogPeer {
  readonly #process: ScriptProcess;
  readonly #fillers: readonly Socket[];

  private constructor(process: ScriptProcess, fillers: readonly Socket[]) {
    this.#process = process;
    this.#fillers = fillers;
  }

  static async start(host: string, port: number): Promise<ClogPeer> {
    const child = new ScriptProcess('clog-process', [host, String(port)]);
    await child.lineWith('listening');
    child.signal('SIGSTOP');
    const fillers: Socket[] = [];
    for (let n = 0; n < MAX_FILLERS; n++) {
      const socket = connect({ host, port });
      socket.on('error', () => {});
      fillers.push(socket);
      const answered = await Promise.race([
        once(socket, 'connect').then(
          () => true,
          () => true,
        ),
        // After a stall the timer comes before the answer is read.
        pause(UNANSWERED_MS).then(() => new Promise<false>((resolve) => setImmediate(() => resolve(false)))),
      ]);
      if (!answered) break;
    }
    return new ClogPeer(child, fillers);
  }

  async end(): Promise<void> {
    for (const socket of this.#fillers) socket.destroy();
    this.#process.signal('SIGKILL');
    await this.#process.ended();
  }
}
