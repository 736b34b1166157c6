/**
 * Several connections of one endpoint (gRFC A105): one more is made when RPCs wait and all others have as many streams as their
 * server allows. An RPC goes over the oldest one that has room. None is closed while the endpoint is in use; one that is lost goes.
 */
import { clearTimeout, setImmediate, setTimeout } from 'node:timers';
import { experimental, type Metadata, type status } from '@grpc/grpc-js';
import { tracer } from '@petiole/service-config/internal';
import type { EndpointState } from '../events/endpoint-events.js';
import type { ConnectingWatch } from '../grpc-js/connecting-watch.js';
import { Leaf, type LeafOwner, type LeafReport } from '../grpc-js/leaf.js';
import { hasTransport, roomOn } from '../grpc-js/streams.js';
import {
  type HealthCheckedSubchannel,
  type HealthObserver,
  healthChecked,
} from '../health/checked-subchannel.js';
import { type ChannelArguments, nextConnection } from './channel-arguments.js';
import { type EndpointPick, type QueuedPick, queuePick } from './pick-result.js';
import { type Picked, type PickedInTurn, pickStarted } from './picked-in-turn.js';
import { backoffLike, ReconnectPace } from './reconnect-pace.js';
import type { Crowded, StreamWaits } from './stream-waits.js';

type PickResult = experimental.PickResult;
type SubchannelInterface = experimental.SubchannelInterface;

/**
 * How long a stream that has become free waits for the RPCs that wait for a new connection: all of them are picked again for it.
 * New RPCs may take it at once.
 */
const PICK_AGAIN_MS = 10;

/**
 * How often RPCs that wait have their endpoint's connections looked at: other clients' RPCs may have ended on those that they share, of
 * which nobody tells.
 */
const LOOK_MS = 100;

const trace = tracer('endpoint_sharding');

/** What is being connected. */
export interface Attempt {
  /** It has taken so long, and is to count as failed. */
  declareStuck(seconds: number): void;
}

/** One that RPCs may go over. */
export class Connection implements Picked {
  picked = 0;
  /** What sends RPCs there. */
  readonly pick: EndpointPick<unknown>;
  /** RPCs of this endpoint that run there. */
  private calls = 0;
  readonly pace: ReconnectPace = new ReconnectPace();

  constructor(owner: ConnectionsOwner, subchannel: SubchannelInterface) {
    this.pace.begin();
    this.pick = owner.pickOf(subchannel, this);
  }

  /** How many more streams may be opened; below 0 if RPCs wait there. */
  room(most: number): number {
    return roomOn(this.pick.subchannel, most, this.calls) - this.picked;
  }

  callStarted(): void {
    this.calls++;
    pickStarted(this);
  }

  callEnded(code: status, trailers: Metadata): void {
    this.calls--;
    this.pace.callEnded(code, trailers);
  }
}

/** The endpoint whose connections they are. */
export interface ConnectionsOwner extends Pick<LeafOwner, 'helper'>, Crowded {
  readonly name: string;
  /** What a new connection is made to. */
  readonly connectedEndpoint: experimental.Endpoint;
  /** What sends RPCs over a connection. */
  pickOf(subchannel: SubchannelInterface, connection: Connection): EndpointPick<unknown>;
  /** Connects its own leaf, which is IDLE. */
  reconnect(): void;
  /** What its own leaf has said counts again. */
  become(state: EndpointState, reason: string): void;
}

/** What all endpoints share. */
export interface Shared {
  readonly args: ChannelArguments;
  readonly picks: PickedInTurn;
  readonly waits: StreamWaits;
  /** Fails what connects for too long. */
  readonly connecting: ConnectingWatch<Attempt>;
  /** RPCs that were told to wait are to be picked again. */
  pickAgain(): void;
}

export class Connections {
  /** The oldest first: the leaf's own, and the others. */
  private readonly ready: Connection[] = [];
  /** They are READY, and grpc-js does not tell of their streams yet. */
  private readonly joining: Set<Connection> = new Set();
  /** The connection of the endpoint's own leaf. */
  private own: Connection | undefined = undefined;
  /** What the endpoint's own leaf has said, which does not count while there are other connections. */
  private hidden: { readonly state: EndpointState; readonly reason: string } | undefined = undefined;
  private readonly extras: Set<Extra> = new Set();
  /** The leaf is to make a connection of another kind, which replaces all that there are. */
  private areOutdated = false;
  private backoff: experimental.BackoffTimeout | undefined = undefined;
  /** The answer to an RPC that is to wait for a new connection. */
  private readonly wait: QueuedPick = { ...queuePick(), rpcWaits: () => this.rpcWaits() };
  /** RPCs that were told to wait since all were picked again. */
  waiting = 0;
  private timer: NodeJS.Timeout | undefined = undefined;
  private look: NodeJS.Timeout | undefined = undefined;
  /** A picker of before may still be asked. */
  private isGivenUp = false;

