/** The answers of a picker that send an RPC nowhere, and the one that does: an endpoint's own `pickResult`. */
import { experimental, Metadata, status as Status, type StatusObject } from '@grpc/grpc-js';
import type { PolicyEndpoint } from './endpoint.js';
import type { Picked } from './picked-in-turn.js';

type PickResult = experimental.PickResult;

/** Whom a pick goes to. */
export type PickedEndpoint<Data> = PolicyEndpoint<Data> & { readonly kept: Picked };

/** What sends an RPC to an endpoint's connection: its child makes one for each connection. */
export class EndpointPick<Data> implements PickResult {
  /** The first one: in the same line of the cache as the object's class, which a pick reads. */
  readonly pickedEndpoint: PickedEndpoint<Data>;
  readonly pickResultType: typeof experimental.PickResultType.COMPLETE = experimental.PickResultType.COMPLETE;
  readonly status: null = null;
  readonly subchannel: experimental.SubchannelInterface;
  readonly onCallStarted: PickResult['onCallStarted'];
  readonly onCallEnded: PickResult['onCallEnded'];
  /** Which one it is, where an endpoint may have several. */
  readonly connection: Picked | undefined;

  constructor(
    endpoint: PickedEndpoint<Data>,
    parts: Pick<EndpointPick<Data>, 'subchannel' | 'connection' | 'onCallStarted' | 'onCallEnded'>,
  ) {
    this.pickedEndpoint = endpoint;
    this.connection = parts.connection;
    this.subchannel = parts.subchannel;
    this.onCallStarted = parts.onCallStarted;
    this.onCallEnded = parts.onCallEnded;
  }

  /**
   * That it is an endpoint's own, and no copy: those that policies and parents make have its fields, and not this. It is asked
   * for each RPC, and `instanceof` takes some nanoseconds more.
   */
  get isOwn(): true {
    return true;
  }
}

const NOWHERE = { subchannel: null, onCallStarted: null, onCallEnded: null };
const QUEUED: PickResult = { ...NOWHERE, pickResultType: experimental.PickResultType.QUEUE, status: null };

/** A pick that keeps the RPC waiting: it is picked again when the policy publishes its next picker. */
export function queuePick(): PickResult {
  return QUEUED;
}

/** A pick that keeps the RPC waiting for what it asks for, once it is the answer to a pick. */
export type QueuedPick = PickResult & { readonly rpcWaits: () => void };

/**
 * A pick that fails the RPC; one that waits for ready is kept waiting instead.
 *
 * @param failure the details of an UNAVAILABLE status, or a whole status
 */
export function failPick(failure: string | Partial<StatusObject>): PickResult {
  return refusal(experimental.PickResultType.TRANSIENT_FAILURE, failure);
}

/**
 * A pick that fails the RPC for good: it is not retried, and does not wait for ready (gRFC A32).
 *
 * @param failure the details of an UNAVAILABLE status, or a whole status
 */
export function dropPick(failure: string | Partial<StatusObject>): PickResult {
  return refusal(experimental.PickResultType.DROP, failure);
}

function refusal(
  pickResultType: experimental.PickResultType,
  failure: string | Partial<StatusObject>,
): PickResult {
  const status = typeof failure === 'string' ? { details: failure } : failure;
  const code = status.code || Status.UNAVAILABLE; // OK is no failure
  return {
    ...NOWHERE,
    pickResultType,
    status: { details: 'no connection', metadata: new Metadata(), ...status, code },
  };
}

/** What a policy around another one hears of an RPC that it lets pass. */
export interface PickHooks {
  /** The RPC has started on the connection. */
  readonly started?: () => void;
  /** It has ended, however it did: exactly once for each `started`. */
  readonly ended?: NonNullable<PickResult['onCallEnded']>;
}

/** The pick of a child policy, with hooks beside the child's own. */
export function observePick(result: PickResult, { started, ended }: PickHooks): PickResult {
  return {
    ...result,
    onCallStarted() {
      result.onCallStarted?.();
      started?.();
    },
    onCallEnded(...end) {
      result.onCallEnded?.(...end);
      ended?.(...end);
    },
  };
}
