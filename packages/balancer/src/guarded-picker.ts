/**
 * A policy's picker as it is published. One that throws, or returns no pick
 * result, would end the process out of a socket's event: its RPC fails instead.
 */
import { experimental } from '@grpc/grpc-js';
import { show } from './config-field.js';
import { failPick } from './pick-result.js';

type PickResult = experimental.PickResult;

const { COMPLETE } = experimental.PickResultType;

export class GuardedPicker implements experimental.Picker {
  readonly picker: experimental.Picker;
  private readonly policy: string;
  private readonly onBug: (error: unknown) => void;
  /** An RPC may be waiting for what this picker answers next: grpc-js asks again at the next publication only. */
  awaited = false;

  /**
   * @param policy its name, for messages
   * @param onBug is told what went wrong in the policy's code
   */
  constructor(picker: experimental.Picker, policy: string, onBug: (error: unknown) => void) {
    this.picker = picker;
    this.policy = policy;
    this.onBug = onBug;
  }

  pick(args: experimental.PickArgs): PickResult {
    try {
      const result = this.picker.pick(args);
      return result?.pickResultType === COMPLETE ? result : this.withoutConnection(result);
    } catch (error) {
      this.onBug(error);
      return failPick(`${this.policy}: its picker threw ${error}`);
    }
  }

  private withoutConnection(result: Partial<PickResult> | undefined): PickResult {
    if (typeof result?.pickResultType !== 'number') {
      // Endpoints and other large objects by their kind alone.
      const kind =
        typeof result === 'object' && result !== null
          ? `an ${result.constructor?.name ?? 'object'}`
          : show(result);
      throw new TypeError(
        `pick() must return an endpoint's pickResult, queuePick() or failPick(), got ${kind}`,
      );
    }
    this.awaited = true;
    return result as PickResult;
  }
}
