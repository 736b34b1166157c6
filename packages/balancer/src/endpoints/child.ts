/**
 * One endpoint of a petiole policy: the state that it is in, and the pick result of an RPC that is sent there. It
 * makes both of what its leaf reports; what counts goes on to the {@link ChildOwner}.
 */
import { type ChannelOptions, experimental, type Metadata, type status } from '@grpc/grpc-js';
import type { EndpointAttributes } from '@petiole/service-config';
import {
  addressName,
  attributesOf,
  endpointName,
  oneLine,
  publishLater,
  sameAddresses,
  sameAttributes,
  tracer,
} from '@petiole/service-config/internal';
import {
  type EndpointEvent,
  type EndpointState,
  endpointStateChannel,
  type StreamsEvent,
} from '../events/endpoint-events.js';
import { Leaf, type LeafOwner, type LeafReport } from '../grpc-js/leaf.js';
import { waitersOn } from '../grpc-js/streams.js';
import { HealthCheckedSubchannel, type HealthObserver, healthChecked } from '../health/checked-subchannel.js';
import { nextConnection } from './channel-arguments.js';
import {
  type Attempt,
  type Connection,
  Connections,
  type ConnectionsOwner,
  type Shared,
} from './connections.js';
import type { EndpointData } from './data.js';
import { type ConnectMode, type EndpointHooks, identityOf, type PolicyEndpoint } from './endpoint.js';
import { EndpointPick, failPick, queuePick } from './pick-result.js';
import { pickStarted } from './picked-in-turn.js';
import { ReconnectPace } from './reconnect-pace.js';
import { type Crowded, usageOf } from './stream-waits.js';

type Endpoint = experimental.Endpoint;
type SubchannelInterface = experimental.SubchannelInterface;

const trace = tracer('endpoint_sharding');

/** What a child needs of the sharding around it. */
export interface ChildOwner<Data> extends Shared {
  readonly policy: EndpointHooks<Data> & {
    readonly name: string;
    readonly helper: experimental.ChannelControlHelper;
    readonly connect?: ConnectMode | undefined;
  };
  childReported(child: EndpointChild<Data>, from: EndpointState): void;
  /** No RPC that counts in this data runs any more. */
  callsEnded(data: EndpointData<Data>): void;
  requestReresolution(): void;
}

