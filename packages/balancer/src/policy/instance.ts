/**
 * One instance of a defined policy, in one channel: asks the definition for a
 * picker when the one that it has is out of date, and publishes the answer.
 */
import { type ChannelOptions, type experimental, connectivityState as State } from '@grpc/grpc-js';
import type { ConfigOf, Fields } from '@petiole/service-config';
import { show, tracer } from '@petiole/service-config/internal';
import type { PolicyEndpoint, PolicyPickArgs } from '../endpoints/endpoint.js';
import { type EndpointChange, EndpointSharding } from '../endpoints/sharding.js';
import type { EndpointState } from '../events/endpoint-events.js';
import { BugReports } from './bug-reports.js';
import { ConfigInForce, PolicyConfig } from './config.js';
import { assertPicker, GuardedPicker } from './guarded-picker.js';
import type { PolicyDefinition, PolicyView } from './view.js';
import { Waking } from './waking.js';

export class PolicyInstance<Declared extends Fields, Memory, Data> implements experimental.LoadBalancer {
  private readonly sharding: EndpointSharding<Data>;
  private readonly configs: ConfigInForce<ConfigOf<Declared>> = new ConfigInForce();
  private readonly waking: Waking;
  private readonly bugs: BugReports;
  private readonly trace: ReturnType<typeof tracer>;
  /**
   * Made with the first update, before anybody needs it: a hook called from the constructor would act on a policy that grpc-js does
   * not hold yet.
   */
  private view!: PolicyView<ConfigOf<Declared>, Memory, Data>;
  /** The answer of `createPicker` that holds; undefined if it was to publish none. */
  private picker: GuardedPicker<PolicyPickArgs> | undefined = undefined;
  /** `createPicker` has something to answer anew, at the latest when the change that is under way is over. */
  private isDue = true;

  private readonly definition: PolicyDefinition<Declared, Memory, Data>;

  constructor(
    definition: PolicyDefinition<Declared, Memory, Data>,
    helper: experimental.ChannelControlHelper,
  ) {
    const { name, createData, onCallStarted, onCallEnded } = definition;
    this.definition = definition;
    this.trace = tracer(name);
    this.bugs = new BugReports(name);
    this.waking = new Waking(() => this.sharding.reconsider());
    this.sharding = new EndpointSharding<Data>({
      name,
      helper,
      createData: this.bugs.caught('createData', createData, definition),
      onCallStarted: this.bugs.caught('onCallStarted', onCallStarted, definition),
      onCallEnded: this.bugs.caught('onCallEnded', onCallEnded, definition),
      select: this.bugs.caught('select', definition.select && (() => this.select()), this),
      connect: definition.connect,
      state: this.bugs.caught('state', definition.state && (() => this.state()), this),
      onChange: (change) => this.refresh(change),
    });
  }

  updateAddressList(
    endpoints: experimental.StatusOr<experimental.Endpoint[]>,
    config: experimental.TypedLoadBalancingConfig,
    channelOptions: ChannelOptions,
    resolutionNote: string,
  ): boolean {
    if (!(config instanceof PolicyConfig) || config.getLoadBalancerName() !== this.getTypeName())
      return false;
    if (this.configs.adopt(config)) this.isDue = true;
    if (this.configs.current === undefined) {
      // Accepted: a refused first update would leave RPCs waiting instead of telling them why.
      this.sharding.publishFailure({ details: this.configs.complaint ?? 'no config' });
      return true;
    }
    if (endpoints.ok && endpoints.value.some(({ addresses }) => addresses.length > 0)) this.waking.start();
    this.view ??= this.createView();
    return this.sharding.update(endpoints, channelOptions, resolutionNote);
  }

  // Every IDLE child has been told to reconnect when it reported IDLE. Called on each RPC.
  exitIdle(): void {}

  // Subchannels offer no way to shorten their back-off.
  resetBackoff(): void {}

  destroy(): void {
    this.waking.stop();
    this.sharding.destroy();
  }

  getTypeName(): string {
    return this.definition.name;
  }

  /** Where the definition cannot say, what it said before holds. */
  private select(): readonly PolicyEndpoint<Data>[] | undefined {
    const { definition, view } = this;
    const chosen = definition.select?.(view);
    const isKnown = (one: PolicyEndpoint<Data>): boolean => view.endpoints[one.index] === one;
    if (Array.isArray(chosen) && chosen.every(isKnown)) return chosen;
    throw new TypeError("select() must return an array of some of the view's endpoints");
  }

  private state(): EndpointState | undefined {
    const said = this.definition.state?.(this.view);
    if (said !== undefined && said in State) return said;
    throw new TypeError(
      `state() must return READY, CONNECTING, IDLE or TRANSIENT_FAILURE, got ${show(said)}`,
    );
  }

  private refresh(change: EndpointChange): void {
    if (this.isDue || change === 'ready') this.isDue = !this.ask();
    if (!this.isDue) this.sharding.publish(this.picker);
  }

  /** True if there is an answer; else RPCs fail, and the next change asks again. */
  private ask(): boolean {
    const { definition, view } = this;
    let asked = 'waits';
    try {
      const waits = definition.waits?.(view);
      asked = 'createPicker';
      const picker = waits ? undefined : definition.createPicker(view.ready, view);
      assertPicker(picker);
      this.picker = picker && new GuardedPicker(picker, this.bugs);
    } catch (error) {
      this.sharding.publishFailure({ details: this.bugs.report(asked, error) });
      return false;
    }
    this.trace?.(`${this.picker ? 'a picker' : 'no picker'}, ${view.readyCount} endpoints READY`);
    return true;
  }

  private createView(): PolicyView<ConfigOf<Declared>, Memory, Data> {
    const { bugs, configs, definition, sharding, waking } = this;
    return {
      memory: bugs.caught('createMemory', definition.createMemory, definition)?.() as Memory,
      wake: () => waking.soon(),
      wakeAfter: (ms) => waking.after(ms),
      get config() {
        return configs.current?.value as ConfigOf<Declared>;
      },
      get endpoints() {
        return sharding.endpoints;
      },
      get ready() {
        return sharding.ready;
      },
      get readyCount() {
        return sharding.readyCount;
      },
      get elapsedMs() {
        return waking.elapsedMs;
      },
    };
  }
}
