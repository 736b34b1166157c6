/**
 * grpc-js's `pick_first` as the leaf of one endpoint: what it reports, in words of its own, and when it may be told
 * what. Its facts are B1 to B6 of docs/grpc-js-facts.md.
 */
import { type ChannelOptions, experimental, Metadata, connectivityState as State } from '@grpc/grpc-js';
import { withoutRepetition } from '@petiole/service-config/internal';
import { limitAttempts } from './attempt-limit.js';
import { connectionError } from './failure-text.js';

type Endpoint = experimental.Endpoint;
type Helper = experimental.ChannelControlHelper;

export type LeafReport =
  | { readonly is: 'IDLE' | 'CONNECTING' }
  | { readonly is: 'READY'; readonly subchannel: experimental.SubchannelInterface }
  | { readonly is: 'TRANSIENT_FAILURE'; readonly error: string };

export interface LeafOwner extends Pick<Helper, 'createSubchannel' | 'requestReresolution'> {
  readonly helper: Helper;
  leafReported(report: LeafReport): void;
}

// B1
const NO_ARGS: experimental.PickArgs = { metadata: new Metadata(), extraPickInfo: {} };

export class Leaf implements Helper {
  private readonly leaf: experimental.LeafLoadBalancer;
  private readonly owner: LeafOwner;
  /** While it is `reporting`, pick_first goes on as soon as whoever hears of the report has returned. */
  private phase: 'listening' | 'reporting' | 'gone' = 'listening';
  /** Whether pick_first has the newest addresses, in their newest order, and the newest arguments. */
  private isInstructed = true;

  constructor(owner: LeafOwner, endpoint: Endpoint, options: ChannelOptions) {
    this.owner = owner;
    // Without a resolution note, for B2: the policy's own message carries the newest.
    this.leaf = new experimental.LeafLoadBalancer(eachOnce(endpoint), this, options, '');
  }

  /** Waits for {@link reconnect}, whether or not whoever heard of it calls that IDLE. */
  get isIdle(): boolean {
    return this.leaf.getConnectivityState() === State.IDLE;
  }

  connect(): void {
    this.leaf.startConnecting();
  }

  /** The next attempt is for other addresses, or another order of them. A connection stays as it is. */
  outdate(): void {
    this.isInstructed = false;
  }

  /** Opens subchannels with new arguments, and keeps the old connection until one is READY. */
  renew(endpoint: Endpoint, options: ChannelOptions): void {
    this.isInstructed = !this.isIdle; // B3
    if (this.isInstructed) this.leaf.updateEndpoint(eachOnce(endpoint), options);
  }

  reconnect(endpoint: Endpoint, options: ChannelOptions): void {
    if (this.isInstructed) {
      this.leaf.exitIdle();
    } else {
      this.isInstructed = true;
      this.leaf.updateEndpoint(eachOnce(endpoint), options);
      this.leaf.startConnecting();
    }
  }

  /** Releases every subchannel. It reports nothing more, though pick_first may still call. */
  destroy(): void {
    const { phase } = this;
    this.phase = 'gone';
    if (phase === 'reporting')
      process.nextTick(() => this.leaf.destroy()); // B4
    else this.leaf.destroy();
  }

  // The rest is what pick_first calls, as if this were its channel.

  createSubchannel(...request: Parameters<Helper['createSubchannel']>): experimental.SubchannelInterface {
    const subchannel = this.owner.createSubchannel(...request);
    limitAttempts(subchannel);
    return subchannel;
  }

  updateState(state: State, picker: experimental.Picker, error: string | null): void {
    const { phase } = this;
    if (phase === 'gone') return;
    this.phase = 'reporting';
    this.owner.leafReported(reportOf(state, picker, error));
    // One report may come from within another.
    if (this.phase === 'reporting') this.phase = phase;
  }

  requestReresolution(): void {
    if (this.phase !== 'gone') this.owner.requestReresolution();
  }

  addChannelzChild(...child: Parameters<Helper['addChannelzChild']>): void {
    this.owner.helper.addChannelzChild(...child);
  }

  removeChannelzChild(...child: Parameters<Helper['removeChannelzChild']>): void {
    this.owner.helper.removeChannelzChild(...child);
  }
}

function reportOf(state: State, picker: experimental.Picker, error: string | null): LeafReport {
  switch (state) {
    case State.READY:
      // B1: whatever the types say, it has one.
      return { is: 'READY', subchannel: picker.pick(NO_ARGS).subchannel as experimental.SubchannelInterface };
    case State.TRANSIENT_FAILURE:
      return { is: 'TRANSIENT_FAILURE', error: connectionError(error) };
    default:
      return { is: state === State.IDLE ? 'IDLE' : 'CONNECTING' };
  }
}

/** The endpoint with each address once, for B5. */
function eachOnce(endpoint: Endpoint): Endpoint {
  const addresses = withoutRepetition(endpoint.addresses);
  return addresses === endpoint.addresses ? endpoint : { addresses: [...addresses] };
}
