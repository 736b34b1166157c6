/**
 * A policy's picker as it is published. One that throws, or returns no pick
 * result, would end the process out of a socket's event: its RPC fails instead.
 */
import { experimental } from '@grpc/grpc-js';
import { show, thrownText } from '@petiole/service-config/internal';
import { EndpointPick, failPick } from '../endpoints/pick-result.js';

type PickResult = experimental.PickResult;

const { COMPLETE, QUEUE, TRANSIENT_FAILURE, DROP } = experimental.PickResultType;

export class GuardedPicker implements experimental.Picker {
  readonly picker: experimental.Picker;
  private readonly policy: string;
  private readonly onBug: (where: string, error: unknown) => void;
  /** An RPC may be waiting for what this picker answers next: grpc-js asks again at the next publication only. */
  awaited = false;

  /**
   * @param policy its name, for messages
   * @param onBug is told what went wrong in the policy's code
   */
  constructor(picker: experimental.Picker, policy: string, onBug: (where: string, error: unknown) => void) {
    this.picker = picker;
    this.policy = policy;
    this.onBug = onBug;
  }

  pick(args: experimental.PickArgs): PickResult {
    try {
      const result = this.picker.pick(args);
      return result instanceof EndpointPick ? result : this.checked(result);
    } catch (error) {
      this.awaited = true;
      this.onBug('picker', error);
      return failPick(`${this.policy}: its picker threw ${thrownText(error)}`);
    }
  }

  private checked(result: Partial<PickResult> | null | undefined): PickResult {
    switch (result?.pickResultType) {
      case COMPLETE:
        if (typeof result.subchannel?.getCallCredentials !== 'function') break;
        return this.withGuardedHooks(result as PickResult);
      case QUEUE:
        this.awaited = true;
        return result as PickResult;
      case TRANSIENT_FAILURE:
      case DROP:
        if (typeof result.status?.code !== 'number') break;
        this.awaited = true;
        return result as PickResult;
    }
    throw new TypeError(
      `pick() must return an endpoint's pickResult, queuePick() or failPick(), got ${kindOf(result)}`,
    );
  }

  /** A policy may add hooks of its own to an endpoint's pickResult. */
  private withGuardedHooks(result: PickResult): PickResult {
    const { onCallStarted, onCallEnded } = result;
    if (!onCallStarted && !onCallEnded) return result;
    return {
      ...result,
      onCallStarted: onCallStarted && (() => this.guard('onCallStarted', onCallStarted)),
      onCallEnded: onCallEnded && ((...end) => this.guard('onCallEnded', () => onCallEnded(...end))),
    };
  }

  private guard(where: string, hook: () => void): void {
    try {
      hook();
    } catch (error) {
      this.onBug(where, error);
    }
  }
}

/** What a policy's code has handed over instead of what it should: large objects by their kind alone. */
export function kindOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return show(value);
  if ('pickResult' in value) return 'an endpoint: its pickResult is meant';
  return `an object (${value.constructor?.name ?? 'without a prototype'})`;
}
