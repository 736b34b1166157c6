/** The picker that grpc-js gets: the policy's own, with what every policy needs to know of RPCs kept around it. */
import type { experimental } from '@grpc/grpc-js';
import type { EndpointPick } from './pick-result.js';
import type { PickedInTurn } from './picked-in-turn.js';

type Picker = experimental.Picker;

export class RpcPicker implements Picker {
  /** The policy's. */
  readonly picker: Picker;
  private readonly picks: PickedInTurn;

  constructor(picker: Picker, picks: PickedInTurn) {
    this.picker = picker;
    this.picks = picks;
  }

  pick(args: experimental.PickArgs): experimental.PickResult {
    const result = this.picker.pick(args);
    // A policy may have made a copy of an endpoint's pick result, with hooks of its own.
    const { pickedEndpoint: endpoint } = result as Partial<EndpointPick>;
    if (endpoint !== undefined && this.picks.areCounted) this.picks.add(endpoint.kept);
    return result;
  }
}
