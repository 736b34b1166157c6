/**
 * `custom_round_robin` in a simulated channel, beside its model: each event
 * goes to both, and after each they must agree. The clock is vitest's.
 */
import { experimental, type LoadBalancingConfig, connectivityState as State } from '@grpc/grpc-js';
import { type Publication, rpc, SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { expect, vi } from 'vitest';
import { type Config, Model, type Resolution, type World } from './rotation-model.js';

const { CONNECTING, IDLE, READY, TRANSIENT_FAILURE } = State;
/** What `Math.random()` answers. */
export const RANDOM = 0.6;
/** So many older pickers are picked from after each event. */
const KEPT_PICKERS = 6;

/** What the resolver sends. Undefined is as before; of lists, as the last one that had endpoints. */
export interface Update {
  readonly resolution: Resolution | undefined;
  readonly config: Config | 'bad' | undefined;
  /** The value of a channel option: another one makes pick_first try its addresses anew. */
  readonly option: number | undefined;
}

export type Event =
  /** An address's connection attempt begins, succeeds or fails; its connection, or its back-off, ends. */
  | { readonly kind: 'attempt' | 'connect' | 'fail' | 'lose'; readonly address: string }
  /** All connections end in this turn. */
  | { readonly kind: 'blackout' }
  | ({ readonly kind: 'update' } & Update)
  | { readonly kind: 'pick'; readonly count: number }
  /** What comes in this turn of the event loop is over: ticks and immediates have theirs. */
  | { readonly kind: 'turn' }
  | { readonly kind: 'wait'; readonly ms: number };

export class Run implements World {
  readonly channel: SimulatedChannel = new SimulatedChannel({});
  readonly model: Model = new Model(this);
  readonly random = RANDOM;
  now = 0;
  private resolution: Exclude<Resolution, 'error'> = [];
  private config: Config | 'bad' = 'bad';
  /** The newest option that was sent with endpoints. */
  private option = 0;
  /** How often the updates of this turn are to be republished. */
  private repetitions = { least: 0, most: 0 };
  /** The endpoints that have lost their connection in this turn, in the order of the losses. */
  private lost: Model['endpoints'] = [];
  /** The READY pickers among the first so many publications. */
  private readonly pickers: experimental.Picker[] = [];
  private seen = 0;

  constructor() {
    // Those of a run that ended early.
    vi.clearAllTimers();
  }

  stateOf(address: string): State {
    return this.channel.subchannel(address).state;
  }

  /** The connections of the READY endpoints, in the resolver's order. */
  get connections(): string[] {
    return this.model.ready.map(({ via }) => via as string);
  }

  async apply(event: Event): Promise<void> {
    switch (event.kind) {
      case 'blackout':
        for (const connection of this.connections) this.step(connection, 'lose');
        return;
      case 'update':
        this.update(event);
        return;
      case 'pick':
        this.pick(event.count);
        return;
      case 'turn':
        await this.endTurn();
        return;
      case 'wait':
        await this.endTurn();
        this.wait(event.ms);
        return;
      default:
        this.step(event.address, event.kind);
    }
  }

  /** Only what a subchannel of grpc-js can do: a connection is lost to IDLE, an attempt begins with CONNECTING. */
  private step(address: string, kind: 'attempt' | 'connect' | 'fail' | 'lose'): void {
    if (kind === 'lose') {
      if (this.stateOf(address) !== CONNECTING) this.become(address, IDLE);
    } else if (this.stateOf(address) !== READY) {
      this.become(address, CONNECTING);
      if (kind !== 'attempt') this.become(address, kind === 'connect' ? READY : TRANSIENT_FAILURE);
    }
  }

  private become(address: string, state: State): void {
    const { model } = this;
    const before = { state: model.state, ready: model.ready };
    const published = this.publishedIn(() =>
      this.channel.subchannel(address).become(state, 'Error: refused'),
    );
    model.hear(address, state);
    this.lost = this.lost.concat(
      model.endpoints.filter((endpoint) => endpoint.state === IDLE && !this.lost.includes(endpoint)),
    );
    const same = before.state === model.state && `${before.ready.map(id)}` === `${model.ready.map(id)}`;
    // (5) One publication, and none if there is nothing new.
    expect(published).toBeLessThanOrEqual(same ? 0 : 1);
    this.agree();
  }

  private update({ resolution = this.resolution, config = this.config, option = this.option }: Update): void {
    const good = config === 'bad' ? undefined : config;
    const adopts = resolution !== 'error' && (good ?? this.model.config) !== undefined;
    const expected = this.model.update(resolution, good, this.option !== option);
    if (resolution !== 'error' && resolution.length > 0) this.resolution = resolution;
    this.config = config;
    if (adopts) this.option = option;
    let accepted: boolean | undefined;
    // (5) Whatever an update changes is one publication.
    const published = this.publishedIn(() => {
      accepted = this.channel.policy.updateAddressList(
        resolution === 'error'
          ? experimental.statusOrFromError({ code: 14, details: 'no such name' })
          : experimental.statusOrFromValue(resolution.map((each) => SimulatedChannel.endpoint(...each))),
        experimental.parseLoadBalancingConfig(jsonOf(config)),
        { 'grpc.keepalive_time_ms': option },
        '',
      );
    });
    expect(published).toBeLessThanOrEqual(1);
    expect(accepted).toBe(expected);
    if (adopts) {
      this.repetitions = { least: Math.max(this.repetitions.least, accepted ? 1 : 0), most: 1 };
    }
    this.agree();
  }

  /** (2) (3) (6): the model knows whose turn it is. */
  private pick(count: number): void {
    if (this.model.state !== READY) return;
    const picked = this.channel.picks(count);
    // (1) for the newest picker.
    expect(picked.filter((address) => this.stateOf(address) !== READY)).toEqual([]);
    expect(picked).toEqual(Array.from({ length: count }, () => this.model.pick()));
  }

  private async endTurn(): Promise<void> {
    const { lost, model } = this;
    this.lost = [];
    const before = this.channel.publications.length;
    await new Promise((resolve) => process.nextTick(resolve));
    for (const endpoint of lost) model.reconnect(endpoint);
    // (5) Each reconnection is an event.
    expect(this.channel.publications.length - before).toBeLessThanOrEqual(lost.length);
    this.agree();
    // (5) The republication, of what was published already.
    const latest = this.channel.publications.at(-1);
    const repeated = this.publishedIn(() => vi.advanceTimersByTime(0));
    expect(repeated).toBeGreaterThanOrEqual(this.repetitions.least);
    expect(repeated).toBeLessThanOrEqual(this.repetitions.most);
    expect(this.channel.publications.at(-1)?.picker).toBe(latest?.picker);
    this.repetitions = { least: 0, most: 0 };
    this.agree();
  }

  private wait(ms: number): void {
    const end = this.now + ms;
    while (this.now < end) {
      const at = Math.min(this.model.deadline, end);
      const reconnecting = this.model.reconnecting(at);
      const published = this.publishedIn(() => vi.advanceTimersByTime(at - this.now));
      this.now = at;
      this.model.elapse();
      // (5) Each reconnection is an event.
      expect(published).toBeLessThanOrEqual(1 + reconnecting);
      this.agree();
    }
  }

  private publishedIn(action: () => void): number {
    const before = this.channel.publications.length;
    action();
    return this.channel.publications.length - before;
  }

  /** State, connections and references are as the model has them; no older picker has another connection. */
  private agree(): void {
    const { channel, model } = this;
    const latest = channel.publications.at(-1);
    if (latest === undefined) return;
    const actual = { state: latest.state, created: channel.created, refs: channel.refs };
    expect(actual).toEqual({ state: model.state, created: model.created, refs: model.refs });
    if (latest.state !== READY) {
      const { pickResultType, subchannel } = latest.picker.pick(rpc());
      const { QUEUE, TRANSIENT_FAILURE: FAILURE } = experimental.PickResultType;
      expect(pickResultType).toBe(latest.state === CONNECTING ? QUEUE : FAILURE);
      expect(subchannel).toBeNull();
    }
    // The newest is older too while another state is published.
    const end = latest.state === READY ? -1 : this.readyPickers().length;
    this.pickFromOlder(this.readyPickers().slice(-1 - KEPT_PICKERS, end));
  }

  /** (1) An RPC may still hold an older picker: what that returns is live. */
  private pickFromOlder(pickers: readonly experimental.Picker[]): void {
    const picked = pickers.map((picker) => picker.pick(rpc()).subchannel?.getAddress());
    const { connections } = this;
    const dead = (address: string | undefined) =>
      address !== undefined && (!connections.includes(address) || this.stateOf(address) !== READY);
    expect(picked.filter(dead)).toEqual([]);
  }

  /** Every picker that was published with READY, the newest last. */
  private readyPickers(): readonly experimental.Picker[] {
    const { publications } = this.channel;
    for (; this.seen < publications.length; this.seen++) {
      const { state, picker } = publications[this.seen] as Publication;
      if (state === READY && this.pickers.at(-1) !== picker) this.pickers.push(picker);
    }
    return this.pickers;
  }

  /** All connections are lost and the policy is destroyed, in one turn: (1) and (4) to the end. */
  async finish(): Promise<void> {
    const { channel, model } = this;
    await this.apply({ kind: 'blackout' });
    const pickers = this.readyPickers();
    for (let pick = 0; pick < 3; pick++) this.pickFromOlder(pickers);
    channel.policy.destroy();
    model.endpoints = [];
    this.pickFromOlder(pickers);
    await new Promise((resolve) => process.nextTick(resolve));
    vi.advanceTimersByTime(60_000);
    const left = [...channel.subchannels.values(), ...channel.further].filter(
      ({ refs, listeners }) => refs + listeners.size > 0,
    );
    expect(left).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  }
}

function id({ addresses }: Model['endpoints'][number]): string {
  return addresses.join('+');
}

function jsonOf(config: Config | 'bad'): LoadBalancingConfig {
  if (config === 'bad') return { custom_round_robin: { repeatCount: 0 } };
  const { readyTimeoutMs, ...fields } = config;
  const wait =
    readyTimeoutMs === Number.POSITIVE_INFINITY ? {} : { readyTimeout: `${readyTimeoutMs / 1000}s` };
  return { custom_round_robin: { ...fields, ...wait } };
}
