/** All servers of the lab: the first three, and those that are added and removed. */
import { MOST_SERVERS } from '../../protocol.js';
import { FAULTLESS, type Host, LabServer, type ServerObserver, type ServerSettings } from './lab-server.js';

/** As in grpc-go's customloadbalancing example: IPv4 only, IPv6 only, and both. */
const FIRST: readonly { readonly host: Host; readonly dualStack: boolean }[] = [
  { host: '127.0.0.1', dualStack: false },
  { host: '[::1]', dualStack: false },
  { host: '[::1]', dualStack: true },
];

export interface FleetObserver {
  changed(): void;
  log(server: number, text: string): void;
}

export class Fleet {
  readonly #observer: FleetObserver;
  readonly #most: number;
  readonly #servers = new Map<number, LabServer>();
  /** The ends of those that were removed: each has its thread until then. */
  readonly #leaving = new Set<Promise<void>>();
  #lastId = 0;

  constructor(observer: FleetObserver, most = MOST_SERVERS) {
    this.#observer = observer;
    this.#most = most;
  }

  /** Why none can be added now, if none can. */
  whyFull(): string | undefined {
    if (this.#servers.size >= this.#most) return `there are ${this.#most} servers, and no more are allowed`;
    if (this.#leaving.size >= this.#most)
      return `${this.#leaving.size} servers that were removed have not ended yet: add one when they have`;
    return undefined;
  }

  /** By id, the lowest first. */
  get servers(): readonly LabServer[] {
    return [...this.#servers.values()].sort((one, other) => one.id - other.id);
  }

  find(id: number): LabServer | undefined {
    return this.#servers.get(id);
  }

  /** The three of the beginning, as they were then; all others go. Resolves when they serve, or have failed to. */
  async reset(): Promise<void> {
    const others = this.servers.slice().filter(({ id }) => id > FIRST.length);
    const gone = others.map((server) => this.remove(server));
    const back = FIRST.map(async ({ host, dualStack }, index) => {
      const settings = { ...FAULTLESS, dualStack };
      if (this.find(index + 1) === undefined) await Promise.all(this.#leaving);
      const server = this.find(index + 1);
      if (server === undefined) return this.#make(index + 1, host, settings).start();
      server.thaw();
      void server.set(settings);
      return server.start();
    });
    this.#lastId = Math.max(this.#lastId, FIRST.length);
    await Promise.all([...gone, ...back]);
  }

  /** Resolves when it serves, or has failed to. */
  add(settings: Partial<ServerSettings>): Promise<void> {
    const server = this.#make(++this.#lastId, '127.0.0.1', { ...FAULTLESS, ...settings });
    return server.start();
  }

  /** It is in the list no more; resolves when it has drained and ended. */
  remove(server: LabServer): Promise<void> {
    this.#servers.delete(server.id);
    this.#observer.log(server.id, 'is removed');
    this.#observer.changed();
    const left: Promise<void> = server
      .stop()
      .then(() => server.end())
      .finally(() => this.#leaving.delete(left));
    this.#leaving.add(left);
    return left;
  }

  async end(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.end()));
  }

  #make(id: number, host: Host, settings: ServerSettings): LabServer {
    const observer: ServerObserver = {
      changed: () => this.#observer.changed(),
      log: (text) => this.#observer.log(id, text),
    };
    const server = new LabServer(id, host, settings, observer);
    this.#servers.set(id, server);
    this.#observer.changed();
    return server;
  }
}
