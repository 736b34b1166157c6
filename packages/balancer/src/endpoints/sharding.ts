/**
 * One pick_first child per endpoint (gRFC A61): keeps the children in step with the resolver, and publishes what the
 * policy above makes of their states. `definePolicy` is built on it; use it directly for a policy that outgrows that.
 */
import { clearImmediate, setImmediate } from 'node:timers';
import {
  type ChannelOptions,
  type experimental,
  connectivityState as State,
  type StatusObject,
} from '@grpc/grpc-js';
import { Fingerprints, oneLine, tracer } from '@petiole/service-config/internal';
import type { EndpointState } from '../events/endpoint-events.js';
import { CONNECT_TIMEOUT_MS, ConnectingWatch, ENDPOINT_TIMEOUT_MS } from '../grpc-js/connecting-watch.js';
import { Publisher } from '../grpc-js/publisher.js';
import { ChannelArguments } from './channel-arguments.js';
import { type ChildOwner, EndpointChild } from './child.js';
import { ChildList } from './child-list.js';
import { DepartedEndpoints } from './data.js';
import {
  type ConnectMode,
  describeEndpoints,
  type EndpointHooks,
  type PolicyEndpoint,
  type PolicyPicker,
} from './endpoint.js';
import { matchEndpoints } from './matching.js';
import { failPick, queuePick } from './pick-result.js';
import { PickedInTurn } from './picked-in-turn.js';
import { ReresolutionLimit } from './reresolution-limit.js';
import { RpcPicker } from './rpc-picker.js';
import { StreamWaits } from './stream-waits.js';

type Endpoint = experimental.Endpoint;
type Picker = experimental.Picker;

const trace = tracer('endpoint_sharding');

/** Resolvers say many things: what of a name could not be looked up, and what an answer of a catalogue was. */
const LONGEST_NOTE = 4000;

/**
 * How often a policy is asked for its selection in one event; it is asked again in the next turn of the event loop. Where each
 * answer brings an endpoint that has failed already, there is another one for each endpoint at most. A policy that gives more of
 * them is never content, and is asked again at the next event.
 */
const MOST_SELECTIONS = 10;

/** What a policy gives its {@link EndpointSharding}. */
export interface EndpointShardingOptions<Data> extends EndpointHooks<Data> {
  /** The policy's name, for messages and traces. */
  readonly name: string;
  /** What grpc-js passed to the policy's constructor. */
  readonly helper: experimental.ChannelControlHelper;
  /** Which endpoints may connect, asked after each event. Default: all. Undefined: those of before. */
  readonly select?: (() => readonly PolicyEndpoint<Data>[] | undefined) | undefined;
  /** Default `at once`. */
  readonly connect?: ConnectMode | undefined;
  /** Which state a picker is published with where endpoints connect `when asked`. Default, and undefined: the best of any. */
  readonly state?: (() => EndpointState | undefined) | undefined;
  /**
   * Time to call {@link EndpointSharding.publish}. Called once per event, however many children report in it, and at
   * the end of each update. As the hooks, it must not act on any client.
   */
  readonly onChange: (change: EndpointChange) => void;
}

/**
 * What is different since the last call:
 * - `ready`: which endpoints there are, their order, addresses or attributes, or which of them are READY. A picker is out
 *   of date.
 * - `states`: at most the states of endpoints that are not READY. A picker is good, but RPCs may wait for what it
 *   answers now.
 */
export type EndpointChange = 'ready' | 'states';

