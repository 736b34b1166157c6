/**
 * A real channel over endpoints that the test names, through a resolver of its
 * own: what the test pushes is what grpc-js sees.
 */
import {
  type CallOptions,
  type ChannelCredentials,
  type ChannelOptions,
  Client,
  type ClientDuplexStream,
  type ClientUnaryCall,
  credentials,
  experimental,
  type LoadBalancingConfig,
  Metadata,
  type StatusObject,
} from '@grpc/grpc-js';
import { BIDI } from '@petiole/test-kit/backend';
import { type RpcOptions, startRpc } from '@petiole/test-kit/rpc';

type Endpoint = experimental.Endpoint;
type Listener = experimental.ResolverListener;

interface Update {
  readonly endpoints: experimental.StatusOr<Endpoint[]>;
  readonly attributes: Record<string, unknown>;
  readonly note: string;
}

/** The one resolver of a test channel: replays the latest update, and whatever the test pushes. */
export class TestResolver {
  /** How often grpc-js has asked for a resolution. */
  requests = 0;
  /** Called on each request; the default answers with the latest update after a tick. */
  onRequest: () => void = () => setImmediate(() => this.replay());
  /** What the policy said of the last update. */
  accepted: boolean | undefined = undefined;
  listener: Listener | undefined = undefined;
  private latest: Update;

  constructor(endpoints: Endpoint[]) {
    this.latest = { endpoints: experimental.statusOrFromValue(endpoints), attributes: {}, note: '' };
  }

  push(endpoints: Endpoint[], attributes: Record<string, unknown> = {}, note = ''): void {
    this.latest = { endpoints: experimental.statusOrFromValue(endpoints), attributes, note };
    this.replay();
  }

  fail(status: Partial<StatusObject>): void {
    const error = experimental.statusOrFromError<Endpoint[]>({ code: 14, details: 'failed', ...status });
    this.latest = { endpoints: error, attributes: {}, note: '' };
    this.replay();
  }

  replay(): void {
    const { endpoints, attributes, note } = this.latest;
    this.accepted = this.listener?.(endpoints, attributes, null, note);
  }
}

const resolvers = new Map<string, TestResolver>();
let nextId = 0;

experimental.registerResolver(
  'petiole-test',
  class {
    static getDefaultAuthority(): string {
      return 'localhost';
    }
    private readonly resolver: TestResolver;
    private readonly listener: Listener;

    constructor(target: experimental.GrpcUri, listener: Listener) {
      this.resolver = resolvers.get(target.path) as TestResolver;
      this.listener = listener;
    }
    updateResolution(): void {
      this.resolver.listener = this.listener;
      this.resolver.requests++;
      this.resolver.onRequest();
    }
    destroy(): void {
      this.resolver.listener = undefined;
    }
  },
);

export interface TestChannelOptions {
  readonly endpoints: Endpoint[];
  /** Default: a target of the test's own, which resolves to `endpoints`. */
  readonly target?: string;
  /** E.g. `customRoundRobin({ repeatCount: 1 })`. */
  readonly policy: LoadBalancingConfig;
  readonly credentials?: ChannelCredentials;
  /** Further fields of the service config. */
  readonly serviceConfig?: object;
  readonly channelOptions?: ChannelOptions;
}

export class TestChannel {
  readonly client: Client;
  readonly resolver: TestResolver;

  constructor(options: TestChannelOptions) {
    const { endpoints, policy, serviceConfig, channelOptions, credentials: creds } = options;
    const id = `${nextId++}`;
    this.resolver = new TestResolver(endpoints);
    resolvers.set(id, this.resolver);
    this.client = new Client(options.target ?? `petiole-test:${id}`, creds ?? credentials.createInsecure(), {
      'grpc.enable_http_proxy': 0,
      'grpc.use_local_subchannel_pool': 1,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 200,
      'grpc.enable_retries': 0,
      'grpc.service_config': JSON.stringify({ loadBalancingConfig: [policy], ...serviceConfig }),
      ...channelOptions,
    });
  }

  /** Starts one unary RPC: the call, and the peer that serves it. Default deadline: 5 s. */
  start(options: RpcOptions = {}): { call: ClientUnaryCall; peer: Promise<string> } {
    const { call, ended } = startRpc(this.client, options);
    const peer = ended.then(({ peer: served, error }) => {
      if (error) throw error;
      return served;
    });
    return { call, peer };
  }

  /** One unary RPC; answers with the peer that served it. */
  unary(options: RpcOptions = {}): Promise<string> {
    return this.start(options).peer;
  }

  /** So many unary RPCs, one after the other: their peers in order. */
  async peers(count: number, options?: CallOptions): Promise<string[]> {
    const peers: string[] = [];
    for (let i = 0; i < count; i++) peers.push(await this.unary(options));
    return peers;
  }

  /** Waits (bounded by 10 s) until RPCs have reached every one of these peers; fails on a failing RPC. */
  async untilServedBy(peers: string[]): Promise<void> {
    const missing = new Set(peers);
    const end = Date.now() + 10_000;
    while (missing.size > 0) {
      if (Date.now() > end) throw new Error(`never served by ${[...missing]}`);
      missing.delete(await this.unary());
    }
  }

  bidi(options: CallOptions = {}): ClientDuplexStream<Buffer, Buffer> {
    return this.client.makeBidiStreamRequest(
      BIDI,
      (value: Buffer) => value,
      (value: Buffer) => value,
      new Metadata(),
      options,
    );
  }

  close(): void {
    this.client.close();
  }
}
