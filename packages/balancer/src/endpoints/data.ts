/**
 * What belongs to an endpoint whatever its connection is: the policy's data and the count of its RPCs. How long it is kept:
 * as long as the resolver lists the endpoint, and after that as long as RPCs run that count there. So an endpoint that is
 * missing from one answer comes back with its counts.
 */
import type { experimental } from '@grpc/grpc-js';
import type { Known } from './matching.js';
import type { Picked } from './picked-in-turn.js';

/** What is one endpoint's, shared by the children that it has had. */
export interface EndpointData<Data> extends Picked {
  /** Made by the policy's `createData`. */
  readonly value: Data;
  /** RPCs that have started on its connections, and not ended. */
  calls: number;
}

/**
 * RPCs end, but a policy that replaces the `onCallEnded` of a pick result hides that. Beyond this number of endpoints
 * that left, whatever left first is forgotten.
 */
const MAX_DEPARTED = 10_000;

/** An endpoint that has left while its RPCs run. */
export interface Departed<Data> extends Known {
  readonly kept: EndpointData<Data>;
}

/** By their data. Whoever is back, or has no RPCs any more, is deleted. */
export class DepartedEndpoints<Data> extends Map<EndpointData<Data>, Departed<Data>> {
  /** Nothing is kept of an endpoint without RPCs. */
  leave(kept: EndpointData<Data>, endpoint: experimental.Endpoint): void {
    if (kept.calls === 0) return;
    this.set(kept, { kept, endpoint, connectedTo: [] });
    const [first] = this.keys();
    if (first !== undefined && this.size > MAX_DEPARTED) this.delete(first);
  }
}