/** The endpoints of one policy instance: one pick_first child each. Hand it the updates, and publish your picker on `onChange`. */
export class EndpointSharding<Data = undefined> {
  private readonly owner: ChildOwner<Data>;
  private readonly publisher: Publisher;
  private readonly reresolution: ReresolutionLimit;
  private readonly queuePicker: Picker = { pick: queuePick };
  private readonly failurePicker: Picker = { pick: () => failPick(this.failureMessage()) };
  private readonly children: ChildList<EndpointChild<Data>> = new ChildList();
  /** Those of the children. */
  private fingerprints: Fingerprints = Fingerprints.of([]);
  private readonly departed: DepartedEndpoints<Data> = new DepartedEndpoints();
  /** The policy's newest picker, as it is published. */
  private rpcPicker: RpcPicker<Data> | undefined = undefined;
  private note = '';
  private acceptedBefore = false;
  /** How many there were: one may come from within another. */
  private updates = 0;
  /** Above 0 while children are being changed: their reports add up to one `onChange`. */
  private batchDepth = 0;
  /** What that will tell. */
  private change: EndpointChange | undefined = undefined;
  /** How many selections in a row were others than the one before. */
  private selections = 0;
  /** The policy is asked for the next ones then. */
  private selectingOn: NodeJS.Immediate | undefined = undefined;
  private destroyed = false;

  private readonly options: EndpointShardingOptions<Data>;

  constructor(options: EndpointShardingOptions<Data>) {
    this.options = options;
    this.publisher = new Publisher(options.helper);
    this.reresolution = new ReresolutionLimit(() => options.helper.requestReresolution());
    this.owner = {
      policy: options,
      args: new ChannelArguments(),
      picks: new PickedInTurn(),
      waits: new StreamWaits(options.name),
      connecting: new ConnectingWatch(ENDPOINT_TIMEOUT_MS, (attempt) =>
        attempt.declareStuck(CONNECT_TIMEOUT_MS / 1000),
      ),
      pickAgain: () => this.batch(() => this.changed('states')),
      childReported: (child, from) => this.childReported(child, from),
      callsEnded: (data) => this.departed.delete(data),
      requestReresolution: () => this.reresolution.request(),
    };
  }

  /** All endpoints, in the resolver's order, each once. */
  get endpoints(): readonly PolicyEndpoint<Data>[] {
    return this.children.all;
  }

  /** The READY endpoints, in the resolver's order. */
  get ready(): readonly PolicyEndpoint<Data>[] {
    return this.children.ready;
  }

  /** How many endpoints are READY; costs nothing. */
  get readyCount(): number {
    return this.children.count('READY');
  }

  /**
   * Takes an update: pass what `updateAddressList` was given and return its answer. Children of unchanged
   * endpoints are not touched. A resolver error is published only while there are no endpoints; an empty list
   * removes all endpoints and is refused (false) unless it is the first update.
   */
  update(
    list: experimental.StatusOr<Endpoint[]>,
    channelOptions: ChannelOptions,
    resolutionNote: string,
  ): boolean {
    if (this.destroyed) return true;
    this.updates++;
    // Resolvers of grpc-js leave the note of an error empty; RPCs that fail should know of the error all the same.
    const details = list.ok ? '' : oneLine(list.error.details, LONGEST_NOTE);
    this.note = resolutionNote === '' ? details : oneLine(resolutionNote, LONGEST_NOTE);
    if (!list.ok) {
      trace?.(`${this.options.name}: resolver error ${details}`);
      if (this.children.all.length === 0) this.publishFailure({ ...list.error, details });
      // The policy may have a new config all the same.
      else this.batch(() => this.changed('states'));
      return true;
    }
    this.batch(() => {
      const { all: before } = this.children;
      const renew = this.owner.args.adopt(channelOptions);
      this.reconcile(list.value);
      this.changed('states');
      // What the list has dropped needs nothing new, and what it has brought has it.
      if (renew) for (const child of before) if (child.state !== 'SHUTDOWN') child.takeArguments();
      if (this.owner.args.maxConnections > 1) for (const child of before) child.allowConnections();
    });
    if (this.destroyed) return true;
    this.publisher.repeatLater();
    const isEmpty = !list.value.some(({ addresses }) => addresses.length > 0);
    if (isEmpty) {
      const what = `${this.options.name}: the resolver returned no endpoints`;
      this.publishFailure({ details: `${what}${this.noteSentence || '.'}` });
    }
    // RPCs would wait for ever if the very first update were refused (R8).
    const refused = isEmpty && this.acceptedBefore;
    this.acceptedBefore = true;
    return !refused;
  }

