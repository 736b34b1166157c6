/** The two answers of a picker that send an RPC nowhere; the third is an endpoint's own `pickResult`. */
import { experimental, Metadata, status as Status, type StatusObject } from '@grpc/grpc-js';

type PickResult = experimental.PickResult;

/** What sends an RPC to an endpoint's connection: its child makes one for each connection. */
export class EndpointPick implements PickResult {
  readonly pickResultType: typeof experimental.PickResultType.COMPLETE = experimental.PickResultType.COMPLETE;
  readonly status: null = null;
  readonly subchannel: PickResult['subchannel'];
  readonly onCallStarted: PickResult['onCallStarted'];
  readonly onCallEnded: PickResult['onCallEnded'];

  constructor({ subchannel, onCallStarted, onCallEnded }: Omit<PickResult, 'pickResultType' | 'status'>) {
    this.subchannel = subchannel;
    this.onCallStarted = onCallStarted;
    this.onCallEnded = onCallEnded;
  }
}

const NOWHERE = { subchannel: null, onCallStarted: null, onCallEnded: null };
const QUEUED: PickResult = { ...NOWHERE, pickResultType: experimental.PickResultType.QUEUE, status: null };

/** A pick that keeps the RPC waiting: it is picked again when the policy publishes its next picker. */
export function queuePick(): PickResult {
  return QUEUED;
}

/**
 * A pick that fails the RPC; one that waits for ready is kept waiting instead.
 *
 * @param failure the details of an UNAVAILABLE status, or a whole status
 */
export function failPick(failure: string | Partial<StatusObject>): PickResult {
  const status = typeof failure === 'string' ? { details: failure } : failure;
  const code = status.code || Status.UNAVAILABLE; // OK is no failure
  return {
    ...NOWHERE,
    pickResultType: experimental.PickResultType.TRANSIENT_FAILURE,
    status: { details: 'no connection', metadata: new Metadata(), ...status, code },
  };
}
