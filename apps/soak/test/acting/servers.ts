/**
 * Servers for many scenarios at once. Each scenario has a loopback address of its own, at which all of them answer: by it
 * they know whose connections they hold, and by the name of the health service whose Watches.
 */
import type { Socket } from 'node:net';
import { Backend } from '@petiole/test-kit/backend';
import { HealthServer, type WatchStream } from '@petiole/test-kit/health-server';
import { Peer } from '@petiole/test-kit/peer';

/** At every 127.x.y.z; beside them one that takes connections and is silent. */
export class Servers {
  readonly ports: readonly number[];
  readonly silentPort: number;
  readonly #backends: readonly Backend[];
  readonly #health: HealthServer;
  readonly #silent: Peer;
  /** Watches that the servers have ended. */
  readonly #ended: Set<WatchStream> = new Set();

  private constructor(backends: readonly Backend[], health: HealthServer, silent: Peer) {
    this.#backends = backends;
    this.ports = backends.map(({ port }) => port);
    this.#health = health;
    this.#silent = silent;
    this.silentPort = silent.address.port;
  }

  static async start(count: number): Promise<Servers> {
    const health = new HealthServer();
    health.onWatch = (stream) => stream.answer('SERVING');
    const options = { host: '0.0.0.0', services: health.addTo };
    const backends = await Promise.all(Array.from({ length: count }, () => Backend.start(options)));
    return new Servers(backends, health, await Peer.start('silent', '0.0.0.0'));
  }

  /** What a scenario has left at the servers. */
  held(host: string): { connections: number; watches: number } {
    return { connections: this.#socketsOf(host).length, watches: this.#watchesOf(host).length };
  }

  /**
   * Breaks a scenario's connections. Only those that have carried a call: grpc-js connects once more, and for good, to a server
   * that ended a connection in its first moments and whose channel is closed before the next attempt.
   */
  cut(host: string): void {
    const served = new Set(this.#health.streams.map(({ peer }) => peer));
    for (const { callers } of this.#backends) for (const caller of callers) served.add(caller);
    for (const socket of this.#socketsOf(host)) {
      if (served.has(`${socket.remoteAddress}:${socket.remotePort}`)) socket.destroy();
    }
  }

  tell(host: string, healthy: boolean): void {
    for (const watch of this.#watchesOf(host)) watch.answer(healthy ? 'SERVING' : 'NOT_SERVING');
  }

  endWatches(host: string): void {
    for (const watch of this.#watchesOf(host)) {
      watch.end();
      this.#ended.add(watch);
    }
  }

  /** Ends the connections to the silent server: grpc-js cannot. */
  dropSilent(): void {
    this.#silent.drop();
  }

  stop(): void {
    this.#silent.close();
    for (const backend of this.#backends) backend.kill();
  }

  #socketsOf(host: string): readonly Socket[] {
    return this.#backends
      .flatMap(({ sockets }) => sockets)
      .filter(({ localAddress }) => localAddress === host);
  }

  #watchesOf(host: string): readonly WatchStream[] {
    return this.#health.open.filter((watch) => watch.service === host && !this.#ended.has(watch));
  }
}
