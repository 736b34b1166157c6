/**
 * One endpoint of a petiole policy: its pick_first child, the state that the
 * child is in, and the pick result of an RPC that is sent there. The child
 * reports here as to a channel; what counts goes on to the {@link ChildOwner}.
 */
import {
  type ChannelOptions,
  experimental,
  Metadata,
  connectivityState as State,
  status,
} from '@grpc/grpc-js';
import {
  addressName,
  endpointName,
  oneLine,
  sameAddresses,
  withoutRepetition,
} from '@petiole/service-config/internal';
import type { EndpointState } from '../events/endpoint-events.js';
import { HealthCheckedSubchannel } from '../health/checked-subchannel.js';
import type { ChannelArguments } from './channel-arguments.js';
import type { EndpointData } from './data.js';
import type { CallEnd, EndpointHooks, PolicyEndpoint } from './endpoint.js';
import { EndpointPick, failPick, queuePick } from './pick-result.js';
import { LASTING_MS, reconnectBackoff } from './reconnect-backoff.js';

type Endpoint = experimental.Endpoint;
type ChannelControlHelper = experimental.ChannelControlHelper;
type SubchannelInterface = experimental.SubchannelInterface;

/** What a child needs of the sharding around it. */
export interface ChildOwner<Data> {
  readonly helper: ChannelControlHelper;
  readonly hooks: EndpointHooks<Data>;
  readonly args: ChannelArguments;
  /** The service to health-check, undefined for no health checking. */
  healthService: string | undefined;
  /** The channel's target, for events. */
  target: string | undefined;
  /** The child's state has changed. It is the only one who changes it. */
  childReported(child: EndpointChild<Data>, from: EndpointState, reason: string): void;
  /** No RPC that counts in this data runs any more. */
  callsEnded(data: EndpointData<Data>): void;
  requestReresolution(): void;
}

/** Longer ago than any attempt: whatever was lost, it has lasted. */
const PROVEN = -LASTING_MS;

/** In milliseconds, whole: V8 keeps whole numbers in the object itself. */
const now = (): number => Math.trunc(performance.now());

// pick_first's picker has one subchannel and looks at no argument.
const NO_ARGS: experimental.PickArgs = { metadata: new Metadata(), extraPickInfo: {} };

/** There are as many as endpoints: what all have in common is the owner's, and a field has to earn its bytes. */
export class EndpointChild<Data> implements PolicyEndpoint<Data>, ChannelControlHelper {
  /** Made by the policy's `createData`; undefined if it has none. */
  readonly kept: EndpointData<Data> | undefined;
  index = -1;
  state: EndpointState = 'IDLE';
  pickResult: experimental.PickResult = queuePick();
  lastError: string | undefined = undefined;

  private readonly leaf: experimental.LeafLoadBalancer;
  /** The wrapper of the connection in use, when it is health-checked. */
  private watched: HealthCheckedSubchannel | undefined = undefined;
  /** Declared failed although pick_first goes on connecting. */
  private stuck = false;
  /** pick_first was given other addresses, another order of them, or other arguments, than hold now. */
  private stale = false;
  /** pick_first is in the middle of a report, and goes on when whoever hears of it has returned. */
  private reporting = false;
  /** When the newest attempt or its connection began; PROVEN once an RPC was answered. */
  private youngSince = PROVEN;
  /** The last connection was lost as soon as it was made: if this one is, the next attempt waits. */
  private backoff: experimental.BackoffTimeout | undefined = undefined;

  private readonly owner: ChildOwner<Data>;
  endpoint: Endpoint;

  /** @param kept what belongs to the endpoint from before, if it goes on as another one */
  constructor(owner: ChildOwner<Data>, endpoint: Endpoint, kept?: EndpointData<Data>) {
    const { createData } = owner.hooks;
    this.owner = owner;
    this.endpoint = endpoint;
    this.kept =
      kept ??
      (createData && {
        value: createData({ name: endpointName(endpoint), addresses: this.addresses }),
        calls: 0,
      });
    // No resolution note: a leaf keeps its first one for ever, and the policy's message carries the newest.
    this.leaf = new experimental.LeafLoadBalancer(eachOnce(endpoint), this, owner.args.current, '');
  }

  get name(): string {
    return endpointName(this.endpoint);
  }

  get addresses(): readonly string[] {
    return this.endpoint.addresses.map(addressName);
  }