  /**
   * Publishes READY with the policy's picker; or, without one, TRANSIENT_FAILURE if all selected endpoints are in it,
   * else CONNECTING. Where endpoints connect `when asked`, the picker is published with what `state` says, or the best state of
   * any: READY, CONNECTING, IDLE, TRANSIENT_FAILURE. What is published already is published again only if it has let an RPC wait,
   * and nothing while there are no endpoints: {@link EndpointSharding.update} says so by itself.
   */
  publish(picker: PolicyPicker | undefined): void {
    // Without endpoints either nothing is known yet, or publishFailure has said why.
    if (this.children.all.length === 0) return;
    const state = this.stateWith(picker);
    const error = state === State.TRANSIENT_FAILURE ? () => this.failureMessage() : undefined;
    if (picker === undefined) {
      this.push(state, error ? this.failurePicker : this.queuePicker, error);
    } else {
      if (this.rpcPicker?.picker !== picker || this.rpcPicker.hasKeptWaiting)
        this.rpcPicker = new RpcPicker(picker, this.owner.picks, this.options);
      this.push(state, this.rpcPicker, error);
    }
  }

  /** What a policy says with its picker, or without one. Where endpoints wait to be asked, their states say it. */
  private stateWith(picker: PolicyPicker | undefined): State {
    const { children } = this;
    const isLazy = this.options.connect === 'when asked';
    const said = picker !== undefined && isLazy ? this.options.state?.() : undefined;
    if (said !== undefined) return State[said];
    if (picker !== undefined && (!isLazy || this.readyCount > 0)) return State.READY;
    const haveFailed = children.count('TRANSIENT_FAILURE') === this.selected.length;
    // More of them are about to be selected: RPCs wait that long.
    if (haveFailed) return this.selectingOn === undefined ? State.TRANSIENT_FAILURE : State.CONNECTING;
    const waits = isLazy && children.count('CONNECTING') === 0 && this.readyCount === 0;
    return waits ? State.IDLE : State.CONNECTING;
  }

  /** Publishes TRANSIENT_FAILURE: RPCs fail with this status, those that wait for ready go on waiting. */
  publishFailure(failure: Partial<StatusObject>): void {
    const result = failPick(failure);
    this.push(State.TRANSIENT_FAILURE, { pick: () => result }, () => failure.details ?? null);
  }

  /** Something has changed that is none of the endpoints: `select` and `onChange('ready')` are called. */
  reconsider(): void {
    this.batch(() => this.changed('ready'));
  }

  /** Releases all subchannels and timers. Nothing is published or called back afterwards. */
  destroy(): void {
    this.destroyed = true;
    clearImmediate(this.selectingOn);
    this.reresolution.stop();
    this.publisher.destroy();
    const { all } = this.children;
    this.children.replace([]);
    for (const child of all) child.destroy('policy destroyed');
    this.owner.connecting.clear();
    this.departed.clear();
  }

