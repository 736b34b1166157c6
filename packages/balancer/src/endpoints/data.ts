/**
 * What a policy's `createData` has made for an endpoint, and how long it is kept: as long as the resolver lists the
 * endpoint, and after that as long as RPCs run that count there. So an endpoint that is missing from one answer comes
 * back with its counts.
 */
import type { experimental } from '@grpc/grpc-js';
import type { Known } from './matching.js';

/** The data of one endpoint, shared by the children that it has had, and how many of its RPCs run. */
export interface EndpointData<Data> {
  readonly value: Data;
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

export class DepartedEndpoints<Data> {
  private readonly byData: Map<EndpointData<Data>, Departed<Data>> = new Map();

  get all(): readonly Departed<Data>[] {
    return [...this.byData.values()];
  }

  /** Nothing is kept of an endpoint without data, or without RPCs. */
  leave(kept: EndpointData<Data> | undefined, endpoint: experimental.Endpoint): void {
    if (kept === undefined || kept.calls === 0) return;
    this.byData.set(kept, { kept, endpoint, connectedTo: [] });
    for (const first of this.byData.keys()) {
      if (this.byData.size <= MAX_DEPARTED) break;
      this.byData.delete(first);
    }
  }

  /** Its last RPC has ended, or the endpoint is back. */
  forget(kept: EndpointData<Data> | undefined): void {
    if (kept !== undefined) this.byData.delete(kept);
  }

  clear(): void {
    this.byData.clear();
  }
}
