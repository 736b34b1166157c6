/** What a policy has published: nothing is published twice, but for the second publication after each update. */
import type { experimental, connectivityState as State } from '@grpc/grpc-js';
import { SecondPublication } from '../grpc-js/second-publication.js';

type Picker = experimental.Picker;

export class Publisher {
  private readonly helper: experimental.ChannelControlHelper;
  private latest: { state: State; picker: Picker; error: string | null } | undefined = undefined;
  private readonly second: SecondPublication = new SecondPublication(() => this.send());
  private destroyed = false;

  constructor(helper: experimental.ChannelControlHelper) {
    this.helper = helper;
  }

  /** Publishes a state unless it is what was published last. Answers whether it did. */
  publish(state: State, picker: Picker, error: () => string | null = () => null): boolean {
    if (this.destroyed || (this.latest?.state === state && this.latest.picker === picker)) return false;
    this.latest = { state, picker, error: error() };
    this.send();
    return true;
  }

  /** An update is over. */
  repeatLater(): void {
    this.second.schedule();
  }

  destroy(): void {
    this.destroyed = true;
    this.second.cancel();
  }

  private send(): void {
    if (this.latest !== undefined && !this.destroyed)
      this.helper.updateState(this.latest.state, this.latest.picker, this.latest.error);
  }
}