/** There are as many as endpoints: what all have in common is the owner's, and a field has to earn its bytes. */
export class EndpointChild<Data>
  implements PolicyEndpoint<Data>, LeafOwner, HealthObserver, ConnectionsOwner, Attempt, Crowded
{
  readonly kept: EndpointData<Data>;
  index = -1;
  state: EndpointState = 'IDLE';
  /** What its own leaf gives to RPCs. */
  private answer: experimental.PickResult = queuePick();
  /** Undefined while it may have no more than one. Beside the answer, where a pick finds both in one line of the cache. */
  private connections: Connections | undefined = undefined;
  lastError: string | undefined = undefined;

  /** The wrapper of the connection in use, when it is health-checked. */
  private watched: HealthCheckedSubchannel | undefined = undefined;
  /**
   * `held` counts as failed, although the leaf connects, until that has a connection or a failure of its own. While it is
   * `renewing` the leaf has a connection, and makes another one.
   */
  private phase: 'following the leaf' | 'held' | 'renewing' = 'following the leaf';
  /** There is none before the first connection attempt, and while the endpoint is not selected. */
  private leaf: Leaf | undefined = undefined;
  /** May have a connection. */
  isSelected = false;
  private isAsked = false;
  /** Sets its subchannels apart from those before it was renewed, which grpc-js would use again. */
  private generation = 0;
  private readonly pace: ReconnectPace = new ReconnectPace();

  private readonly owner: ChildOwner<Data>;
  endpoint: Endpoint;

  /** @param kept what belongs to the endpoint from before, if it goes on as another one */
  constructor(owner: ChildOwner<Data>, endpoint: Endpoint, kept?: EndpointData<Data>) {
    const { createData } = owner.policy;
    this.owner = owner;
    this.endpoint = endpoint;
    this.kept = kept ?? { value: createData?.(identityOf(endpoint)) as Data, calls: 0, picked: 0 };
  }

  get name(): string {
    return endpointName(this.endpoint);
  }

  get addresses(): readonly string[] {
    return this.endpoint.addresses.map(addressName);
  }

  get attributes(): EndpointAttributes {
    return attributesOf(this.endpoint);
  }

  get data(): Data {
    return this.kept.value;
  }

  get pickResult(): experimental.PickResult {
    const { connections } = this;
    return connections?.isServing ? connections.pick() : this.answer;
  }

  get inFlight(): number {
    this.owner.picks.areCounted = true;
    return this.kept.calls + this.kept.picked;
  }

  get helper(): experimental.ChannelControlHelper {
    return this.owner.policy.helper;
  }

  /**
   * The addresses that its connection may go to. grpc-js tells only the text of one, which more than one may have: a
   * Unix socket's path can be anything.
   */
  get connectedTo(): Endpoint['addresses'] {
    const [other] = this.connections?.subchannels ?? [];
    const text = (this.watched ?? this.answer.subchannel ?? other)?.getAddress();
    return text === undefined
      ? []
      : this.endpoint.addresses.filter((address) => experimental.subchannelAddressToString(address) === text);
  }

  /** Connects, at once or when it is asked to. */
  select(): void {
    this.isSelected = true;
    if (this.owner.policy.connect !== 'when asked') this.reconnect();
  }

  /** Gives its connection up; RPCs that run there go on to their end. */
  deselect(): void {
    this.isSelected = false;
    this.release();
    this.phase = 'following the leaf';
    this.lastError = undefined;
    this.wait('IDLE', 'no longer selected by the policy');
  }

  connect(): void {
    this.later(() => {
      if (this.state === 'IDLE') this.reconnect();
    });
  }

  renew(): void {
    this.later(() => {
      if (this.state !== 'READY' || this.phase === 'renewing') return;
      this.phase = 'renewing';
      this.generation = nextConnection();
      this.takeArguments();
    });
  }

  /** A policy asks from within a pick, where grpc-js cannot stand a change. */
  private later(act: () => void): void {
    if (this.isAsked) return;
    this.isAsked = true;
    process.nextTick(() => {
      this.isAsked = false;
      act();
    });
  }

  private release(): void {
    this.pace.stop();
    this.owner.connecting.stop(this);
    this.leaf?.destroy();
    this.leaf = undefined;
    this.connections?.destroy();
    this.connections = undefined;
    this.owner.waits.left(this);
  }

  /**
   * Takes the newest form of the endpoint. A connection stays as it is: other addresses are for the next attempt. One that is under way
   * goes on without an address that is gone.
   *
   * @returns whether it has other attributes
   */
  adopt(endpoint: Endpoint): boolean {
    const { endpoint: before } = this;
    if (endpoint === before) return false;
    this.endpoint = endpoint;
    if (!sameAddresses(before, endpoint)) {
      this.tellName(endpointName(before));
      const texts = new Set(endpoint.addresses.map(experimental.subchannelAddressToString));
      const isGone = (text: string): boolean => !texts.has(text);
      if (this.isConnecting && before.addresses.map(experimental.subchannelAddressToString).some(isGone))
        this.leaf?.renew(endpoint, this.currentArguments);
      else this.leaf?.outdate();
      this.connections?.leave(isGone);
    }
    return !sameAttributes(before, endpoint);
  }

  /** Whoever follows events knows endpoints by their names: one of another name is another one to them. */
  private tellName(before: string): void {
    const { name, state, lastError } = this;
    if (name === before) return;
    this.tell(state, 'SHUTDOWN', `its addresses have changed to ${name}`, before);
    if (state !== 'IDLE') this.tell('IDLE', state, lastError ?? `its addresses have changed from ${before}`);
  }

  /** Opens subchannels with new arguments, and keeps the old connection until one is READY. */
  takeArguments(): void {
    this.leaf?.renew(this.endpoint, this.currentArguments);
    this.connections?.outdate();
  }

  /** Its leaf makes a connection, or waits to be asked for one. */
  private get isConnecting(): boolean {
    const isConnected = this.answer.subchannel !== null || this.watched !== undefined;
    return !isConnected || this.phase === 'renewing';
  }

  private get currentArguments(): ChannelOptions {
    return this.owner.args.of(this.generation);
  }

  /** It may have more connections than one, where it could not before. */
  allowConnections(): void {
    if (this.answer.subchannel !== null && this.connections === undefined) this.serve(this.answer.subchannel);
  }

  /** Connects, with the newest arguments and the addresses in the order that the resolver gave last. */
  reconnect(): void {
    const { leaf, endpoint, currentArguments } = this;
    if (!this.isSelected || leaf?.isIdle === false) return;
    this.pace.begin();
    if (leaf !== undefined) leaf.reconnect(endpoint, currentArguments);
    else {
      this.leaf = new Leaf(this, endpoint, currentArguments);
      this.leaf.connect();
    }
  }

  /**
   * Releases every subchannel, and reports nothing more.
   *
   * @param reason for whoever follows events; none if nobody has heard of it yet
   */
  destroy(reason?: string): void {
    const from = this.state;
    this.state = 'SHUTDOWN';
    this.answer = queuePick();
    this.isSelected = false;
    this.release();
    if (reason !== undefined) this.tell(from, 'SHUTDOWN', reason);
  }

  /**
   * Counts as failed from now on, until a connection and its health check, if any, have an answer. An attempt that hangs is given
   * up, and after a wait there is another one: to subchannels of its own, since grpc-js has the old ones CONNECTING for ever (B16).
   */
  declareStuck(seconds: number): void {
    if (this.watched !== undefined) {
      this.hold(
        `connected, but the health check has no answer ${seconds} s after the connection attempt began`,
      );
    } else {
      this.leaf?.destroy();
      this.leaf = undefined;
      this.generation = nextConnection();
      this.pace.failed(this.owner.args.current, () => this.reconnect());
      this.hold(`connection attempt unfinished after ${seconds} s`);
    }
    this.owner.requestReresolution();
  }

  // What the leaf calls.

  createSubchannel(...request: Parameters<LeafOwner['createSubchannel']>): SubchannelInterface {
    return healthChecked(this.helper.createSubchannel(...request), this.owner.args.healthService, this);
  }

  requestReresolution(): void {
    this.owner.requestReresolution();
  }

  leafReported(report: LeafReport): void {
    // pick_first calls an unknown health a failure; A17 has RPCs wait for the first answer.
    const awaitsHealth = report.is === 'TRANSIENT_FAILURE' && this.watched?.status === 'PENDING';
    const { connecting } = this.owner;
    if (awaitsHealth || report.is === 'CONNECTING') connecting.start(this);
    else connecting.stop(this);
    if (this.phase === 'held' && (awaitsHealth || report.is === 'CONNECTING')) return;
    const isSame = report.is === 'READY' && this.answer.subchannel?.realSubchannelEquals(report.subchannel);
    if (this.phase !== 'renewing' || !isSame) this.phase = 'following the leaf';
    switch (report.is) {
      case 'READY':
        this.serve(report.subchannel);
        break;
      case 'TRANSIENT_FAILURE':
        if (awaitsHealth) this.wait('CONNECTING', 'waiting for the first health status');
        else this.fail(this.watched?.failure ?? report.error);
        break;
      case 'IDLE':
        this.lost();
        break;
      default:
        this.wait('CONNECTING', 'connecting');
    }
  }

  // What the health check of the connection calls.

  started(wrapper: HealthCheckedSubchannel): void {
    this.watched = wrapper;
    this.pace.begin();
  }

  ended(wrapper: HealthCheckedSubchannel): void {
    if (this.watched === wrapper) this.watched = undefined;
  }

  event(endpoint: string = this.name): Pick<EndpointEvent, 'target' | 'endpoint'> {
    return { target: this.owner.args.target, endpoint };
  }

  // What its connections ask for, where it may have several.

  get connectedEndpoint(): Endpoint {
    const { connectedTo } = this;
    return connectedTo.length === 0 ? this.endpoint : { addresses: [...connectedTo] };
  }

  pickOf(picked: SubchannelInterface, connection?: Connection): EndpointPick<Data> {
    // Policies above cast the subchannel to the wrapper that they made (B8): give it back.
    const subchannel = picked instanceof HealthCheckedSubchannel ? picked.unwrapped : picked;
    return new EndpointPick(this, {
      subchannel,
      connection,
      onCallStarted: () => this.callStarted(subchannel, connection),
      onCallEnded: (code, _, trailers) => this.callEnded(code, trailers, connection),
    });
  }

  // What is told of RPCs that wait for a stream.

  streams(): StreamsEvent {
    const { connections } = this;
    const all = connections?.isServing ? connections.subchannels : [this.answer.subchannel];
    const usage = usageOf(all, this.kept.calls);
    return { ...this.event(), ...usage, waiting: usage.waiting + (connections?.waiting ?? 0) };
  }

  private serve(picked: SubchannelInterface): void {
    this.lastError = undefined;
    if (this.state !== 'READY' && this.watched === undefined) this.pace.begin();
    if (this.owner.args.maxConnections > 1) this.connections ??= new Connections(this, this.owner);
    this.answer = this.connections?.ownReady(picked) ?? this.pickOf(picked);
    const healthy = this.state === 'TRANSIENT_FAILURE' && this.watched?.status === 'SERVING';
    this.become('READY', healthy ? 'health check: SERVING' : `connected to ${oneLine(picked.getAddress())}`);
  }

  private callStarted(subchannel: SubchannelInterface, connection: Connection | undefined): void {
    this.kept.calls++;
    pickStarted(this.kept);
    connection?.callStarted();
    if (waitersOn(subchannel) > 0) this.owner.waits.began(this);
  }

  private callEnded(code: status, trailers: Metadata, connection: Connection | undefined): void {
    const { owner, kept, connections } = this;
    if (connection === undefined || connection.pick === this.answer) this.pace.callEnded(code, trailers);
    connection?.callEnded(code, trailers);
    connections?.freed();
    owner.waits.mayHaveEnded(this);
    if (--kept.calls === 0) owner.callsEnded(kept);
  }

  /** The leaf is IDLE and waits for {@link reconnect}. */
  private lost(): void {
    const lived = this.pace.lost(this.owner.args.current, () => this.reconnect());
    if (lived === undefined) {
      // After the report, so that pick_first tries the addresses one after the other again (B10).
      if (this.owner.policy.connect !== 'when asked') process.nextTick(() => this.reconnect());
      this.wait('IDLE', 'connection lost');
    } else {
      // Until there is a connection again, as pick_first has it after failed attempts.
      const why = `connection lost after ${lived} ms, as the one before, and no RPC answered`;
      this.hold(`${why}: the next attempt waits`);
    }
  }

  private hold(error: string): void {
    this.phase = 'held';
    this.fail(error);
  }

  private fail(error: string): void {
    this.answer = failPick(`endpoint ${this.name}: ${error}`);
    this.become('TRANSIENT_FAILURE', error);
  }

  private wait(state: EndpointState, reason: string): void {
    this.answer = queuePick();
    this.become(state, reason);
  }

  become(state: EndpointState, reason: string): void {
    if (state !== 'READY' && this.connections?.hides(state, reason)) return;
    if (state === 'TRANSIENT_FAILURE') this.lastError = reason;
    const from = this.state;
    // The same state again brings a new connection or a newer error: pickers read both from the endpoint.
    if (from === state) return;
    this.state = state;
    this.tell(from, state, reason);
    this.owner.childReported(this, from);
  }

  private tell(from: EndpointState, to: EndpointState, reason: string, name?: string): void {
    trace?.(`${this.owner.policy.name}: ${name ?? this.name} ${from} -> ${to}: ${reason}`);
    publishLater<EndpointEvent>(endpointStateChannel, () => ({ ...this.event(name), from, to, reason }));
  }
}