  private reconcile(list: readonly Endpoint[]): void {
    const { updates } = this;
    const { all: before } = this.children;
    const { head, tail, between, fingerprints, leaving } = matchEndpoints(
      list,
      before,
      [...this.departed.values()],
      this.fingerprints,
    );
    const created: EndpointChild<Data>[] = [];
    const middle = between.map((match) => {
      if (match.is !== 'new') return match.child;
      const child = new EndpointChild(this.owner, match.endpoint, match.former?.kept);
      created.push(child);
      return child;
    });
    // A policy's createData may have closed the channel, or had it updated: that newer list counts.
    if (this.destroyed || this.updates !== updates) {
      for (const child of created) child.destroy();
      return;
    }
    this.fingerprints = fingerprints;
    const children = [...before.slice(0, head), ...middle, ...before.slice(before.length - tail)];
    // A list may name an endpoint twice each time, and change nothing.
    if (children.length !== before.length || middle.some((child, i) => child !== before[head + i])) {
      this.children.replace(children);
      this.changed('ready');
    }
    for (const { kept, endpoint } of leaving) this.departed.leave(kept, endpoint);
    // Also what has just left, where it goes on with another child.
    for (const { kept } of created) this.departed.delete(kept);
    if (between.some(({ is }) => is === 'changed')) this.changed('ready');
    const given = between.map(({ endpoint }) => endpoint);
    const endpoints = [...list.slice(0, head), ...given, ...list.slice(list.length - tail)];
    for (const [i, child] of children.entries())
      if (child.adopt(endpoints[i] as Endpoint)) this.changed('ready');
    // Connect first: a new endpoint may share a connection with a removed one.
    for (const child of created) {
      // What the others report may have closed the channel, or updated it.
      if (child.state !== 'SHUTDOWN' && this.options.select === undefined) child.select();
    }
    for (const child of leaving) child.destroy('removed by the resolver');
  }

  private childReported(child: EndpointChild<Data>, from: EndpointState): void {
    const areOthersReady = this.children.moved(child, from);
    this.batch(() => {
      this.changed(areOthersReady ? 'ready' : 'states');
      if (from === 'READY' && child.isSelected) this.reresolution.request();
    });
  }

  private changed(change: EndpointChange): void {
    if (this.change !== 'ready') this.change = change;
  }

  private batch(makeChanges: () => void): void {
    this.batchDepth++;
    try {
      makeChanges();
      if (this.batchDepth === 1 && this.change !== undefined) this.reselect();
    } finally {
      this.batchDepth--;
    }
    if (this.batchDepth > 0 || this.change === undefined || this.destroyed) return;
    const { change } = this;
    this.change = undefined;
    this.options.onChange(change);
  }

  /** What a change of the selection does to the endpoints may call for another one, as where the next group has failed, too. */
  private reselect(): void {
    const { select } = this.options;
    for (let round = 0; select !== undefined && round < MOST_SELECTIONS && !this.destroyed; round++) {
      const chosen = select();
      if (chosen === undefined || !this.adoptSelection(new Set(chosen))) {
        this.selections = 0;
        return;
      }
      this.selections++;
      this.changed('ready');
    }
    if (this.selections === 0 || this.selections > this.children.all.length || this.destroyed) return;
    this.selectingOn ??= setImmediate(() => {
      this.selectingOn = undefined;
      this.reconsider();
    });
  }

  /** Answers whether it is another one. */
  private adoptSelection(selection: ReadonlySet<unknown>): boolean {
    const others = this.children.all.filter((child) => child.isSelected !== selection.has(child));
    // Connect first: an endpoint may share a connection with one that goes.
    for (const child of others) if (selection.has(child)) child.select();
    for (const child of others) if (!selection.has(child)) child.deselect();
    return others.length > 0;
  }

  private get selected(): readonly EndpointChild<Data>[] {
    const { all } = this.children;
    return this.options.select === undefined ? all : all.filter(({ isSelected }) => isSelected);
  }

  private push(state: State, picker: Picker, error?: () => string | null): void {
    if (!this.publisher.publish(state, picker, error)) return;
    trace?.(
      `${this.options.name}: ${State[state]}, ${this.readyCount} of ${this.children.all.length} endpoints READY`,
    );
  }

  private failureMessage(): string {
    const { selected } = this;
    const count = this.children.all.length;
    const which = selected.length === count ? '' : ` selected of ${count}`;
    const who =
      selected.length === 1 ? `the only endpoint${which}` : `all ${selected.length} endpoints${which}`;
    return `${this.options.name}: ${who} failed: ${describeEndpoints(selected)}${this.noteSentence}`;
  }

  private get noteSentence(): string {
    return this.note === '' ? '' : `. Resolution note: ${this.note}`;
  }
}