  readonly owner: ConnectionsOwner;
  readonly shared: Shared;

  constructor(owner: ConnectionsOwner, shared: Shared) {
    this.owner = owner;
    this.shared = shared;
    shared.picks.areCounted = true;
  }

  /** Whether the endpoint is READY by any of them. */
  get isServing(): boolean {
    return this.ready.length + this.joining.size > 0;
  }

  get subchannels(): readonly SubchannelInterface[] {
    return this.ready.map(({ pick }) => pick.subchannel);
  }

  /** Where the next RPC goes; one that the answer lets wait is picked again as soon as there may be room. */
  pick(): PickResult {
    let best: Connection | undefined;
    let most = Number.NEGATIVE_INFINITY;
    for (const connection of this.ready) {
      const room = connection.room(this.shared.args.maxStreams);
      if (room > 0) return connection.pick;
      if (room > most) {
        most = room;
        best = connection;
      }
    }
    // With as many connections as there may be, RPCs wait where they will run.
    return best === undefined || this.ready.length < this.shared.args.maxConnections ? this.wait : best.pick;
  }

  /** A connection is being made, or has just been. */
  private get isComing(): boolean {
    const isAttempted = [...this.extras].some(({ connection }) => connection === undefined);
    return isAttempted || this.joining.size > 0 || this.hidden?.state === 'CONNECTING';
  }

  /** An RPC was told to wait. Nothing may change within a pick. */
  private rpcWaits(): void {
    if (this.waiting++ === 0) process.nextTick(() => this.grow());
  }

  private grow(): void {
    if (this.waiting === 0 || this.isGivenUp) return;
    this.lookLater();
    // "no more than one connection attempt in progress at any given time", and none in the back-off after one - A105
    if (this.isComing) return;
    const { owner, shared, ready, hidden } = this;
    const most = shared.args.maxConnections;
    const isHeldBack = this.backoff?.isRunning() || hidden?.state === 'TRANSIENT_FAILURE';
    if (isHeldBack || ready.length >= most) shared.waits.began(owner);
    else if (hidden !== undefined) owner.reconnect();
    else {
      trace?.(`${owner.name}: all ${ready.length} connections are full, one more of ${most} is made`);
      const extra = new Extra(this);
      this.extras.add(extra);
      extra.connect();
    }
  }

  /** An RPC has ended: one that waits may have its stream. */
  freed(): void {
    if (this.waiting > 0) this.timer ??= setTimeout(() => this.pickAgain(), PICK_AGAIN_MS).unref();
  }

  private lookLater(): void {
    this.look ??= setTimeout(() => {
      this.look = undefined;
      if (this.ready.some((connection) => connection.room(this.shared.args.maxStreams) > 0)) this.pickAgain();
      else if (this.waiting > 0) this.lookLater();
    }, LOOK_MS).unref();
  }

