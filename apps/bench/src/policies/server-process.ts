/** The servers of the policies' benchmark, in a process of their own: each answers, fails or hangs as it is told, and counts. */
import { once } from 'node:events';
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';
import { answer } from '../load/child.js';
import { method, UNARY } from '../load/wire.js';

export type Behaviour =
  | {
      readonly does: 'answer';
      /** How long an answer takes, give or take a fifth. */
      readonly ms: number;
      /** RPCs that it works on at once; the others wait. Default: any number. */
      readonly slots?: number;
      /** Its first answer takes so long, and the later ones less and less, until it is warm. */
      readonly cold?: { readonly ms: number; readonly warmAfterMs: number };
    }
  | { readonly does: 'fail at once' }
  | { readonly does: 'hang' };

export interface Counts {
  readonly requests: number;
  /** RPCs that were here at once, at most. */
  readonly mostAtOnce: number;
}

type Call = ServerUnaryCall<Buffer, Buffer>;

class BehavingServer {
  port = 0;
  private readonly behaviour: Behaviour;
  private server: Server = new Server();
  private counts: Counts = { requests: 0, mostAtOnce: 0 };
  private here = 0;
  private working = 0;
  private firstAt: number | undefined = undefined;
  private readonly waiting: (() => void)[] = [];

  constructor(behaviour: Behaviour) {
    this.behaviour = behaviour;
  }

  /** Also after `stop`, on the same port. */
  async start(): Promise<void> {
    this.server = new Server();
    this.server.addService(
      { unary: method(UNARY) },
      { unary: (call: Call, callback: sendUnaryData<Buffer>) => void this.serve(call, callback) },
    );
    this.port = await new Promise<number>((resolve, reject) =>
      this.server.bindAsync(
        // Not 127.0.0.1, from whose ports connections are made: one could take the port while the server is stopped.
        `127.0.0.2:${this.port}`,
        ServerCredentials.createInsecure(),
        (error, port) => (error ? reject(error) : resolve(port)),
      ),
    );
  }

  /** Lets its RPCs end. */
  stop(): Promise<void> {
    return new Promise((resolve) => this.server.tryShutdown(() => resolve()));
  }

  end(): void {
    this.server.forceShutdown();
  }

  takeCounts(): Counts {
    const { counts } = this;
    this.counts = { requests: 0, mostAtOnce: this.here };
    return counts;
  }

  private async serve(call: Call, callback: sendUnaryData<Buffer>): Promise<void> {
    this.here++;
    this.counts = {
      requests: this.counts.requests + 1,
      mostAtOnce: Math.max(this.counts.mostAtOnce, this.here),
    };
    const { behaviour } = this;
    if (behaviour.does === 'answer') await this.work(behaviour);
    else if (behaviour.does === 'hang' && !call.cancelled) await once(call, 'cancelled');
    this.here--;
    if (behaviour.does === 'answer') callback(null, call.request);
    else callback({ code: status.UNAVAILABLE, details: 'as it was told' });
  }

  private async work({
    ms,
    slots = Number.POSITIVE_INFINITY,
    cold,
  }: Behaviour & { does: 'answer' }): Promise<void> {
    if (this.working >= slots) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.working++;
    this.firstAt ??= performance.now();
    const left = cold && Math.max(0, 1 - (performance.now() - this.firstAt) / cold.warmAfterMs);
    const takes = cold && left ? ms + (cold.ms - ms) * left : ms;
    await new Promise((resolve) => setTimeout(resolve, takes * (0.8 + 0.4 * Math.random())));
    this.working--;
    this.waiting.shift()?.();
  }
}

let servers: readonly BehavingServer[] = [];

const handlers = {
  /** In place of those before. Returns their addresses. */
  async start(behaviours: readonly Behaviour[]): Promise<string[]> {
    for (const server of servers) server.end();
    servers = behaviours.map((behaviour) => new BehavingServer(behaviour));
    for (const server of servers) await server.start();
    return servers.map(({ port }) => `127.0.0.2:${port}`);
  },

  /** What each of them has had since the last time. */
  takeCounts: (): Counts[] => servers.map((server) => server.takeCounts()),

  stop: (server: number): Promise<void> | undefined => servers[server]?.stop(),

  restart: (server: number): Promise<void> | undefined => servers[server]?.start(),
};

export type ServersHandlers = typeof handlers;

answer(handlers);
