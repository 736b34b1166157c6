/**
 * What a policy publishes: nothing twice in a row, but everything once more in the turn after an update (B9).
 * `outlier_detection` stores its own config only after the update of its child, and decides by it whether the picker
 * that it is given counts calls. Without a second publication the first picker would never count.
 */
import { clearImmediate, setImmediate } from 'node:timers';
import type { experimental, connectivityState as State } from '@grpc/grpc-js';

type Picker = experimental.Picker;

export class Publisher {
  private readonly helper: Pick<experimental.ChannelControlHelper, 'updateState'>;
  private latest: { state: State; picker: Picker; error: string | null } | undefined = undefined;
  private second: NodeJS.Immediate | undefined = undefined;
  private destroyed = false;

  constructor(helper: Pick<experimental.ChannelControlHelper, 'updateState'>) {
    this.helper = helper;
  }

  /** Publishes a state unless it is what was published last. Answers whether it did. */
  publish(state: State, picker: Picker, error: () => string | null = () => null): boolean {
    if (this.destroyed || (this.latest?.state === state && this.latest.picker === picker)) return false;
    this.latest = { state, picker, error: error() };
    this.send();
    return true;
  }

  /** An update is over: what is published then is published again, in the next turn. */
  repeatLater(): void {
    this.second ??= setImmediate(() => {
      this.second = undefined;
      this.send();
    });
  }

  destroy(): void {
    this.destroyed = true;
    clearImmediate(this.second);
  }

  private send(): void {
    if (this.latest === undefined) return;
    const { state, picker, error } = this.latest;
    this.helper.updateState(state, picker, error);
  }
}
