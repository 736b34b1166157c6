/**
 * What this package reaches of grpc-js beyond its public API. Every channel has the same classes inside it, which a channel
 * that is made for that and closed again shows: so one change of their prototypes reaches all channels of the process,
 * those that exist already, too, and however their program was loaded.
 */
import type {
  ChannelInterface,
  ChannelOptions,
  experimental,
  InterceptingListener,
  Metadata,
} from '@grpc/grpc-js';

/** What is used of a copy of grpc-js. */
export type GrpcJs = Pick<
  typeof import('@grpc/grpc-js'),
  'Channel' | 'Client' | 'credentials' | 'experimental'
>;

/** An attempt. */
export interface InnerCall {
  start(metadata: Metadata, listener: InterceptingListener): void;
  sendMessageWithContext(context: unknown, message: Buffer): void;
  /** The server that it was sent to; the target of the channel before that. */
  getPeer(): string;
}

/** An RPC, which asks its channel for its service config when there is one. */
export interface ResolvingCall {
  getConfig(): void;
}

/** What a service config says about the method of an RPC: one object for all attempts of an RPC, and a new one for each. */
export interface CallConfig {
  readonly methodConfig: { readonly hedgingPolicy?: object };
}

type ConfigResult =
  | { readonly type: 'SUCCESS'; readonly config: CallConfig }
  | { readonly type: 'NONE' | 'ERROR' };

export interface InternalChannel {
  readonly options?: ChannelOptions;
  getTarget(): string;
  createCall(
    method: string,
    deadline: number,
    host: string | null,
    parent: object | null,
    flags: number | null,
  ): ResolvingCall;
  /** What the service config says, once it is known. */
  getConfig(method: string, metadata: Metadata): ConfigResult;
  createLoadBalancingCall(config: CallConfig, ...rest: readonly unknown[]): InnerCall;
  doPick(metadata: Metadata, info: unknown): experimental.PickResult;
}

export interface SubchannelPool {
  getOrCreateSubchannel(
    target: experimental.GrpcUri,
    address: experimental.SubchannelAddress,
    options: ChannelOptions,
    ...rest: readonly unknown[]
  ): experimental.SubchannelInterface;
}

/** What has a channel's resolver and its policy. */
export interface ResolvingLoadBalancer {
  readonly target: experimental.GrpcUri;
  readonly channelOptions?: ChannelOptions;
  handleResolverResult(
    endpoints: experimental.StatusOr<experimental.Endpoint[]>,
    ...rest: readonly unknown[]
  ): boolean;
}

/** The prototypes, each with what is needed of it. */
export interface Internals {
  readonly rpc: ResolvingCall;
  readonly channel: InternalChannel;
  readonly pool: SubchannelPool;
}

/** @throws Error that names what this grpc-js lacks */
export function findInternals(copy: GrpcJs): Internals {
  return probe(copy, internalsOf);
}

/** @throws Error that says that this grpc-js has none such */
export function findLoadBalancer(copy: GrpcJs): ResolvingLoadBalancer {
  return probe(copy, (channel) =>
    prototypeOf<ResolvingLoadBalancer>(
      'internalChannel.resolvingLoadBalancer',
      innerOf(channel)?.resolvingLoadBalancer,
      ['handleResolverResult'],
    ),
  );
}

function probe<Found>({ Channel, credentials }: GrpcJs, find: (channel: ChannelInterface) => Found): Found {
  const channel = new Channel('ipv4:127.0.0.1:1', credentials.createInsecure(), {
    'grpc.enable_channelz': 0,
  });
  try {
    return find(channel);
  } finally {
    channel.close();
  }
}

interface Inner extends InternalChannel {
  readonly subchannelPool?: object;
  readonly resolvingLoadBalancer?: object;
}

function innerOf(channel: ChannelInterface): Inner | undefined {
  return (channel as { internalChannel?: Inner }).internalChannel;
}

/** Exported for its test. */
export function internalsOf(channel: ChannelInterface): Internals {
  const inner = innerOf(channel);
  const prototype = prototypeOf<InternalChannel>('internalChannel', inner, [
    'getTarget',
    'createCall',
    'getConfig',
    'createLoadBalancingCall',
    'doPick',
  ]);
  const rpc = inner?.createCall('/', Infinity, null, null, null);
  return {
    rpc: prototypeOf<ResolvingCall>('internalChannel.createCall()', rpc, ['getConfig']),
    channel: prototype,
    pool: prototypeOf<SubchannelPool>('internalChannel.subchannelPool', inner?.subchannelPool, [
      'getOrCreateSubchannel',
    ]),
  };
}

function prototypeOf<Type>(
  path: string,
  object: object | undefined,
  methods: readonly (keyof Type & string)[],
): Type {
  const prototype = object === undefined ? {} : Object.getPrototypeOf(object);
  const missing = methods.find((method) => typeof prototype[method] !== 'function');
  if (missing !== undefined) throw new Error(`this grpc-js has no channel.${path}.${missing}()`);
  return prototype;
}
