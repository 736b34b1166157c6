/** One instance of a defined wrapper, in one channel: its child policy, and what the two tell each other. */
import { experimental, type LoadBalancingConfig, connectivityState as State } from '@grpc/grpc-js';
import { type EndpointIdentity, identityOf } from '../endpoints/endpoint.js';
import { failPick } from '../endpoints/pick-result.js';
import { settled } from '../grpc-js/rpc-attempts.js';
import { BugReports } from './bug-reports.js';
import { ConfigInForce, PolicyConfig } from './config.js';
import { GuardedPicker } from './guarded-picker.js';
import { Waking } from './waking.js';

type Endpoint = experimental.Endpoint;
type PickResult = experimental.PickResult;
type Update = Parameters<experimental.LoadBalancer['updateAddressList']>;

/** What a wrapper knows. One object per policy instance: its fields are current whenever they are read. */
export interface WrapperView<Config, Memory> {
  /** The newest valid config, with a value for each of the `fields`, and `childPolicy`. */
  readonly config: Config;
  /** What `createMemory` made for this policy instance. */
  readonly memory: Memory;
  /** All endpoints in the resolver's order, also those that `select` leaves out. */
  readonly endpoints: readonly EndpointIdentity[];
  /** Has `select` asked again, and RPCs that wait picked again, in the next turn of the event loop. */
  wake(): void;
}

/** The behaviour of a wrapper, whatever its config is read from. */
export interface WrapperBehaviour<Config, Memory> {
  /** The key under `loadBalancingConfig`, in lower_snake_case. */
  readonly name: string;
  /** Makes what one policy instance remembers. */
  createMemory?(): Memory;
  /** The endpoints that the child policy gets, out of those given and in its own order. Default: all. Called on each update, and after `wake()`. */
  select?(
    endpoints: readonly EndpointIdentity[],
    view: WrapperView<Config, Memory>,
  ): readonly EndpointIdentity[];
  /**
   * The pick of an RPC. `next()` asks the child policy; it may be called more than once, or not at all. Return its
   * answer, also through `observePick()`, or `queuePick()`, `failPick()` or `dropPick()`. An RPC that this function lets wait
   * is picked again when the child policy publishes a picker, and after `wake()`.
   */
  wrapPick?(
    next: () => PickResult,
    args: experimental.PickArgs,
    view: WrapperView<Config, Memory>,
  ): PickResult;
}

