/** The picker of `custom_round_robin`: an endpoint has so many RPCs, and then the next one. */
import { EndpointChooser, type PolicyEndpoint, type Rpc } from '../../endpoints/endpoint.js';

export interface RotationOptions {
  /** RPCs to one endpoint before the next one's turn. */
  readonly repeatCount: number;
  /** Whether to begin at a random endpoint. */
  readonly randomStart?: boolean | undefined;
}

export const isReady = ({ state }: PolicyEndpoint): boolean => state === 'READY';

/** Where it stands is all its state. A first attempt of an RPC allocates nothing. */
export class Rotation extends EndpointChooser {
  private endpoints: readonly PolicyEndpoint[] = [];
  private repeatCount = 0;
  /** The place of the endpoint whose turn it is, and how many RPCs of its turn it has had. */
  private turn = 0;
  private used = 0;
  /** The place that the last attempt out of turn was sent to. */
  private lastDetour = 0;

  /** The rotation over another READY set: begins somewhere at first, and goes on from there. */
  over(ready: readonly PolicyEndpoint[], { repeatCount, randomStart }: RotationOptions): Rotation {
    const { endpoints, turn } = this;
    const rotation = new Rotation();
    rotation.endpoints = ready.length > 0 ? ready : endpoints;
    rotation.repeatCount = repeatCount;
    // The one whose turn it is keeps what is left of it. If it has left, whoever comes next has a full count.
    rotation.used = endpoints[turn]?.state === 'READY' ? this.used : 0;
    const left = endpoints[turn]?.index ?? -1;
    const survivor = [...endpoints.slice(turn), ...endpoints.slice(0, turn)].find(isReady);
    const place = survivor ? ready.indexOf(survivor) : ready.findIndex(({ index }) => index > left);
    if (endpoints.length === 0 && randomStart) rotation.turn = Math.floor(Math.random() * ready.length);
    else rotation.turn = ready.length === 0 ? turn : Math.max(place, 0);
    rotation.lastDetour = rotation.turn;
    return rotation;
  }

  choose(rpc: Rpc): PolicyEndpoint {
    return rpc.attempt === 0 ? this.next() : this.untried(rpc);
  }

  /** The endpoint whose turn it is. */
  private next(): PolicyEndpoint {
    if (this.used >= this.repeatCount) {
      this.turn = this.after(this.turn);
      this.used = 0;
    }
    this.used++;
    return this.endpoints[this.turn] as PolicyEndpoint;
  }

  /** For a later attempt of an RPC: an endpoint that was not tried. It takes nothing from anybody's turn. */
  private untried({ tried }: Rpc): PolicyEndpoint {
    const { endpoints, turn } = this;
    const next = endpoints[this.used < this.repeatCount ? turn : this.after(turn)] as PolicyEndpoint;
    for (let left = tried.includes(next) ? endpoints.length : 0; left > 0; left--) {
      this.lastDetour = this.after(this.lastDetour);
      const endpoint = endpoints[this.lastDetour] as PolicyEndpoint;
      if (isReady(endpoint) && !tried.includes(endpoint)) return endpoint;
    }
    return this.next();
  }

  private after(place: number): number {
    return place + 1 === this.endpoints.length ? 0 : place + 1;
  }
}
