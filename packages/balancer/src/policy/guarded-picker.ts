/**
 * A policy's picker as it is published. One that throws, or returns no pick
 * result, would end the process out of a socket's event: its RPC fails instead.
 */
import { experimental } from '@grpc/grpc-js';
import { show } from '@petiole/service-config/internal';
import type { AttemptPicker } from '../endpoints/endpoint.js';
import { type EndpointPick, failPick } from '../endpoints/pick-result.js';
import type { BugReports } from './bug-reports.js';

type PickResult = experimental.PickResult;

interface Picker<Args> extends Partial<Pick<AttemptPicker, 'reads'>> {
  pick(args: Args): PickResult;
}

const { COMPLETE, QUEUE, TRANSIENT_FAILURE, DROP } = experimental.PickResultType;

export class GuardedPicker<Args extends experimental.PickArgs = experimental.PickArgs> {
  /**
   * An RPC may be waiting for what this picker answers next: it was told to wait, or was failed while it waits for
   * ready. grpc-js asks again at the next publication only (B14).
   */
  hasKeptWaiting = false;
  /** As the policy's picker has it. */
  readonly reads: AttemptPicker['reads'] | undefined;
  private readonly picker: Picker<Args>;
  private readonly bugs: BugReports;

  constructor(picker: Picker<Args>, bugs: BugReports) {
    this.picker = picker;
    this.reads = picker.reads;
    this.bugs = bugs;
  }

  /** The same picker, to be published once more. */
  anew(): GuardedPicker<Args> {
    return new GuardedPicker(this.picker, this.bugs);
  }

  pick(args: Args): PickResult {
    try {
      const result = this.picker.pick(args);
      return (result as Partial<EndpointPick<unknown>> | null)?.isOwn ? result : this.checked(result);
    } catch (error) {
      this.hasKeptWaiting = true;
      return failPick(this.bugs.report('picker', error));
    }
  }

  private checked(result: Partial<PickResult> | null | undefined): PickResult {
    switch (result?.pickResultType) {
      case COMPLETE:
        if (typeof result.subchannel?.getCallCredentials !== 'function') break;
        return this.withGuardedHooks(result as PickResult);
      case QUEUE:
        this.hasKeptWaiting = true;
        return result as PickResult;
      case TRANSIENT_FAILURE:
      case DROP:
        if (typeof result.status?.code !== 'number') break;
        this.hasKeptWaiting = true;
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
      onCallStarted: this.bugs.caught('onCallStarted', onCallStarted ?? undefined, result) ?? null,
      onCallEnded: this.bugs.caught('onCallEnded', onCallEnded ?? undefined, result) ?? null,
    };
  }
}

/** TypeScript finds these in the editor; JavaScript would find them in each RPC. */
export function assertPicker(answer: Partial<Picker<never>> | undefined): void {
  if (answer === undefined || typeof answer?.pick === 'function') return;
  const other: unknown = answer;
  if (other instanceof Promise) other.catch(() => {}); // what it rejects with comes too late
  throw new TypeError(`createPicker() must return a picker or undefined, got ${kindOf(answer)}`);
}

/** What a policy's code has handed over instead of what it should: large objects by their kind alone. */
function kindOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return show(value);
  if ('pickResult' in value) return 'an endpoint: its pickResult is meant';
  return `an object (${value.constructor?.name ?? 'without a prototype'})`;
}
