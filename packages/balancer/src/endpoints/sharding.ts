/**
 * One pick_first child per endpoint (gRFC A61): keeps the children in step with
 * the resolver, counts their states, and publishes what the policy above makes
 * of them. `definePolicy` is built on it; use it directly for a policy that
 * outgrows `definePolicy`.
 */
import {
  type ChannelOptions,
  type experimental,
  connectivityState as State,
  type StatusObject,
} from '@grpc/grpc-js';
import { oneLine, publishLater, sameAddresses, tracer } from '@petiole/service-config/internal';
import { type EndpointEvent, type EndpointState, endpointStateChannel } from '../events/endpoint-events.js';
import { ChannelArguments } from './channel-arguments.js';
import { type ChildOwner, EndpointChild } from './child.js';
import { CONNECT_TIMEOUT_MS, ConnectingWatch } from './connecting-watch.js';
import { DepartedEndpoints } from './data.js';
import type { EndpointHooks, PolicyEndpoint } from './endpoint.js';
import { describeFailure } from './failure-message.js';
import { matchEndpoints } from './matching.js';
import { failPick, queuePick } from './pick-result.js';
import { Publisher } from './publisher.js';
import { ReadyList } from './ready-list.js';
import { ReresolutionLimit } from './reresolution-limit.js';

type Endpoint = experimental.Endpoint;
type Picker = experimental.Picker;

const trace = tracer('endpoint_sharding');

/** Resolvers say many things: what of a name could not be looked up, and what an answer of a catalogue was. */
const LONGEST_NOTE = 4000;

/** What a policy gives its {@link EndpointSharding}. */
export interface EndpointShardingOptions<Data> extends EndpointHooks<Data> {
  /** The policy's name, for messages and traces. */
  readonly name: string;
  /** What grpc-js passed to the policy's constructor. */
  readonly helper: experimental.ChannelControlHelper;
  /**
   * Time to call {@link EndpointSharding.publish}. Called once per event, however many children report in it, and at
   * the end of each update. As the hooks, it must not act on any client.
   */
  readonly onChange: (change: EndpointChange) => void;
}

/**
 * What is different since the last call:
 * - `ready`: which endpoints there are, their order or addresses, or which of them are READY. A picker is out of date.
 * - `states`: at most the states of endpoints that are not READY. A picker is good, but RPCs may wait for what it
 *   answers now.
 */
export type EndpointChange = 'ready' | 'states';

/** The endpoints of one policy instance: one pick_first child each. Hand it the updates, and publish your picker on `onChange`. */
export class EndpointSharding<Data = undefined> {
  private readonly owner: ChildOwner<Data>;
  private readonly publisher: Publisher;
  private readonly reresolution: ReresolutionLimit;
  private readonly connecting: ConnectingWatch<EndpointChild<Data>>;
  private readonly queuePicker: Picker = { pick: queuePick };
  private readonly failurePicker: Picker = { pick: () => failPick(this.failureMessage()) };
  private children: readonly EndpointChild<Data>[] = [];
  private readonly readyList: ReadyList<EndpointChild<Data>> = new ReadyList();
  private readonly departed: DepartedEndpoints<Data> = new DepartedEndpoints();
  private readonly counts: Record<EndpointState, number> = {
    IDLE: 0,
    CONNECTING: 0,
    READY: 0,
    TRANSIENT_FAILURE: 0,
    SHUTDOWN: 0,
  };
  private note = '';
  private acceptedBefore = false;
  /** How many there were: one may come from within another. */
  private updates = 0;
  /** Above 0 while children are being changed: their reports add up to one `onChange`. */
  private batchDepth = 0;
  /** What that will tell. */
  private change: EndpointChange | undefined = undefined;
  private destroyed = false;

  private readonly options: EndpointShardingOptions<Data>;

  constructor(options: EndpointShardingOptions<Data>) {
    this.options = options;
    this.publisher = new Publisher(options.helper);
    this.reresolution = new ReresolutionLimit(() => options.helper.requestReresolution());
    this.connecting = new ConnectingWatch((child) => child.declareStuck(CONNECT_TIMEOUT_MS / 1000));
    this.owner = {
      helper: options.helper,
      hooks: options,
      args: new ChannelArguments(),
      childReported: (child, from, reason) => this.childReported(child, from, reason),
      callsEnded: (data) => this.departed.forget(data),
      requestReresolution: () => this.requestReresolution(),
    };
  }

