/**
 * The last step of every resolver: one listener call, made so that grpc-js can do no harm with it.
 * Adds the attributes, reports `petiole.resolver.update`, and contains a listener that throws.
 */
import { experimental, Metadata, type ServiceConfig, type StatusObject, status } from '@grpc/grpc-js';
import type { PreparedServiceConfig } from '@petiole/service-config';
import { logError, oneLine, type Trace, thrownText, withoutPassword } from '@petiole/service-config/internal';
import type { Endpoint } from '../target/endpoint.js';
import { AttributeSource } from './attributes.js';
import { publishUpdate, type UpdateReason } from './update-events.js';

/** Room for what is known of many names; what a program says to a manual resolver may quote others, too. */
const LONGEST_DETAILS = 4000;

/** A result as a resolver delivers it. */
export interface Delivered {
  readonly endpoints: readonly Endpoint[];
  /** Null when the resolver has none: then the channel's `grpc.service_config` applies. */
  readonly serviceConfig: PreparedServiceConfig | null;
  /** Goes into the failure messages of the policy (gRPC's resolution note). */
  readonly note: string;
}

/** Calls one channel's listener. */
export class Delivery {
  readonly target: string;
  /** At most 120 characters of the target, for messages. Neither has a password. */
  readonly shortTarget: string;
  /** Writes to the resolver's tracer, with the target before it. */
  readonly trace: Trace;
  readonly #listener: experimental.ResolverListener;
  readonly #attributes: AttributeSource;
  /** What the channel has: the last result that its policy accepted. */
  #endpoints: readonly Endpoint[] = [];
  #serviceConfig: PreparedServiceConfig | null = null;
  #hasAccepted = false;

  constructor(target: experimental.GrpcUri, listener: experimental.ResolverListener, trace: Trace) {
    this.target = withoutPassword(experimental.uriToString(target));
    this.shortTarget = this.target.length > 120 ? `${this.target.slice(0, 120)}…` : this.target;
    this.#listener = listener;
    this.#attributes = new AttributeSource(this.target);
    this.trace = trace && ((text) => trace(`${this.shortTarget} ${text}`));
  }

  /** Delivers endpoints. @returns whether the policy accepted them. */
  endpoints(result: Delivered, reason: UpdateReason): boolean {
    // RPCs would wait for ever where the policy refuses the first result, as pick_first does with an empty one (fact R8).
    if (result.endpoints.length === 0 && !this.#hasAccepted) {
      const details = [`${this.shortTarget}: no endpoints`, result.note].filter(Boolean).join(': ');
      return this.error({ code: status.UNAVAILABLE, details }, reason);
    }
    this.#serviceConfig = result.serviceConfig;
    const accepted = this.#call(experimental.statusOrFromValue([...result.endpoints]), result.note, reason);
    this.#hasAccepted ||= accepted;
    // Whether it keeps connections or not, a policy that refuses an empty list has heard of it.
    if (accepted || result.endpoints.length === 0) {
      publishUpdate(this.target, this.#endpoints, result.endpoints, reason);
      this.#endpoints = result.endpoints;
    }
    return accepted;
  }

  /**
   * Delivers an error: channels that have endpoints keep them. The service config goes along, because without it
   * the channel would change its policy, and lose its connections with it (fact R15).
   */
  error(
    error: Pick<StatusObject, 'code' | 'details'> & { metadata?: Metadata },
    reason: UpdateReason,
  ): boolean {
    const { code } = error;
    const details = oneLine(error.details, LONGEST_DETAILS);
    // The metadata is a copy: clients are given it, and may change it (fact R16).
    const value = { code, details, metadata: error.metadata?.clone() ?? new Metadata() };
    const accepted = this.#call(experimental.statusOrFromError<Endpoint[]>(value), '', reason);
    publishUpdate(this.target, this.#endpoints, this.#endpoints, reason, details);
    return accepted;
  }

  /** Reports a failure, in whole or in part, that leaves the channel with endpoints. */
  failed(details: string, reason: UpdateReason): void {
    publishUpdate(this.target, this.#endpoints, this.#endpoints, reason, details);
  }

  /** The channel went idle: its policy, and what that had accepted, is gone. */
  reset(): void {
    this.#hasAccepted = false;
    this.#endpoints = [];
  }

  #call(endpoints: experimental.StatusOr<Endpoint[]>, note: string, reason: UpdateReason): boolean {
    const prepared = this.#serviceConfig;
    const serviceConfig: experimental.StatusOr<ServiceConfig> | null =
      prepared === null ? null : experimental.statusOrFromValue(prepared.config);
    let accepted = false;
    try {
      accepted = this.#listener(
        endpoints,
        this.#attributes.get(prepared?.healthCheckServiceName),
        serviceConfig,
        note,
      );
    } catch (error) {
      logError(`${this.shortTarget}: the channel threw on a resolver result: ${thrownText(error)}`);
    }
    const told = endpoints.ok
      ? `${endpoints.value.length} endpoints${note === '' ? '' : `, note: ${note}`}`
      : `error ${endpoints.error.details}`;
    this.trace?.(`${reason}: ${told}${accepted ? '' : ', refused by the policy'}`);
    return accepted;
  }
}
