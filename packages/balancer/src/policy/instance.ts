/**
 * One instance of a defined policy, in one channel: keeps the last good config,
 * asks the definition's `update` when something changed, and publishes its answer.
 */
import type { ChannelOptions, experimental } from '@grpc/grpc-js';
import {
  logError,
  messageOf,
  show,
  stackOf,
  TurningClock,
  thrownText,
  tracer,
} from '@petiole/service-config/internal';
import { EndpointSharding } from '../endpoints/sharding.js';
import { isPromise, PolicyConfig } from './config.js';
import type { PolicyDefinition, PolicyView } from './define-policy.js';
import { GuardedPicker, kindOf } from './guarded-picker.js';

type Picker = experimental.Picker;

/** The parsed config, in a box of its own: a policy's Config may well be undefined. */
type Configured<Config> = { readonly value: Config };

export class PolicyInstance<Config, Memory, Data> implements experimental.LoadBalancer {
  private readonly sharding: EndpointSharding<Data>;
  /** Made with the first update: a hook called from the constructor would act on a policy that grpc-js does not hold yet. */
  private view: PolicyView<Config, Memory, Data> | undefined = undefined;
  private readonly trace: ReturnType<typeof tracer>;
  private config: Configured<Config> | undefined = undefined;
  /** The newest config error: logged once, not on each re-resolution. */
  private configError: string | undefined = undefined;
  private reportedBug: string | undefined = undefined;
  private readonly clock = new TurningClock();
  private startedAt: number | undefined = undefined;
  private wakeAt = Number.POSITIVE_INFINITY;
  private answer: GuardedPicker | undefined = undefined;

  private readonly definition: PolicyDefinition<Config, Memory, Data>;

  constructor(helper: experimental.ChannelControlHelper, definition: PolicyDefinition<Config, Memory, Data>) {
    this.definition = definition;
    this.trace = tracer(definition.name);
    this.sharding = new EndpointSharding<Data>({
      name: definition.name,
      helper,
      createData: this.caught('createData', definition.createData),
      onCallStarted: this.caught('onCallStarted', definition.onCallStarted),
      onCallEnded: this.caught('onCallEnded', definition.onCallEnded),
      onChange: () => this.refresh(),
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
    this.adoptConfig(config);
    if (this.config === undefined) {
      // Accepted: a refused first update would leave RPCs waiting instead of telling them why.
      this.sharding.publishFailure({ details: this.configError ?? 'no config' });
      return true;
    }
    if (endpoints.ok && endpoints.value.some(({ addresses }) => addresses.length > 0)) {
      this.startedAt ??= this.clock.now();
    }
    this.view ??= createView(
      this.sharding,
      this.caught('createMemory', this.definition.createMemory)?.() as Memory,
      () => (this.config as Configured<Config>).value,
      () => (this.startedAt === undefined ? 0 : this.clock.now() - this.startedAt),
      (ms) => this.wakeAfter(ms),
    );
    return this.sharding.update(endpoints, channelOptions, resolutionNote);
  }

  // Every IDLE child has been told to reconnect when it reported IDLE. Called on each RPC.
  exitIdle(): void {}

  // Subchannels offer no way to shorten their back-off.
  resetBackoff(): void {}

  destroy(): void {
    this.clock.stop();
    // Earlier than any: nothing arms the timer again.
    this.wakeAt = Number.NEGATIVE_INFINITY;
    this.sharding.destroy();
  }

  getTypeName(): string {
    return this.definition.name;
  }

  private adoptConfig(config: PolicyConfig<Config>): void {
    if (config.error === undefined) {
      this.config = { value: config.value as Config };
      this.configError = undefined;
      return;
    }
    // A parser quotes what it was given, which may come from DNS.
    const complaint = messageOf(config.error);
    if (complaint !== this.configError) {
      this.configError = complaint;
      const consequence = this.config
        ? 'The last good config stays in force'
        : 'RPCs fail until it is mended';
      logError(`Bad load-balancing config: ${this.configError}. ${consequence}.`);
    }
  }

  private refresh(): void {
    // `onChange` comes with updates, and updates only once there is a config.
    const view = this.view as PolicyView<Config, Memory, Data>;
    let picker: Picker | undefined;
    try {
      picker = this.definition.update(view);
      assertPicker(picker);
    } catch (error) {
      this.reportBug('update', error);
      const details = `${this.getTypeName()}: its update threw ${thrownText(error)}`;
      this.sharding.publishFailure({ details });
      return;
    }
    if (picker === undefined) this.answer = undefined;
    // The same picker is a new publication where RPCs wait on it: what they wait for may have changed.
    else if (picker !== this.answer?.picker || this.answer.awaited) {
      this.answer = new GuardedPicker(picker, this.getTypeName(), (where, error) =>
        this.reportBug(where, error),
      );
    }
    this.trace?.(`update: ${picker ? 'a picker' : 'no picker'}, ${view.readyCount} endpoints READY`);
    this.sharding.publish(this.answer);
  }

  /** A hook of the definition that logs what it throws: most are called from sockets' events. */
  private caught<Args extends unknown[], Result>(
    where: string,
    hook: ((...args: Args) => Result) | undefined,
  ): ((...args: Args) => Result) | undefined {
    if (hook === undefined) return undefined;
    return (...args) => {
      try {
        return hook.apply(this.definition, args);
      } catch (error) {
        this.reportBug(where, error);
        return undefined as Result;
      }
    };
  }

  private reportBug(where: string, error: unknown): void {
    const bug = `${this.getTypeName()}: its ${where} threw ${thrownText(error)}${stackOf(error)}`;
    // Most come with each RPC.
    if (bug === this.reportedBug) return;
    this.reportedBug = bug;
    logError(bug);
  }

  private wakeAfter(ms: number): void {
    if (typeof ms !== 'number' || !(ms >= 0)) {
      throw new RangeError(`wakeAfter() must be given 0 or more milliseconds, got ${show(ms)}`);
    }
    // A policy that asks for 0 each time must not spin.
    const delay = Math.max(ms, 1);
    const at = this.clock.now() + delay;
    if (at >= this.wakeAt) return;
    this.wakeAt = at;
    this.clock.wait(delay, () => {
      this.wakeAt = Number.POSITIVE_INFINITY;
      this.refresh();
    });
  }
}

/** TypeScript finds these in the editor; JavaScript would find them in each RPC. */
function assertPicker(answer: Picker | undefined): void {
  if (answer === undefined || typeof answer?.pick === 'function') return;
  if (isPromise(answer)) answer.catch(() => {}); // what it rejects with is of no use to anybody
  throw new TypeError(`update() must return a picker or undefined, got ${kindOf(answer)}`);
}

function createView<Config, Memory, Data>(
  sharding: EndpointSharding<Data>,
  memory: Memory,
  config: () => Config,
  elapsedMs: () => number,
  wakeAfter: (ms: number) => void,
): PolicyView<Config, Memory, Data> {
  return {
    memory,
    wakeAfter,
    ready: () => sharding.ready,
    get config() {
      return config();
    },
    get endpoints() {
      return sharding.endpoints;
    },
    get readyCount() {
      return sharding.readyCount;
    },
    get elapsedMs() {
      return elapsedMs();
    },
  };
}
