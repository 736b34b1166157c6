/** What a policy consists of, and what it knows when it makes a picker. */
import type { ConfigOf, Fields } from '@petiole/service-config';
import type { ConnectMode, EndpointHooks, PolicyEndpoint, PolicyPicker } from '../endpoints/endpoint.js';
import type { EndpointState } from '../events/endpoint-events.js';

/** What `createPicker` knows. One object per policy instance: its fields are current whenever they are read. */
export interface PolicyView<Config, Memory, Data> {
  /** The newest valid config, with a value for each of the `fields`. */
  readonly config: Config;
  /** What `createMemory` made for this policy instance. */
  readonly memory: Memory;
  /** All endpoints in the resolver's order, each once. */
  readonly endpoints: readonly PolicyEndpoint<Data>[];
  /** The READY endpoints in the resolver's order. */
  readonly ready: readonly PolicyEndpoint<Data>[];
  /** How many endpoints are READY; costs nothing. */
  readonly readyCount: number;
  /**
   * Milliseconds since this policy instance was given its first endpoints. While a {@link wakeAfter} is pending, a stall
   * of the event loop counts for at most a sixteenth of it: connections that were made meanwhile are heard of first.
   */
  readonly elapsedMs: number;
  /**
   * Has `createPicker` called again after so many milliseconds, or earlier, even if nothing happens until then. They count
   * while the event loop turns, as `elapsedMs` does.
   */
  wakeAfter(ms: number): void;
  /**
   * Has `createPicker` called again in the next turn of the event loop, and RPCs that wait picked again; once, however often
   * it is called until then. For what changes outside of the policy's endpoints. A policy that wants it whenever it is woken
   * is woken once a millisecond.
   */
  wake(): void;
}

/**
 * What makes a policy. All of its functions are called in the middle of changes of grpc-js's: they must not close a client,
 * make one, start an RPC, or hand a channel new endpoints. `setImmediate` puts that off; events come when it is safe.
 */
export interface PolicyDefinition<Declared extends Fields, Memory, Data> extends EndpointHooks<Data> {
  /** The key under `loadBalancingConfig`, in lower_snake_case. A name that grpc-js uses itself is refused. */
  readonly name: string;
  /** Other names for the same policy: those of other gRPC languages, so that one service config serves all. */
  readonly aliases?: readonly string[];
  /** The fields of its config, e.g. `{ repeatCount: integer({ min: 1, default: 3 }) }`. Default: none. */
  readonly fields?: Declared;
  /** Throws an Error on a config whose fields are right one by one, but not together. */
  check?(config: ConfigOf<Declared>): void;
  /** Makes what one policy instance remembers from one picker to the next. */
  createMemory?(): Memory;
  /**
   * Which endpoints may have a connection, some of `view.endpoints`: a subset, the best group, and so on. Called after each
   * update and `wake()`, and when an endpoint changes its state. The others stay listed, IDLE; one that is no longer among
   * them is disconnected when its RPCs have ended, and keeps its `data`. Default: all.
   */
  select?(view: PolicyView<ConfigOf<Declared>, Memory, Data>): readonly PolicyEndpoint<Data>[];
  /**
   * When endpoints connect: `at once` (default), also again after a lost connection; or `when asked`, by `endpoint.connect()`.
   * Then the picker is published with what `state` says, instead of READY.
   */
  readonly connect?: ConnectMode;
  /**
   * Which state the picker is published with, where endpoints connect `when asked`. Asked whenever an endpoint has changed its
   * state; may ask one to connect. Default: the best state of any endpoint that is selected.
   */
  state?(view: PolicyView<ConfigOf<Declared>, Memory, Data>): EndpointState;
  /**
   * Asked before `createPicker`, each time: true is the same as no picker, at a cost that does not depend on the number of
   * endpoints. The list of READY ones is made only for `createPicker`. Default: false.
   */
  waits?(view: PolicyView<ConfigOf<Declared>, Memory, Data>): boolean;
  /**
   * Called when the READY endpoints, the list of endpoints, an endpoint's addresses or attributes or the config changed,
   * and after `wake()` and `wakeAfter()`. Returns the picker that READY is published with, or undefined: then the policy is in
   * TRANSIENT_FAILURE if all endpoints are, else CONNECTING. RPCs that the picker lets wait are picked again whenever
   * the state of an endpoint changes.
   */
  createPicker(
    ready: readonly PolicyEndpoint<Data>[],
    view: PolicyView<ConfigOf<Declared>, Memory, Data>,
  ): PolicyPicker | undefined;
}
