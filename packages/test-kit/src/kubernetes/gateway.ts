/**
 * What the resolver takes for the API server: it terminates TLS, and hands each request on, to the real one or to what was
 * recorded of it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { issue, type KeyPair } from '../certificates.js';

export interface Upstream {
  handle(request: IncomingMessage, response: ServerResponse): void;
}

export class Gateway {
  readonly ca: KeyPair;
  readonly #server: Server;
  /** Those whose handshake has not ended, too. */
  readonly #sockets: Set<Socket> = new Set();

  private constructor(ca: KeyPair, server: Server) {
    this.ca = ca;
    this.#server = server;
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  /** Listens on a free port of 127.0.0.1; closed with `close()`. */
  static async start(upstream: Upstream): Promise<Gateway> {
    const ca = await issue(['Petiole']);
    // Client certificates are asked for and not judged: that is a matter of the upstream.
    const tls = {
      ...(await issue(['127.0.0.1'], ca)),
      ca: ca.cert,
      requestCert: true,
      rejectUnauthorized: false,
    };
    const server = createServer(tls, (request, response) => upstream.handle(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new Gateway(ca, server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `https://127.0.0.1:${this.port}`;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** What a request is for, without what is different each time. */
export function purposeOf(url: string): string {
  const query = new URL(url, 'https://gateway').searchParams;
  if (query.has('watch')) return `watch from ${query.get('resourceVersion')}`;
  return query.has('continue') ? 'list, next page' : 'list';
}