export class WrapperInstance<Config extends { readonly childPolicy: readonly LoadBalancingConfig[] }, Memory>
  implements experimental.LoadBalancer
{
  private readonly helper: experimental.ChannelControlHelper;
  private readonly definition: WrapperBehaviour<Config, Memory>;
  private readonly child: experimental.ChildLoadBalancerHandler;
  private readonly configs: ConfigInForce<Config> = new ConfigInForce();
  private readonly bugs: BugReports;
  private childConfig: experimental.TypedLoadBalancingConfig | undefined = undefined;
  /** What the child policy has published last. */
  private published: { state: State; picker: experimental.Picker; error: string | null } | undefined =
    undefined;
  /** What grpc-js gave with the newest update. */
  private latest: Update | undefined = undefined;
  /** Of the newest list: a resolver error leaves them as they are. */
  private endpoints: readonly (EndpointIdentity & { readonly endpoint: Endpoint })[] = [];
  /** Made with the first config, and so before anybody needs it. */
  private view!: WrapperView<Config, Memory>;
  private readonly waking: Waking = new Waking(() => this.askAgain());

  constructor(definition: WrapperBehaviour<Config, Memory>, helper: experimental.ChannelControlHelper) {
    this.helper = helper;
    this.definition = definition;
    this.bugs = new BugReports(definition.name);
    const updateState = (state: State, picker: experimental.Picker, error: string | null): void => {
      this.published = { state, picker, error };
      this.publish();
    };
    this.child = new experimental.ChildLoadBalancerHandler(
      experimental.createChildChannelControlHelper(helper, { updateState }),
    );
  }

  updateAddressList(...update: Update): boolean {
    const [list, config] = update;
    if (!(config instanceof PolicyConfig) || config.getLoadBalancerName() !== this.getTypeName())
      return false;
    const isNew = this.configs.adopt(config);
    const { current } = this.configs;
    if (current === undefined) {
      this.fail(this.configs.complaint ?? 'no config');
      return true;
    }
    if (isNew)
      this.childConfig = experimental.selectLbConfigFromList([...current.value.childPolicy]) ?? undefined;
    this.view ??= this.createView();
    this.latest = update;
    if (list.ok) this.endpoints = list.value.map((endpoint) => ({ endpoint, ...identityOf(endpoint) }));
    const accepted = this.updateChild(list.ok || isNew);
    // The child may find nothing to publish where the wrapper's own config has changed.
    if (isNew) this.publish();
    return accepted;
  }

  exitIdle(): void {
    this.child.exitIdle();
  }

  resetBackoff(): void {
    this.child.resetBackoff();
  }

  destroy(): void {
    this.waking.stop();
    this.latest = undefined;
    this.child.destroy();
  }

  getTypeName(): string {
    return this.definition.name;
  }

  /** @param selects whether anything has changed for `select` or the child policy. A resolver error alone is passed on. */
  private updateChild(selects: boolean): boolean {
    const { latest, childConfig, endpoints } = this;
    if (latest === undefined || childConfig === undefined) return true;
    const [list, , options, note] = latest;
    if (!list.ok && (!selects || endpoints.length === 0))
      return this.child.updateAddressList(list, childConfig, options, note);
    const chosen = this.select();
    if (chosen === undefined) return true;
    // Resolvers of grpc-js leave the note of an error empty; RPCs that fail should know of the error all the same.
    const told = list.ok ? note : note || list.error.details;
    return this.child.updateAddressList(experimental.statusOrFromValue(chosen), childConfig, options, told);
  }

  /** The endpoints for the child policy; undefined where the definition could not say: what it said before holds. */
  private select(): Endpoint[] | undefined {
    const { definition, endpoints, view } = this;
    if (definition.select === undefined) return endpoints.map(({ endpoint }) => endpoint);
    try {
      const given = new Map<EndpointIdentity, Endpoint>(endpoints.map((each) => [each, each.endpoint]));
      return definition.select(endpoints, view).map((chosen) => {
        const endpoint = given.get(chosen);
        if (endpoint === undefined) throw new TypeError('select() must return some of the endpoints given');
        return endpoint;
      });
    } catch (error) {
      const text = this.bugs.report('select', error);
      if (this.published === undefined) this.fail(text);
      return undefined;
    }
  }

  private publish(): void {
    if (this.published === undefined) return;
    const { state, picker, error } = this.published;
    const { bugs, definition, view } = this;
    const wrapPick = definition.wrapPick?.bind(definition);
    const wrapped = (wrap: NonNullable<typeof wrapPick>): experimental.Picker => {
      const guarded = new GuardedPicker({ pick: (args) => wrap(() => picker.pick(args), args, view) }, bugs);
      return { pick: (args) => settled(args, () => guarded.pick(args)) };
    };
    this.helper.updateState(state, wrapPick ? wrapped(wrapPick) : picker, error);
  }

  private fail(details: string): void {
    const result = failPick(details);
    this.helper.updateState(State.TRANSIENT_FAILURE, { pick: () => result }, details);
  }

  private askAgain(): void {
    if (this.definition.select) this.updateChild(true);
    this.publish();
  }

  private createView(): WrapperView<Config, Memory> {
    const { bugs, configs, definition, waking } = this;
    const endpoints = (): readonly EndpointIdentity[] => this.endpoints;
    return {
      memory: bugs.caught('createMemory', definition.createMemory, definition)?.() as Memory,
      wake: () => waking.soon(),
      get config() {
        return configs.current?.value as Config;
      },
      get endpoints() {
        return endpoints();
      },
    };
  }
}
