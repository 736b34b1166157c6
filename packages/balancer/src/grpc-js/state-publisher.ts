/**
 * What a policy has published: nothing is published twice, but for the one
 * repetition after each update that `outlier_detection` needs.
 */
import type { experimental, connectivityState as State } from '@grpc/grpc-js';

type Picker = experimental.Picker;

export class StatePublisher {
  private readonly helper: experimental.ChannelControlHelper;
  private latest: { state: State; picker: Picker; error: string | null } | undefined = undefined;
  private repetition: NodeJS.Immediate | undefined = undefined;
  private destroyed = false;

  constructor(helper: experimental.ChannelControlHelper) {
    this.helper = helper;
  }

  /** Publishes a state unless it is what was published last. Answers whether it did. */
  publish(state: State, picker: Picker, error: () => string | null = () => null): boolean {
    if (this.destroyed || (this.latest?.state === state && this.latest.picker === picker)) return false;
    this.latest = { state, picker, error: error() };
    this.helper.updateState(state, picker, this.latest.error);
    return true;
  }

  // outlier_detection stores its own config only after the update of its child, and decides by it whether the
  // picker that it is given counts calls. Without a second publication the first picker would never count.
  repeatLater(): void {
    this.repetition ??= setImmediate(() => {
      this.repetition = undefined;
      if (this.latest === undefined || this.destroyed) return;
      const { state, picker, error } = this.latest;
      this.helper.updateState(state, picker, error);
    });
  }

  destroy(): void {
    this.destroyed = true;
    clearImmediate(this.repetition);
  }
}