  get data(): Data {
    return this.kept?.value as Data;
  }

  /**
   * The addresses that its connection may go to. grpc-js tells only the text of one, which more than one may have: a
   * Unix socket's path can be anything.
   */
  get connectedTo(): Endpoint['addresses'] {
    const text = (this.watched ?? this.pickResult.subchannel)?.getAddress();
    return text === undefined
      ? []
      : this.endpoint.addresses.filter((address) => experimental.subchannelAddressToString(address) === text);
  }

  connect(): void {
    this.youngSince = now();
    this.leaf.startConnecting();
  }

  /** Takes the newest form of the endpoint. A connection stays as it is: what has changed is for the next attempt. */
  adopt(endpoint: Endpoint): void {
    this.stale ||= !sameAddresses(this.endpoint, endpoint);
    this.endpoint = endpoint;
  }

  /** pick_first opens subchannels with the owner's new arguments and keeps the old connection until one is READY. */
  renew(): void {
    // An IDLE leaf would tell pick_first nothing.
    this.stale = this.leaf.getConnectivityState() === State.IDLE;
    if (!this.stale) this.instruct();
  }

  /** Connects again, with the newest arguments and the addresses in the order that the resolver gave last. */
  reconnect(): void {
    if (this.state === 'SHUTDOWN' || this.leaf.getConnectivityState() !== State.IDLE) return;
    this.youngSince = now();
    if (!this.stale) {
      this.leaf.exitIdle();
    } else {
      this.stale = false;
      this.instruct();
      this.connect();
    }
  }

  private instruct(): void {
    this.leaf.updateEndpoint(eachOnce(this.endpoint), this.owner.args.current);
  }

  /** Releases every subchannel. pick_first still calls back once, into deaf ears. */
  destroy(): void {
    this.state = 'SHUTDOWN';
    this.index = -1;
    this.pickResult = queuePick();
    this.backoff?.stop();
    // At the end of a report pick_first asks its subchannel to connect. If that were released by then, it would connect
    // with no owner left to close it.
    if (this.reporting) process.nextTick(() => this.leaf.destroy());
    else this.leaf.destroy();
  }

  /** Counts as failed from now on, until the connection and the health check, if any, have an answer. */
  declareStuck(seconds: number): void {
    this.stuck = true;
    this.fail(
      this.watched === undefined
        ? `connection attempt unfinished after ${seconds} s`
        : `connected, but the health check has no answer ${seconds} s after the connection attempt began`,
    );
    this.owner.requestReresolution();
  }

  // The rest is the channel control helper of the pick_first child.

  createSubchannel(address: experimental.SubchannelAddress, args: ChannelOptions): SubchannelInterface {
    const subchannel = this.owner.helper.createSubchannel(address, args);
    const { healthService } = this.owner;
    return healthService === undefined
      ? subchannel
      : new HealthCheckedSubchannel(subchannel, healthService, {
          started: (wrapper) => {
            this.watched = wrapper;
            this.youngSince = now();
          },
          ended: (wrapper) => {
            if (this.watched === wrapper) this.watched = undefined;
          },
          event: () => ({ target: this.owner.target, endpoint: this.name }),
        });
  }

  updateState(state: State, picker: experimental.Picker, error: string | null): void {
    if (this.state === 'SHUTDOWN') return;
    const outer = this.reporting;
    this.reporting = true;
    this.take(state, picker, error);
    this.reporting = outer;
  }

  private take(state: State, picker: experimental.Picker, error: string | null): void {
    // pick_first calls an unknown health a failure; A17 has RPCs wait for the first answer.
    const waiting = state === State.TRANSIENT_FAILURE && this.watched?.status === 'PENDING';
    if (this.stuck && (waiting || state === State.CONNECTING)) return;
    this.stuck = false;
    switch (state) {
      case State.READY:
        this.serve(picker);
        break;
      case State.TRANSIENT_FAILURE:
        if (waiting) this.wait('CONNECTING', 'waiting for the first health status');
        else this.fail(this.watched?.failure ?? connectionError(error));
        break;
      case State.IDLE:
        this.lost();
        break;
      default:
        this.wait('CONNECTING', 'connecting');
    }
  }

  requestReresolution(): void {
    if (this.state !== 'SHUTDOWN') this.owner.requestReresolution();
  }

  addChannelzChild(child: Parameters<ChannelControlHelper['addChannelzChild']>[0]): void {
    this.owner.helper.addChannelzChild(child);
  }

