/** A client of the benchmark's servers: one policy, endpoints from a manual resolver, unary RPCs of raw bytes. */
import {
  Client,
  type ClientUnaryCall,
  credentials,
  type LoadBalancingConfig,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import '@petiole/balancer/register';
import { createManualResolver, type EndpointInput } from '@petiole/resolver';
import { bytes, UNARY } from './wire.js';

/** Every RPC has one, so that nothing in a benchmark waits for ever. */
const DEADLINE_MS = 10_000;
export const PAYLOAD: Buffer = Buffer.from('a request of the size of many');
const NO_METADATA = new Metadata();

export interface BenchChannelOptions {
  readonly policy: LoadBalancingConfig;
  /** As `@petiole/resolver` writes them: `[::1]:1+127.0.0.1:1`. */
  readonly endpoints: readonly EndpointInput[];
  /** Health checking of the server as a whole. Default: off. */
  readonly healthCheck?: boolean;
  /** What the service config says of methods. Without it grpc-js repeats nothing, not even an RPC that a server refuses as it stops. */
  readonly methodConfig?: readonly object[];
  /** Default: 10 s. */
  readonly deadlineMs?: number;
}

export class BenchChannel {
  private readonly resolver: ReturnType<typeof createManualResolver>;
  private readonly client: Client;
  private readonly deadlineMs: number;

  constructor({
    policy,
    endpoints,
    healthCheck = false,
    methodConfig,
    deadlineMs = DEADLINE_MS,
  }: BenchChannelOptions) {
    this.deadlineMs = deadlineMs;
    this.resolver = createManualResolver({ endpoints });
    this.client = new Client(this.resolver.target, credentials.createInsecure(), {
      // Not by serviceConfig(): it refuses health checking under the probe, whose child it cannot know.
      'grpc.service_config': JSON.stringify({
        loadBalancingConfig: [policy],
        ...(healthCheck ? { healthCheckConfig: { serviceName: '' } } : {}),
        ...(methodConfig ? { methodConfig } : {}),
      }),
      'grpc.enable_retries': methodConfig ? 1 : 0,
      // A server that comes back is found soon.
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 200,
      'grpc.use_local_subchannel_pool': 1,
    });
  }

  connect(): void {
    this.client.getChannel().getConnectivityState(true);
  }

  /** A resolver's update with these endpoints, delivered on the next tick. */
  resolve(endpoints: readonly EndpointInput[]): void {
    this.resolver.update({ endpoints });
  }

  /** One unary RPC; resolves with its error, if any. */
  unary(): Promise<ServiceError | null> {
    return new Promise((resolve) => this.send(NO_METADATA, resolve));
  }

  /** The same with metadata; tells the server as well, that of the last attempt. */
  call(metadata: Metadata): Promise<{ error: ServiceError | null; peer: string }> {
    return new Promise((resolve) => {
      const call = this.send(metadata, (error) => resolve({ error, peer: call.getPeer() }));
    });
  }

  private send(metadata: Metadata, done: (error: ServiceError | null) => void): ClientUnaryCall {
    const deadline = Date.now() + this.deadlineMs;
    return this.client.makeUnaryRequest(UNARY, bytes, bytes, PAYLOAD, metadata, { deadline }, done);
  }

  close(): void {
    this.client.close();
    this.resolver.close();
  }
}

/** Throws unless the RPC is answered. */
export async function answered(channel: BenchChannel): Promise<void> {
  const error = await channel.unary();
  if (error !== null) throw error;
}
