/**
 * A policy's picker as it is published. One that throws, or returns no pick
 * result, would end the process out of a socket's event: its RPC fails instead.
 */
import { experimental } from '@grpc/grpc-js';
import { show } from '@petiole/service-config/internal';
import { EndpointChooser } from '../endpoints/endpoint.js';
import { type EndpointPick, failPick } from '../endpoints/pick-result.js';
import type { BugReports } from './bug-reports.js';

type PickResult = experimental.PickResult;

interface Picker<Args> {
  pick(args: Args): PickResult;
}

const { COMPLETE, QUEUE, TRANSIENT_FAILURE, DROP } = experimental.PickResultType;

export class GuardedPicker<Args extends experimental.PickArgs = experimental.PickArgs> {
  /** The policy's picker, if it is one. */
  readonly chooser: EndpointChooser<unknown> | undefined;
  private readonly picker: Picker<Args>;
  private readonly bugs: BugReports;

  constructor(picker: Picker<Args>, bugs: BugReports) {
    this.picker = picker;
    this.chooser = picker instanceof EndpointChooser ? picker : undefined;
    this.bugs = bugs;
  }

  pick(args: Args): PickResult {
    try {
      const result = this.picker.pick(args);
      return (result as Partial<EndpointPick<unknown>> | null)?.isOwn ? result : this.checked(result);
    } catch (error) {
      return this.failed(error);
    }
  }

  /** The policy's picker has thrown that. */
  failed(error: unknown): PickResult {
    return failPick(this.bugs.report('picker', error));
  }

  private checked(result: Partial<PickResult> | null | undefined): PickResult {
    switch (result?.pickResultType) {
      case COMPLETE:
        if (typeof result.subchannel?.getCallCredentials !== 'function') break;
        return this.withGuardedHooks(result as PickResult);
      case QUEUE:
        return result as PickResult;
      case TRANSIENT_FAILURE:
      case DROP:
        if (typeof result.status?.code !== 'number') break;
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
