/** A peer that accepts TCP connections and never says a word: not HTTP/2, not even goodbye. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { atEnd } from '../fleet.js';

export class SilentPeer {
  /** Connections accepted so far. */
  connections = 0;
  private readonly sockets: Set<Socket> = new Set();
  private readonly server: Server = createServer((socket) => {
    this.connections++;
    this.sockets.add(socket);
    socket.on('error', () => {});
    socket.resume();
  });

  /** Listens until the test ends; default: on any free port. */
  static async start(host: string, port = 0): Promise<SilentPeer> {
    const peer = new SilentPeer();
    peer.server.listen(port, host);
    await once(peer.server, 'listening');
    atEnd(() => peer.close());
    return peer;
  }

  get address(): { host: string; port: number } {
    const { address, port } = this.server.address() as AddressInfo;
    return { host: address, port };
  }

  /** Waits for the first connection; the test's own timeout bounds it. */
  async connected(): Promise<void> {
    if (this.connections === 0) await once(this.server, 'connection');
  }

  private close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }
}
