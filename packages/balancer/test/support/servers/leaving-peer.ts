/** A peer that takes each connection, and speaks HTTP/2 only to end it at once. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { atEnd } from '../fleet.js';

const SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
const GOAWAY = Buffer.from([0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

export class LeavingPeer {
  /** Connections accepted so far. */
  connections = 0;
  private readonly server: Server;

  private constructor(how: 'GOAWAY' | 'FIN') {
    this.server = createServer((socket) => {
      this.connections++;
      socket.on('error', () => {});
      socket.resume();
      if (how === 'GOAWAY') socket.write(Buffer.concat([SETTINGS, GOAWAY]));
      else socket.end(SETTINGS);
    });
  }

  /** Listens on any free port until the test ends. */
  static async start(how: 'GOAWAY' | 'FIN'): Promise<LeavingPeer> {
    const peer = new LeavingPeer(how);
    peer.server.listen(0, '127.0.0.1');
    await once(peer.server, 'listening');
    atEnd(() => peer.server.close());
    return peer;
  }

  get address(): { host: string; port: number } {
    const { address, port } = this.server.address() as AddressInfo;
    return { host: address, port };
  }
}
