/** The picker that grpc-js gets: the policy's own, which it tells of the RPC, with what is known of RPCs kept around it. */
import type { experimental, Metadata } from '@grpc/grpc-js';
import {
  attemptedBefore,
  attemptsOf,
  isFirst,
  remember,
  type Tried,
  triedBefore,
} from '../grpc-js/rpc-attempts.js';
import {
  type CallHooks,
  EndpointChooser,
  type PolicyEndpoint,
  type PolicyPickArgs,
  type PolicyPicker,
  type Rpc,
} from './endpoint.js';
import type { EndpointPick, PickedEndpoint, QueuedPick } from './pick-result.js';
import type { PickedInTurn } from './picked-in-turn.js';

type PickArgs = experimental.PickArgs;
type PickResult = experimental.PickResult;

/** What `definePolicy` gives. It throws nothing; its chooser, which is asked directly, may: it is told then. */
interface ChoosingPicker extends PolicyPicker {
  readonly chooser: EndpointChooser<unknown> | undefined;
  failed(error: unknown): PickResult;
}

export class RpcPicker<Data> implements experimental.Picker {
  /**
   * An RPC may be waiting for what the policy answers next: it was told to wait, or was failed while it waits for ready. grpc-js
   * asks again only when another picker is published (B14).
   */
  hasKeptWaiting = false;
  readonly picker: PolicyPicker;
  private readonly chooser: EndpointChooser<unknown> | undefined;
  private readonly picks: PickedInTurn;
  /** Undefined if the policy has none. */
  private readonly hooks: CallHooks<Data> | undefined;
  private readonly given: GivenArgs = new GivenArgs();

  constructor(picker: PolicyPicker, picks: PickedInTurn, hooks: CallHooks<Data>) {
    this.picker = picker;
    const { chooser } = picker as Partial<ChoosingPicker>;
    this.chooser = chooser instanceof EndpointChooser ? chooser : undefined;
    this.picks = picks;
    this.hooks = hooks.onCallStarted || hooks.onCallEnded ? hooks : undefined;
  }

  pick(args: PickArgs): PickResult {
    const tried = triedBefore(args);
    const result =
      this.chooser === undefined
        ? this.picker.pick(this.given.anew(args, tried))
        : this.chosen(this.chooser, rpcOf(tried));
    // A policy may have made a copy of an endpoint's pick result, with hooks of its own.
    const { pickedEndpoint: endpoint } = result as Partial<EndpointPick<Data>>;
    if (endpoint === undefined) {
      if (result.subchannel === null) this.hasKeptWaiting = true;
      (result as Partial<QueuedPick>).rpcWaits?.();
      return result;
    }
    remember(args, tried, endpoint);
    if (this.picks.areCounted) this.picks.add(endpoint.kept, (result as EndpointPick<Data>).connection);
    return this.hooks === undefined
      ? result
      : withHooks(this.hooks, result, endpoint, rpcOf(attemptedBefore(tried)));
  }

  /** There is no guard in between: what an endpoint gives is as it has to be. */
  private chosen(chooser: EndpointChooser<unknown>, rpc: Rpc): PickResult {
    try {
      return chooser.choose(rpc).pickResult;
    } catch (error) {
      return (this.picker as ChoosingPicker).failed(error);
    }
  }
}

/** The pick of one RPC. Its functions need no `this`: parents copy them, and grpc-js calls them as the call's (B23). */
function withHooks<Data>(
  { onCallStarted, onCallEnded }: CallHooks<Data>,
  result: PickResult,
  endpoint: PickedEndpoint<Data>,
  rpc: Rpc,
): PickResult & Pick<EndpointPick<Data>, 'pickedEndpoint'> {
  let startedAt = 0;
  const { pickResultType, subchannel, status } = result;
  return {
    pickResultType,
    subchannel,
    status,
    pickedEndpoint: endpoint,
    onCallStarted() {
      startedAt = performance.now();
      result.onCallStarted?.();
      onCallStarted?.(endpoint, rpc);
    },
    onCallEnded(code, details, trailers) {
      result.onCallEnded?.(code, details, trailers);
      const durationMs = performance.now() - startedAt;
      onCallEnded?.(endpoint, { code, details, trailers, durationMs, rpc });
    },
  };
}

const FIRST: Rpc = Object.freeze({ attempt: 0, tried: Object.freeze([]) });

function rpcOf(tried: Tried): Rpc {
  if (isFirst(tried)) return FIRST;
  const all = attemptsOf(tried) as readonly PolicyEndpoint<unknown>[];
  return { attempt: all.length, tried: all };
}

/** One object for all picks of a picker, so that none is made for a pick: it tells of the newest. */
class GivenArgs implements PolicyPickArgs {
  private args: PickArgs | undefined = undefined;
  private tried: Tried = undefined;

  anew(args: PickArgs, tried: Tried): this {
    this.args = args;
    this.tried = tried;
    return this;
  }

  get metadata(): Metadata {
    return (this.args as PickArgs).metadata;
  }

  get extraPickInfo(): PickArgs['extraPickInfo'] {
    return (this.args as PickArgs).extraPickInfo;
  }

  get rpc(): Rpc {
    return rpcOf(this.tried);
  }
}
