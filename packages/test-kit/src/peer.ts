/** Peers that accept TCP connections and speak no gRPC: they are silent, or end each connection at once. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

const SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
const GOAWAY = Buffer.from([0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

const MANNERS = {
  silent: () => {},
  GOAWAY: (socket: Socket) => socket.write(Buffer.concat([SETTINGS, GOAWAY])),
  FIN: (socket: Socket) => socket.end(SETTINGS),
};

export class Peer {
  /** Connections accepted so far. */
  connections = 0;
  readonly #sockets: Set<Socket> = new Set();
  readonly #server: Server;

  private constructor(manners: keyof typeof MANNERS) {
    this.#server = createServer((socket) => {
      this.connections++;
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.resume();
      MANNERS[manners](socket);
    });
  }

  /** Default port: any free one. */
  static async start(manners: keyof typeof MANNERS, host = '127.0.0.1', port = 0): Promise<Peer> {
    const peer = new Peer(manners);
    peer.#server.listen(port, host);
    await once(peer.#server, 'listening');
    return peer;
  }

  get address(): { host: string; port: number } {
    const { address, port } = this.#server.address() as AddressInfo;
    return { host: address, port };
  }

  /** Waits for the first connection; the test's own timeout bounds it. */
  async connected(): Promise<void> {
    if (this.connections === 0) await once(this.#server, 'connection');
  }

  /** Breaks its connections. */
  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  close(): void {
    this.#server.close();
    this.drop();
  }
}