  private pickAgain(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.waiting === 0) return;
    this.waiting = 0;
    this.shared.pickAgain();
    setImmediate(() => this.shared.waits.mayHaveEnded(this.owner));
  }

  // The endpoint's own leaf.

  /** The leaf has a connection; one in place of another, if it had one already. */
  ownReady(subchannel: SubchannelInterface): EndpointPick<unknown> {
    const { own } = this;
    if (own?.pick.subchannel.realSubchannelEquals(subchannel)) return own.pick;
    if (own !== undefined || this.areOutdated) {
      this.removeAll();
    }
    this.areOutdated = false;
    this.hidden = undefined;
    this.own = new Connection(this.owner, subchannel);
    this.join(this.own);
    return this.own.pick;
  }

  /**
   * The leaf was given other arguments. They are no news to the connections that there are, which serve until it has one; so it
   * must not wait until it is asked.
   */
  outdate(): void {
    this.areOutdated = true;
    if (this.hidden?.state === 'IDLE') process.nextTick(() => this.owner.reconnect());
  }

  /**
   * The leaf has no connection that may be used.
   *
   * @returns whether that stays its own affair: "If there is at least one connection established, report READY" - A105
   */
  hides(state: EndpointState, reason: string): boolean {
    this.removeOwn();
    if (!this.isServing) return false;
    this.hidden = { state, reason };
    // RPCs may wait for the connection that it was making.
    if (state !== 'CONNECTING') this.pickAgain();
    return true;
  }

  private removeOwn(): void {
    this.remove(this.own);
    this.own = undefined;
  }

  // The others.

  extraReady(extra: Extra, subchannel: SubchannelInterface): void {
    if (extra.connection !== undefined) return;
    this.backoff?.stop();
    this.backoff?.reset();
    extra.connection = new Connection(this.owner, subchannel);
    this.join(extra.connection);
  }

  extraLost(extra: Extra, reason: string): void {
    if (!extra.connection?.pace.hasLasted) {
      this.backoff ??= backoffLike(this.shared.args.current, () => this.pickAgain());
      this.backoff.runOnce();
    }
    this.letGo(extra, reason);
  }

  /** Gives up those to addresses that the endpoint has no longer; RPCs that run there go on to their end. */
  leave(isGone: (address: string) => boolean): void {
    for (const extra of this.extras) {
      const connected = extra.connection?.pick.subchannel.getAddress();
      const addresses = connected === undefined ? extra.addresses : [connected];
      if (addresses.some(isGone)) this.letGo(extra, 'its address was removed');
    }
  }

  private letGo(extra: Extra, reason: string): void {
    trace?.(`${this.owner.name}: a further connection is gone: ${reason}`);
    this.removeExtra(extra);
    const { hidden } = this;
    if (hidden !== undefined && !this.isServing) {
      this.hidden = undefined;
      this.owner.become(hidden.state, hidden.reason);
    }
    this.pickAgain();
  }

  /** Gives all of them up; RPCs that run there go on to their end. */
  destroy(): void {
    clearTimeout(this.timer);
    clearTimeout(this.look);
    this.backoff?.stop();
    this.isGivenUp = true;
    this.waiting = 0;
    this.removeAll();
  }

  private removeAll(): void {
    this.removeOwn();
    for (const extra of this.extras) this.removeExtra(extra);
  }

  private removeExtra(extra: Extra): void {
    this.extras.delete(extra);
    extra.destroy();
    this.remove(extra.connection);
  }

  private join(connection: Connection): void {
    const joined = (): void => {
      if (!this.joining.delete(connection)) return;
      this.ready.push(connection);
      this.pickAgain();
    };
    this.joining.add(connection);
    if (hasTransport(connection.pick.subchannel)) joined();
    else process.nextTick(joined);
  }

  private remove(connection: Connection | undefined): void {
    if (connection === undefined) return;
    this.joining.delete(connection);
    const at = this.ready.indexOf(connection);
    if (at >= 0) this.ready.splice(at, 1);
  }
}

/** A connection beside the one of the endpoint's leaf: a pick_first of its own, to the same address. */
class Extra implements LeafOwner, HealthObserver, Attempt {
  /** Once its attempt has succeeded. */
  connection: Connection | undefined = undefined;
  readonly helper: experimental.ChannelControlHelper;
  /** Where it may connect to. */
  readonly addresses: readonly string[];
  private readonly connections: Connections;
  private readonly leaf: Leaf;
  private watched: HealthCheckedSubchannel | undefined = undefined;

  constructor(connections: Connections) {
    const { connectedEndpoint, helper } = connections.owner;
    this.connections = connections;
    this.helper = helper;
    this.addresses = connectedEndpoint.addresses.map(experimental.subchannelAddressToString);
    this.leaf = new Leaf(this, connectedEndpoint, connections.shared.args.of(nextConnection()));
  }

  connect(): void {
    this.connections.shared.connecting.start(this);
    this.leaf.connect();
  }

  destroy(): void {
    this.connections.shared.connecting.stop(this);
    this.leaf.destroy();
  }

  declareStuck(seconds: number): void {
    this.connections.extraLost(this, `connection attempt unfinished after ${seconds} s`);
  }

  leafReported(report: LeafReport): void {
    switch (report.is) {
      case 'CONNECTING':
        break;
      case 'READY':
        this.connections.shared.connecting.stop(this);
        this.connections.extraReady(this, report.subchannel);
        break;
      case 'TRANSIENT_FAILURE':
        // pick_first calls an unknown health a failure.
        if (this.watched?.status !== 'PENDING')
          this.connections.extraLost(this, this.watched?.failure ?? report.error);
        break;
      case 'IDLE':
        this.connections.extraLost(this, 'connection lost');
    }
  }

  createSubchannel(...request: Parameters<LeafOwner['createSubchannel']>): SubchannelInterface {
    const { healthService } = this.connections.shared.args;
    return healthChecked(this.helper.createSubchannel(...request), healthService, this);
  }

  /** The names are known: another connection to the same address has just been full. */
  requestReresolution(): void {}

  // What the health check of the connection calls.

  started(wrapper: HealthCheckedSubchannel): void {
    this.watched = wrapper;
  }

  ended(): void {
    this.watched = undefined;
  }

  /** Events are about endpoints, whose health is that of the connection of their own leaf. */
  event(): undefined {}
}
