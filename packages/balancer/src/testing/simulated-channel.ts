/**
 * A channel without sockets: policies of any registered name run against subchannels whose states the test sets. For timing, scale
 * and properties.
 */
import {
  type ChannelOptions,
  credentials,
  experimental,
  type LoadBalancingConfig,
  Metadata,
  connectivityState as State,
} from '@grpc/grpc-js';

type Endpoint = experimental.Endpoint;
type SubchannelInterface = experimental.SubchannelInterface;
type ConnectivityStateListener = experimental.ConnectivityStateListener;

/** Stands for a subchannel of grpc-js's pool: one per address and arguments. */
export class SimulatedSubchannel {
  state: State = State.IDLE;
  /** References that policies hold. */
  refs = 0;
  /** How often a policy has called `startConnecting()`: the test answers it by `become(READY)`. */
  connectRequests = 0;
  /** Streams that are open on its connection, as the test has it; the RPCs of simulated channels open none. */
  streams = 0;
  /** How many the server allows at a time. */
  maxConcurrentStreams: number = 2 ** 32 - 1;
  readonly listeners: Set<ConnectivityStateListener> = new Set();
  readonly address: string;

  constructor(address: string) {
    this.address = address;
  }

  /** Changes the state and tells the listeners, as grpc-js does: synchronously. */
  become(state: State, error?: string): void {
    const from = this.state;
    if (from === state) return;
    this.state = state;
    for (const listener of this.listeners) {
      listener(this as unknown as SubchannelInterface, from, state, -1, error);
    }
  }

  /** As grpc-js keeps it. */
  get transport(): object {
    const { streams: size, maxConcurrentStreams } = this;
    return { activeCalls: { size }, session: { remoteSettings: { maxConcurrentStreams } } };
  }

  /** Makes none of grpc-js's connections. */
  get connector(): undefined {
    return undefined;
  }

  getConnectivityState(): State {
    return this.state;
  }
  addConnectivityStateListener(listener: ConnectivityStateListener): void {
    this.listeners.add(listener);
  }
  removeConnectivityStateListener(listener: ConnectivityStateListener): void {
    this.listeners.delete(listener);
  }
  startConnecting(): void {
    this.connectRequests++;
  }
  getAddress(): string {
    return this.address;
  }
  throttleKeepalive(): void {}
  ref(): void {
    this.refs++;
  }
  unref(): void {
    this.refs--;
  }
  getChannelzRef(): unknown {
    return { kind: 'subchannel', id: 0, name: this.address };
  }
  isHealthy(): boolean {
    return true;
  }
  addHealthStateWatcher(): void {}
  removeHealthStateWatcher(): void {}
  getRealSubchannel(): this {
    return this;
  }
  realSubchannelEquals(other: SubchannelInterface): boolean {
    return (other.getRealSubchannel() as unknown) === this;
  }
  getCallCredentials(): ReturnType<SubchannelInterface['getCallCredentials']> {
    return credentials.createEmpty();
  }
}

/** What a policy has told the channel at one time. */
export interface Publication {
  readonly state: State;
  readonly picker: experimental.Picker;
  /** Why the state is TRANSIENT_FAILURE, else null. */
  readonly error: string | null;
}

/** What may come with a list of endpoints. */
export interface UpdateOptions {
  /** Another config of the policy, or another policy, for this update. Default: the one that the channel was made with. */
  readonly policy?: LoadBalancingConfig;
  /** Channel options. Default: none. */
  readonly options?: ChannelOptions;
  /** The resolver's note. Default: none. */
  readonly note?: string;
}

const noMetadata = new Metadata();

/** What grpc-js hands to the picks of one RPC: one object for all its attempts. Default: without metadata. */
export const rpc = (metadata: Metadata = noMetadata): experimental.PickArgs => ({
  metadata,
  extraPickInfo: {},
});

/** The channel that a policy sees. */
export class SimulatedChannel {
  /** All that the policy has published, the newest last. */
  readonly publications: Publication[] = [];
  /** By address, `10.0.0.1:1`. */
  readonly subchannels: Map<string, SimulatedSubchannel> = new Map();
  /** Those beside another one to the same address, in the order in which they were made, by `renew()` or `connectionScaling`. */
  readonly further: SimulatedSubchannel[] = [];
  /** Calls of `createSubchannel`, whether or not the pool had one. */
  created = 0;
  /** How often the policy has asked the resolver to look again. */
  reresolutions = 0;
  /** What the policy gets to talk to the channel. */
  readonly helper: experimental.ChannelControlHelper;
  /** `policy.destroy()` ends it, as a channel that is closed does. */
  policy: experimental.LoadBalancer;
  private readonly config: LoadBalancingConfig;
  /** Spares a benchmark the text of an address that it uses again: the text costs as much as a leaf's other work. */
  private readonly pool: WeakMap<experimental.SubchannelAddress, SimulatedSubchannel> = new WeakMap();

