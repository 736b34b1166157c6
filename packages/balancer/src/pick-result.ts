/** The two answers of a picker that send an RPC nowhere; the third is an endpoint's own `pickResult`. */
import { experimental, Metadata, status as Status, type StatusObject } from '@grpc/grpc-js';

type PickResult = experimental.PickResult;

const QUEUED: PickResult = {
  pickResultType: experimental.PickResultType.QUEUE,
  subchannel: null,
  status: null,
  onCallStarted: null,
  onCallEnded: null,
};

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
  return {
    pickResultType: experimental.PickResultType.TRANSIENT_FAILURE,
    subchannel: null,
    status: { code: Status.UNAVAILABLE, details: 'no connection', metadata: new Metadata(), ...status },
    onCallStarted: null,
    onCallEnded: null,
  };
}
