/** The picker that grpc-js gets: the policy's own, which it tells of the RPC, with what is known of RPCs kept around it. */
import type { experimental, Metadata } from '@grpc/grpc-js';
import { attemptsOf, isFirst, remember, type Tried, triedBefore } from '../grpc-js/rpc-attempts.js';
import type { PolicyEndpoint, PolicyPickArgs, PolicyPicker, Rpc } from './endpoint.js';
import type { EndpointPick } from './pick-result.js';
import type { PickedInTurn } from './picked-in-turn.js';

type PickArgs = experimental.PickArgs;

export class RpcPicker implements experimental.Picker {
  /** The policy's. */
  readonly picker: PolicyPicker;
  private readonly picks: PickedInTurn;
  private readonly given: GivenArgs = new GivenArgs();

  constructor(picker: PolicyPicker, picks: PickedInTurn) {
    this.picker = picker;
    this.picks = picks;
  }

  pick(args: PickArgs): experimental.PickResult {
    const tried = triedBefore(args);
    const { given } = this;
    given.args = args;
    given.tried = tried;
    const result = this.picker.pick(given);
    // A policy may have made a copy of an endpoint's pick result, with hooks of its own.
    const { pickedEndpoint: endpoint } = result as Partial<EndpointPick>;
    if (endpoint !== undefined) {
      remember(args, tried, endpoint);
      if (this.picks.areCounted) this.picks.add(endpoint.kept);
    }
    return result;
  }
}

const FIRST: Rpc = Object.freeze({ attempt: 0, tried: Object.freeze([]) });

/** One object for all picks of a picker, so that none is made for a pick: it tells of the newest. */
class GivenArgs implements PolicyPickArgs {
  args: PickArgs | undefined = undefined;
  tried: Tried = undefined;

  get metadata(): Metadata {
    return (this.args as PickArgs).metadata;
  }

  get extraPickInfo(): PickArgs['extraPickInfo'] {
    return (this.args as PickArgs).extraPickInfo;
  }

  get rpc(): Rpc {
    const { tried } = this;
    if (isFirst(tried)) return FIRST;
    const all = attemptsOf(tried) as readonly PolicyEndpoint<unknown>[];
    return { attempt: all.length, tried: all };
  }
}
