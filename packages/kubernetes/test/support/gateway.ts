/**
 * What the resolver takes for the API server: it terminates TLS, and hands each request on, to the real one or to what was
 * recorded of it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { issue, type KeyPair, makeCa } from './certificates.js';

export interface Upstream {
  handle(request: IncomingMessage, response: ServerResponse): void;
}

export class Gateway {
  readonly ca: KeyPair;
  readonly #server: Server;

  private constructor(ca: KeyPair, server: Server) {
    this.ca = ca;
    this.#server = server;
  }

  /** Listens on a free port of 127.0.0.1; closed with `close()`. */
  static async start(upstream: Upstream): Promise<Gateway> {
    const ca = await makeCa();
    // Client certificates are asked for and not judged: that is a matter of the upstream.
    const tls = {
      ...(await issue(ca, 'gateway', 'serverAuth')),
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
    this.#server.closeAllConnections();
  }
}

/** What a request is for, without what is different each time. */
export function purposeOf(url: string): string {
  const query = new URL(url, 'https://gateway').searchParams;
  if (query.has('watch')) return `watch from ${query.get('resourceVersion')}`;
  return query.has('continue') ? 'list, next page' : 'list';
}