  /** All endpoints, in the resolver's order, each once. */
  get endpoints(): readonly PolicyEndpoint<Data>[] {
    return this.children;
  }

  /** The READY endpoints, in the resolver's order. */
  get ready(): readonly PolicyEndpoint<Data>[] {
    return this.readyList.current(this.children);
  }

  /** How many endpoints are READY; costs nothing. */
  get readyCount(): number {
    return this.counts.READY;
  }

  /** How many endpoints are in that state; costs nothing. */
  count(state: EndpointState): number {
    return this.counts[state];
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
      if (this.children.length === 0) this.publishFailure({ ...list.error, details });
      // The policy may have a new config all the same.
      else this.options.onChange('states');
      return true;
    }
    const endpoints = list.value.filter((endpoint) => endpoint.addresses.length > 0);
    this.batch(() => {
      const before = this.children;
      const renew = this.owner.args.adopt(channelOptions);
      if (!this.adoptUnchanged(endpoints)) this.reconcile(endpoints);
      this.change ??= 'states';
      // Those that the list has dropped need nothing new, and those that it has brought have it.
      if (renew) for (const child of before) if (child.state !== 'SHUTDOWN') child.renew();
    });
    if (this.destroyed) return true;
    this.publisher.repeatLater();
    if (endpoints.length > 0) {
      this.acceptedBefore = true;
      return true;
    }
    const note = this.note === '' ? '' : ` Resolution note: ${this.note}`;
    this.publishFailure({ details: `${this.options.name}: the resolver returned no endpoints.${note}` });
    // RPCs would wait for ever if the very first update were refused (R8).
    const refused = this.acceptedBefore;
    this.acceptedBefore = true;
    return !refused;
  }

  /**
   * Publishes READY with the policy's picker; or, without one, TRANSIENT_FAILURE if all endpoints are in it,
   * else CONNECTING. What is published already is not published again, and nothing while there are no endpoints:
   * {@link EndpointSharding.update} says so by itself.
   */
  publish(picker: Picker | undefined): void {
    if (this.children.length === 0) {
      // Either nothing is known yet, or publishFailure has said why.
    } else if (picker !== undefined) {
      this.push(State.READY, picker);
    } else if (this.counts.TRANSIENT_FAILURE === this.children.length) {
      this.push(State.TRANSIENT_FAILURE, this.failurePicker, () => this.failureMessage());
    } else {
      this.push(State.CONNECTING, this.queuePicker);
    }
  }

  /** Publishes TRANSIENT_FAILURE: RPCs fail with this status, those that wait for ready go on waiting. */
  publishFailure(failure: Partial<StatusObject>): void {
    const result = failPick(failure);
    this.push(State.TRANSIENT_FAILURE, { pick: () => result }, () => failure.details ?? null);
  }

  /** Releases all subchannels and timers. Nothing is published or called back afterwards. */
  destroy(): void {
    this.destroyed = true;
    this.reresolution.clear();
    this.connecting.clear();
    this.publisher.destroy();
    const { children } = this;
    this.children = [];
    this.readyList.reset();
    for (const child of children) this.remove(child, 'policy destroyed');
    this.departed.clear();
  }

  /** The fast path of a re-resolution that changes nothing: one comparison per address, no key is computed. */
  private adoptUnchanged(list: readonly Endpoint[]): boolean {
    const { children } = this;
    if (list.length !== children.length) return false;
    for (let i = 0; i < list.length; i++) {
      if (!sameAddresses(list[i] as Endpoint, (children[i] as EndpointChild<Data>).endpoint)) return false;
    }
    for (let i = 0; i < list.length; i++) (children[i] as EndpointChild<Data>).endpoint = list[i] as Endpoint;
    return true;
  }

  private reconcile(list: readonly Endpoint[]): void {
    const { updates, children: before } = this;
    const { matches, leaving } = matchEndpoints(list, before, this.departed.all);
    const created = new Set<EndpointChild<Data>>();
    const children = matches.map((match) => {
      if (match.is !== 'new') return match.child;
      const child = new EndpointChild(this.owner, match.endpoint, match.former?.kept);
      created.add(child);
      return child;
    });
    // A policy's createData may have closed the channel, or had it updated: that newer list counts.
    if (this.destroyed || this.updates !== updates) {
      for (const child of created) child.destroy();
      return;
    }
    this.children = children;
    for (const [index, child] of children.entries()) child.index = index;
    for (const child of created) {
      this.counts[child.state]++;
      if (child.kept !== undefined) this.departed.forget(child.kept);
    }
    const renamed = new Map<EndpointChild<Data>, string>();
    for (const match of matches) {
      if (match.is === 'changed') renamed.set(match.child, match.child.name);
      if (match.is !== 'new') match.child.adopt(match.endpoint);
    }
    // A list that names an endpoint twice comes here each time, and changes nothing.
    const moved = children.some((child, i) => child !== before[i]) || before.length > children.length;
    if (moved) this.readyList.reset();
    if (moved || renamed.size > 0) this.change = 'ready';
    // Connect first: a new endpoint may share a connection with a removed one.
    for (const child of created) {
      // Those before it may have reported, and whoever heard of it may have closed the channel, or updated it.
      if (child.state !== 'SHUTDOWN') child.connect();
    }
    for (const [child, name] of renamed) this.tellNewName(child, name);
    const goneOn = new Set([...created].map(({ kept }) => kept));
    for (const child of leaving) {
      const { kept, endpoint } = child;
      if (kept !== undefined && kept.calls > 0 && !goneOn.has(kept)) this.departed.leave(kept, endpoint);
      this.remove(child, 'removed by the resolver');
    }
  }

  /** Whoever follows events knows endpoints by their names: one of another name is another one to them. */
  private tellNewName(child: EndpointChild<Data>, before: string): void {
    const { name, state, lastError } = child;
    this.tell({ name: before }, state, 'SHUTDOWN', `its addresses have changed to ${name}`);
    if (state === 'IDLE' || state === 'SHUTDOWN') return;
    this.tell(child, 'IDLE', state, lastError ?? `its addresses have changed from ${before}`);
  }

  private remove(child: EndpointChild<Data>, reason: string): void {
    this.connecting.stop(child);
    const from = child.state;
    this.counts[from]--;
    child.destroy();
    this.tell(child, from, 'SHUTDOWN', reason);
  }

  private childReported(child: EndpointChild<Data>, from: EndpointState, reason: string): void {
    const { state } = child;
    this.counts[from]--;
    this.counts[state]++;
    const isPickersConcern = from === 'READY' || state === 'READY';
    if (isPickersConcern) this.readyList.change(child);
    if (state === 'CONNECTING') this.connecting.start(child);
    else this.connecting.stop(child);
    // After the report, so that pick_first tries the addresses one after the other again (B10).
    if (state === 'IDLE') process.nextTick(() => child.reconnect());
    this.tell(child, from, state, reason);
    this.batch(() => {
      if (isPickersConcern) this.change = 'ready';
      else this.change ??= 'states';
      if (from === 'READY') this.requestReresolution();
    });
  }

  private requestReresolution(): void {
    // Whoever hears of a report may close the channel.
    if (!this.destroyed) this.reresolution.request();
  }

  private batch(makeChanges: () => void): void {
    this.batchDepth++;
    try {
      makeChanges();
    } finally {
      this.batchDepth--;
    }
    if (this.batchDepth > 0 || this.change === undefined || this.destroyed) return;
    const { change } = this;
    this.change = undefined;
    this.options.onChange(change);
  }

  private push(state: State, picker: Picker, error?: () => string | null): void {
    if (!this.publisher.publish(state, picker, error)) return;
    trace?.(
      `${this.options.name}: ${State[state]}, ${this.readyCount} of ${this.children.length} endpoints READY`,
    );
  }

  private failureMessage(): string {
    return describeFailure(this.options.name, this.children, this.note);
  }

  private tell(
    endpoint: { readonly name: string },
    from: EndpointState,
    to: EndpointState,
    reason: string,
  ): void {
    trace?.(`${this.options.name}: ${endpoint.name} ${from} -> ${to}: ${reason}`);
    publishLater<EndpointEvent>(endpointStateChannel, () => ({
      target: this.owner.args.target,
      endpoint: endpoint.name,
      from,
      to,
      reason,
    }));
  }
}
