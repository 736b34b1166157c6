/** Peers that end each connection as soon as it is there. Each client has some of its own, so that dials can be counted by client. */
import type { ServerHistory } from './backend.js';
import { ScriptProcess } from './child-process.js';

/** One says GOAWAY, one closes. */
const KINDS = 2;
const HOST = process.platform === 'linux' ? '127.0.0.10' : '127.0.0.1';

export class ConnectAndGoPeers {
  readonly #process: ScriptProcess;
  /** For the judgement of RPCs that were put on a connection to one of them: they were never up. */
  readonly histories: readonly ServerHistory[];

  private constructor(process: ScriptProcess, addresses: readonly string[]) {
    this.#process = process;
    this.histories = addresses.map((address) => ({
      address,
      outages: [{ kind: 'dead', from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY }],
    }));
  }

  static async start(clients: number): Promise<ConnectAndGoPeers> {
    const child = new ScriptProcess('connect-and-go-process', [HOST, String(KINDS * clients)]);
    const ports: readonly number[] = JSON.parse(await child.lineWith('ports '));
    return new ConnectAndGoPeers(
      child,
      ports.map((port) => `${HOST}:${port}`),
    );
  }

  /** The addresses of the peers of that client. */
  of(client: number): readonly string[] {
    return this.histories.slice(KINDS * client, KINDS * (client + 1)).map(({ address }) => address);
  }

  /** How often each has been dialled since the start of the run, by address. */
  async dials(): Promise<ReadonlyMap<string, number>> {
    const told = this.#process.lineWith('dials ');
    this.#process.say('dials');
    const dials: readonly number[] = JSON.parse(await told);
    return new Map(this.histories.map(({ address }, n) => [address, dials[n] ?? 0]));
  }
}