  removeChannelzChild(child: Parameters<ChannelControlHelper['removeChannelzChild']>[0]): void {
    this.owner.helper.removeChannelzChild(child);
  }

  private serve(picker: experimental.Picker): void {
    const { onCallStarted } = this.owner.hooks;
    const picked = picker.pick(NO_ARGS).subchannel;
    // Policies above cast the subchannel to the wrapper that they made (outlier_detection, xDS): give it back.
    const subchannel = picked instanceof HealthCheckedSubchannel ? picked.unwrapped : picked;
    this.lastError = undefined;
    if (this.state !== 'READY' && this.watched === undefined) this.youngSince = now();
    this.pickResult = new EndpointPick({
      subchannel,
      onCallStarted: onCallStarted || this.kept ? () => this.callStarted() : null,
      onCallEnded: (code, details, trailers) => this.callEnded({ code, details, trailers }),
    });
    const healthy = this.state === 'TRANSIENT_FAILURE' && this.watched?.status === 'SERVING';
    const reason = healthy
      ? 'health check: SERVING'
      : `connected to ${oneLine(`${subchannel?.getAddress()}`)}`;
    this.become('READY', reason);
  }

  private callStarted(): void {
    if (this.kept !== undefined) this.kept.calls++;
    this.owner.hooks.onCallStarted?.(this);
  }

  private callEnded(end: CallEnd): void {
    const { owner, kept } = this;
    if (this.youngSince !== PROVEN && isAnswer(end)) this.youngSince = PROVEN;
    owner.hooks.onCallEnded?.(this, end);
    if (kept !== undefined && --kept.calls === 0) owner.callsEnded(kept);
  }

  /** The leaf is IDLE and waits for {@link reconnect}, to which the owner turns where the child is IDLE, too. */
  private lost(): void {
    const lived = now() - this.youngSince;
    if (lived >= LASTING_MS) {
      this.backoff = undefined;
    } else if (this.backoff === undefined) {
      this.backoff = reconnectBackoff(this.owner.args.current, () => this.reconnect());
    } else {
      this.backoff.runOnce();
      // Until there is a connection again, as pick_first has it after failed attempts.
      this.stuck = true;
      this.fail(
        `connection lost after ${lived} ms, as the one before, and no RPC answered: the next attempt waits`,
      );
      return;
    }
    this.wait('IDLE', 'connection lost');
  }

  private fail(error: string): void {
    this.lastError = error;
    this.pickResult = failPick(`endpoint ${this.name}: ${error}`);
    this.become('TRANSIENT_FAILURE', error);
  }

  private wait(state: EndpointState, reason: string): void {
    this.pickResult = queuePick();
    this.become(state, reason);
  }

  private become(state: EndpointState, reason: string): void {
    const from = this.state;
    // The same state again brings a new connection or a newer error: pickers read both from the endpoint.
    if (from === state) return;
    this.state = state;
    this.owner.childReported(this, from, reason);
  }
}

/** True if the RPC was ended by the server, and not by the loss of the connection or by the client. */
function isAnswer({ code, trailers }: CallEnd): boolean {
  return code === status.OK || Object.keys(trailers.getMap()).length > 0;
}

/** The endpoint with each address once: pick_first never fails one that it has twice. */
function eachOnce(endpoint: Endpoint): Endpoint {
  const addresses = withoutRepetition(endpoint.addresses);
  return addresses === endpoint.addresses ? endpoint : { addresses: [...addresses] };
}

/** The cause alone, out of pick_first's `No connection established. Last error: Error: …. Resolution note: `. */
function connectionError(message: string | null): string {
  if (message === null) return 'no connection';
  if (message.startsWith('Picked subchannel '))
    return 'marked unhealthy by the policy above (outlier_detection)';
  const cause = /^No connection established\. Last error: (?:Error: )?(.*)\. Resolution note: /s.exec(
    message,
  )?.[1];
  // pick_first knows no error of a connection that had failed before it came: its subchannel is another channel's, too.
  if (cause === 'null') return 'an earlier connection attempt failed, the next one waits';
  // grpc-js has none for an attempt through an http_proxy.
  if (cause === 'undefined') return 'no cause was given: is there an http_proxy?';
  // OpenSSL's texts end in a line break, and a peer's certificate can put any text into an error.
  return oneLine(cause ?? message);
}