  /**
   * @param policy the entry of `loadBalancingConfig`: `leastRequest()`. The policy must be registered
   * @param options with `latestOnly`, `publications` holds one: at scale, old pickers are most of the heap
   * @throws Error from `update()` if the policy is not registered
   */
  constructor(policy: LoadBalancingConfig, { latestOnly = false }: { readonly latestOnly?: boolean } = {}) {
    this.config = policy;
    this.helper = {
      createSubchannel: (address, args) => {
        this.created++;
        const isFurther = args['petiole.connection'] !== undefined;
        const subchannel = isFurther ? this.oneMore(address) : this.pooled(address);
        return subchannel as unknown as SubchannelInterface;
      },
      updateState: (state, picker, error) => {
        if (latestOnly) this.publications.length = 0;
        this.publications.push({ state, picker, error });
      },
      requestReresolution: () => {
        this.reresolutions++;
      },
      addChannelzChild: () => {},
      removeChannelzChild: () => {},
    };
    this.policy = new experimental.ChildLoadBalancerHandler(this.helper);
  }

  /** An endpoint of IPv4 addresses: `endpoint('10.0.0.1:1', '10.0.0.2:1')`. */
  static endpoint(...addresses: string[]): Endpoint {
    return {
      addresses: addresses.map((text) => {
        const at = text.lastIndexOf(':');
        return { host: text.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(text.slice(at + 1)) };
      }),
    };
  }

  /** `count` endpoints of one address each: 10.0.0.0:1, 10.0.0.1:1, …. */
  static endpoints(count: number): Endpoint[] {
    return Array.from({ length: count }, (_, i) => ({
      addresses: [{ host: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, port: 1 }],
    }));
  }

  /** The subchannel to this address, also before the policy has asked for it. */
  subchannel(address: string): SimulatedSubchannel {
    const subchannel = this.subchannels.get(address) ?? new SimulatedSubchannel(address);
    this.subchannels.set(address, subchannel);
    return subchannel;
  }

  private oneMore(address: experimental.SubchannelAddress): SimulatedSubchannel {
    const subchannel = new SimulatedSubchannel(experimental.subchannelAddressToString(address));
    this.further.push(subchannel);
    return subchannel;
  }

  private pooled(address: experimental.SubchannelAddress): SimulatedSubchannel {
    const subchannel =
      this.pool.get(address) ?? this.subchannel(experimental.subchannelAddressToString(address));
    this.pool.set(address, subchannel);
    return subchannel;
  }

  /** Passes endpoints down as a resolver's answer; the answer is whether the policy accepted it. */
  update(
    endpoints: Endpoint[],
    { policy = this.config, options = {}, note = '' }: UpdateOptions = {},
  ): boolean {
    const config = experimental.parseLoadBalancingConfig(policy);
    return this.policy.updateAddressList(experimental.statusOrFromValue(endpoints), config, options, note);
  }

  /** Passes a failure of the resolver down: UNAVAILABLE with these details. */
  fail(details: string): boolean {
    const config = experimental.parseLoadBalancingConfig(this.config);
    const error = experimental.statusOrFromError<Endpoint[]>({ code: 14, details });
    return this.policy.updateAddressList(error, config, {}, '');
  }

  /** All subchannels become that state. */
  all(state: State, error?: string): void {
    for (const subchannel of this.subchannels.values()) subchannel.become(state, error);
  }

  /** @throws Error if nothing was published */
  get latest(): Publication {
    const latest = this.publications.at(-1);
    if (latest === undefined) throw new Error('nothing was published');
    return latest;
  }

  /** `READY`, `CONNECTING`, … */
  get state(): string {
    return State[this.latest.state];
  }

  /** One pick with the current picker, for a new RPC by default: an address, `QUEUE`, or the details of a failure. */
  pick(args: experimental.PickArgs = rpc()): string {
    const { pickResultType, subchannel, status } = this.latest.picker.pick(args);
    switch (pickResultType) {
      case experimental.PickResultType.COMPLETE:
        return subchannel?.getAddress() ?? 'nothing';
      case experimental.PickResultType.QUEUE:
        return 'QUEUE';
      default:
        return status?.details ?? 'no status';
    }
  }

  /** Picks for so many RPCs, one after the other. */
  picks(count: number): string[] {
    return Array.from({ length: count }, () => this.pick());
  }

  /** References to subchannels that the policy holds: 0 after `policy.destroy()`. */
  get refs(): number {
    return [...this.subchannels.values(), ...this.further].reduce((sum, { refs }) => sum + refs, 0);
  }
}
