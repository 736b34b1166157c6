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
import type {
  AttemptArgs,
  AttemptPicker,
  CallHooks,
  PolicyEndpoint,
  PolicyPickArgs,
  PolicyPicker,
  Rpc,
} from './endpoint.js';
import type { EndpointPick, PickedEndpoint, QueuedPick } from './pick-result.js';
import type { PickedInTurn } from './picked-in-turn.js';

type PickArgs = experimental.PickArgs;

export class RpcPicker<Data> implements experimental.Picker {
  /** The policy's. */
  readonly picker: PolicyPicker;
  /** The same one, if it looks at no more of an RPC than its attempts. */
  private readonly attempts: AttemptPicker | undefined;
  private readonly picks: PickedInTurn;
  /** Undefined if the policy has none. */
  private readonly hooks: CallHooks<Data> | undefined;
  private readonly given: GivenArgs = new GivenArgs();

  constructor(picker: PolicyPicker | AttemptPicker, picks: PickedInTurn, hooks: CallHooks<Data>) {
    this.picker = picker;
    this.attempts = 'reads' in picker && picker.reads === 'rpc' ? picker : undefined;
    this.picks = picks;
    this.hooks = hooks.onCallStarted || hooks.onCallEnded ? hooks : undefined;
  }

  pick(args: PickArgs): experimental.PickResult {
    const tried = triedBefore(args);
    const result =
      this.attempts === undefined
        ? this.picker.pick(this.given.anew(args, tried))
        : this.attempts.pick(isFirst(tried) ? FIRST_ARGS : { rpc: rpcOf(tried) });
    // A policy may have made a copy of an endpoint's pick result, with hooks of its own.
    const { pickedEndpoint: endpoint } = result as Partial<EndpointPick<Data>>;
    if (endpoint === undefined) {
      (result as Partial<QueuedPick>).rpcWaits?.();
      return result;
    }
    remember(args, tried, endpoint);
    if (this.picks.areCounted) this.picks.add(endpoint.kept, (result as EndpointPick<Data>).connection);
    return this.hooks === undefined
      ? result
      : withHooks(this.hooks, result, endpoint, rpcOf(attemptedBefore(tried)));
  }
}

/** The pick of one RPC. Its functions need no `this`: parents copy them, and grpc-js calls them as the call's (B23). */
function withHooks<Data>(
  { onCallStarted, onCallEnded }: CallHooks<Data>,
  result: experimental.PickResult,
  endpoint: PickedEndpoint<Data>,
  rpc: Rpc,
): experimental.PickResult & Pick<EndpointPick<Data>, 'pickedEndpoint'> {
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
const FIRST_ARGS: AttemptArgs = Object.freeze({ rpc: FIRST });

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
