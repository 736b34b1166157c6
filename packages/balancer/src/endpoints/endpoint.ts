/** An endpoint as a policy sees it, what a policy can attach to its endpoints, and how a message describes them. */
import type { experimental, Metadata, status } from '@grpc/grpc-js';
import type { EndpointAttributes } from '@petiole/service-config';
import { addressName, attributesOf, endpointName } from '@petiole/service-config/internal';
import type { EndpointState } from '../events/endpoint-events.js';

/** What tells one endpoint from another. */
export interface EndpointIdentity {
  /** All its addresses in one text, for messages: `[::1]:50051+127.0.0.1:50051`. */
  readonly name: string;
  /** Its addresses in the resolver's order, e.g. `[::1]:50051`, `10.1.2.3:443`, or the path of a Unix socket. */
  readonly addresses: readonly string[];
  /**
   * What the resolver knows of it: `zone`, `weight`, `priority`, `hashKey`, and what else it tells; empty if nothing. Those of
   * `@petiole/resolver` have checked the four; another resolver's are as it gave them.
   */
  readonly attributes: EndpointAttributes;
}

/** What grpc-js's endpoint is to a policy. */
export function identityOf(endpoint: experimental.Endpoint): EndpointIdentity {
  return {
    name: endpointName(endpoint),
    addresses: endpoint.addresses.map(addressName),
    attributes: attributesOf(endpoint),
  };
}

/**
 * One endpoint: the same object for as long as the resolver keeps naming it. It may gain and lose addresses, as long as
 * the address that it is connected to is left, and have other attributes.
 */
export interface PolicyEndpoint<Data = undefined> extends EndpointIdentity {
  /** Its place in the resolver's order, from 0; -1 once the resolver has removed it. */
  readonly index: number;
  /** `SHUTDOWN` once the resolver has removed it. */
  readonly state: EndpointState;
  /** Why it is not READY, where that is known. */
  readonly lastError: string | undefined;
  /**
   * What a picker returns to send an RPC to this endpoint. READY: its connection. TRANSIENT_FAILURE: the RPC
   * fails with the endpoint's last error. Otherwise the RPC waits. Read it in `pick`; do not store it.
   */
  readonly pickResult: experimental.PickResult;
  /**
   * Has an IDLE endpoint connect, where the policy connects `'when asked'`; may be called from `pick`, for each RPC. Does
   * nothing to one that is not selected, or is in another state: what has failed tries again by itself.
   */
  connect(): void;
  /**
   * Makes a new connection beside the one in use, which serves until the new one is READY, and RPCs that run on it go on to
   * their end. Does nothing to an endpoint that is not READY, or has a renewal under way. Where health is checked, the endpoint is
   * CONNECTING from when the new connection is made until its first health status.
   */
  renew(): void;
  /** What `createData` made for this endpoint; it may be older than this object. */
  readonly data: Data;
  /**
   * RPCs that have started here and not ended, on whatever connection; a stream counts until it ends. And those that were
   * picked in this very turn of the event loop, from the first time on that the policy reads this: a burst spreads.
   */
  readonly inFlight: number;
}

/** What is known of an RPC beside its metadata. */
export interface Rpc {
  /**
   * Which attempt this is, from 0: a retry, a hedge, and grpc-js's repetition of a stream that a server has refused are each
   * one more. One for which the policy has returned an endpoint's `pickResult` counts.
   */
  readonly attempt: number;
  /** The endpoints that those before were sent to, one after the other; an endpoint may be there twice, or have left. */
  readonly tried: readonly PolicyEndpoint<unknown>[];
}

/** What a policy's picker gets of an RPC. Read it in `pick`; do not store it: the next pick has the same object. */
export interface PolicyPickArgs extends experimental.PickArgs {
  readonly rpc: Rpc;
}

/** A policy's picker. */
export interface PolicyPicker {
  /**
   * Called for each attempt of each RPC.
   *
   * @returns an endpoint's `pickResult`, `queuePick()`, `failPick()` or `dropPick()`
   */
  pick(args: PolicyPickArgs): experimental.PickResult;
}

/**
 * A picker that chooses by the earlier attempts of an RPC alone. Only those are made for it: to keep the rest, which is new for
 * each RPC, where a picker finds it has V8's garbage collector take note, which takes as long as a pick.
 */
export abstract class EndpointChooser<Data = undefined> implements PolicyPicker {
  /** The endpoint that the RPC goes to. */
  abstract choose(rpc: Rpc): PolicyEndpoint<Data>;

  pick({ rpc }: Pick<PolicyPickArgs, 'rpc'>): experimental.PickResult {
    return this.choose(rpc).pickResult;
  }
}

/** How an RPC ended. */
export interface CallEnd {
  /** The RPC's status code, as the application gets it from this attempt. */
  readonly code: status;
  /** The status message. */
  readonly details: string;
  /** The server's trailers; empty if the RPC did not get so far. */
  readonly trailers: Metadata;
  /** Milliseconds from the start of its stream to its end, with fractions. */
  readonly durationMs: number;
  /** As the pick had it: the attempts before this one. */
  readonly rpc: Rpc;
}

/**
 * When an endpoint that has no connection connects: `at once`, also after it has lost one; or `when asked` by
 * `endpoint.connect()`.
 */
export type ConnectMode = 'at once' | 'when asked';

/** What a policy can hear of its RPCs. Called at once, in the middle of a change: they must not act on any client. */
export interface CallHooks<Data> {
  /** An RPC has started on the endpoint's connection. */
  readonly onCallStarted?: ((endpoint: PolicyEndpoint<Data>, rpc: Rpc) => void) | undefined;
  /** That RPC has ended, however it did: exactly once for each `onCallStarted`, even on a removed endpoint. */
  readonly onCallEnded?: ((endpoint: PolicyEndpoint<Data>, end: CallEnd) => void) | undefined;
}

/** What a policy can attach to its endpoints. */
export interface EndpointHooks<Data> extends CallHooks<Data> {
  /**
   * Called once per endpoint. Its result lives as long as the endpoint, across pickers and updates, also when the
   * endpoint gains or loses addresses; and after the resolver has removed the endpoint, as long as RPCs run there: if
   * it comes back before they have ended, it has the same data again.
   */
  readonly createData?: ((endpoint: EndpointIdentity) => Data) | undefined;
}

/** Room for about a dozen endpoints; a status message travels in logs and headers. */
const MAX_LENGTH = 1000;

/**
 * `[::1]:1+127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1; …`: each endpoint and its last error, in order, until
 * the message is full; the rest is counted.
 */
export function describeEndpoints(endpoints: readonly PolicyEndpoint<unknown>[]): string {
  const parts: string[] = [];
  let length = 0;
  for (const endpoint of endpoints) {
    const part = `${endpoint.name}: ${endpoint.lastError ?? 'no answer yet'}`.slice(0, MAX_LENGTH);
    length += part.length;
    if (length > MAX_LENGTH && parts.length > 0) break;
    parts.push(part);
  }
  if (parts.length < endpoints.length) parts.push(`and ${endpoints.length - parts.length} more`);
  return parts.join('; ');
}
