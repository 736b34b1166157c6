/**
 * The last step of every resolver: one listener call, made so that grpc-js can do no harm with it.
 * Adds the attributes, reports `petiole.resolver.update`, and contains a listener that throws.
 */
import {
  type ChannelOptions,
  experimental,
  Metadata,
  type ServiceConfig,
  type StatusObject,
  status,
} from '@grpc/grpc-js';
import type { PreparedServiceConfig } from '@petiole/service-config';
import {
  HEALTH_CHECK_SERVICE_NAME_ATTRIBUTE,
  logError,
  MAX_CONNECTIONS_ATTRIBUTE,
  oneLine,
  TARGET_ATTRIBUTE,
  type Trace,
  thrownText,
  withoutPassword,
} from '@petiole/service-config/internal';
import { hasServiceConfig, targetBehindProxy } from '../grpc-js/channel-options.js';
import type { Endpoint } from '../target/endpoint.js';
import { publishAnswer, publishUpdate, type UpdateReason } from './update-events.js';

/** Room for what is known of many names; what a program says to a manual resolver may quote others, too. */
const LONGEST_DETAILS = 4000;

export interface Delivered {
  readonly endpoints: readonly Endpoint[];
  /** Null when the resolver has none: then the channel's `grpc.service_config` applies, or else that of the registration. */
  readonly serviceConfig: PreparedServiceConfig | null;
  /** Goes into the failure messages of the policy (gRPC's resolution note). */
  readonly note: string;
}

export interface Failure extends Pick<StatusObject, 'code' | 'details'> {
  readonly metadata?: Metadata | undefined;
}

/** What the channel knows since it was made, or came back from idle. */
interface Known {
  /** The last ones that its policy accepted. */
  endpoints?: readonly Endpoint[];
  /** The note of the answer that it was told last; undefined when that was an error or refused. */
  note?: string | undefined;
}

export class Delivery {
  readonly channelOptions: ChannelOptions;
  /** The channel's own, for events. */
  readonly target: string;
  /** At most 120 characters of what is resolved, for messages: of the proxy behind one. Neither has a password. */
  readonly shortTarget: string;
  /** Writes to the resolver's tracer, with the target before it. */
  readonly trace: Trace;
  readonly #listener: experimental.ResolverListener;
  readonly #defaultConfig: PreparedServiceConfig | null;
  #serviceConfig: PreparedServiceConfig | null;
  /** Another object after each idleness: the listener may close the channel within a call. */
  #known: Known = {};

  /** @param defaultConfig counts where neither the resolver nor the channel has a service config. */
  constructor(
    target: experimental.GrpcUri,
    listener: experimental.ResolverListener,
    trace: Trace,
    channelOptions: ChannelOptions = {},
    defaultConfig: PreparedServiceConfig | null = null,
  ) {
    this.channelOptions = channelOptions;
    const resolved = withoutPassword(experimental.uriToString(target));
    this.target = withoutPassword(targetBehindProxy(channelOptions) ?? resolved);
    this.shortTarget = resolved.length > 120 ? `${resolved.slice(0, 120)}…` : resolved;
    this.#listener = listener;
    this.#defaultConfig = hasServiceConfig(channelOptions) ? null : defaultConfig;
    this.#serviceConfig = this.#defaultConfig;
    this.trace = trace && ((text) => trace(`${this.shortTarget} ${text}`));
  }

  /** The note of the answer that the channel was told last; undefined when that was an error, refused, or nothing yet. */
  get note(): string | undefined {
    return this.#known.note;
  }

  /** Delivers endpoints. @returns whether the policy accepted them. */
  endpoints(result: Delivered, reason: UpdateReason): boolean {
    const known = this.#known;
    const { endpoints, note } = result;
    // RPCs would wait for ever where the policy refuses the first result, as pick_first does with an empty one (fact R8).
    if (endpoints.length === 0 && known.endpoints === undefined) {
      const details = [`${this.shortTarget}: no endpoints`, note].filter(Boolean).join(': ');
      const accepted = this.error({ code: status.UNAVAILABLE, details }, reason);
      known.note = accepted ? note : undefined;
      return accepted;
    }
    this.#serviceConfig = result.serviceConfig ?? this.#defaultConfig;
    const accepted = this.#call(experimental.statusOrFromValue([...endpoints]), note, reason);
    known.note = accepted ? note : undefined;
    // Whether it keeps connections or not, a policy that refuses an empty list has heard of it.
    if (accepted || endpoints.length === 0) {
      publishUpdate(this.target, known.endpoints, endpoints, reason);
      known.endpoints = endpoints;
    }
    return accepted;
  }

  /**
   * Delivers an error: channels that have endpoints keep them. The service config goes along, because without it
   * the channel would change its policy, and lose its connections with it (fact R15).
   */
  error(error: Failure, reason: UpdateReason): boolean {
    const known = this.#known;
    const details = oneLine(error.details, LONGEST_DETAILS);
    // The metadata is a copy: clients are given it, and may change it (fact R16).
    const value = { code: error.code, details, metadata: error.metadata?.clone() ?? new Metadata() };
    const accepted = this.#call(experimental.statusOrFromError<Endpoint[]>(value), '', reason);
    known.note = undefined;
    publishUpdate(this.target, known.endpoints, known.endpoints, reason, details);
    return accepted;
  }

  /** Reports a good answer, of which the channel was told or need not be: it counts where the policy has its endpoints. */
  answered(): void {
    const { note, endpoints } = this.#known;
    if (note !== undefined && endpoints !== undefined) publishAnswer(this.target, endpoints);
  }

  /** Reports a failure, in whole or in part, that leaves the channel with endpoints. */
  failed(details: string, reason: UpdateReason): void {
    publishUpdate(this.target, this.#known.endpoints, this.#known.endpoints, reason, details);
  }

  /** The channel went idle: its policy, and what that had accepted, is gone. */
  reset(): void {
    this.#known = {};
  }

  #call(endpoints: experimental.StatusOr<Endpoint[]>, note: string, reason: UpdateReason): boolean {
    const prepared = this.#serviceConfig;
    const attributes = {
      [TARGET_ATTRIBUTE]: this.target,
      ...(prepared && {
        [HEALTH_CHECK_SERVICE_NAME_ATTRIBUTE]: prepared.healthCheckServiceName,
        [MAX_CONNECTIONS_ATTRIBUTE]: prepared.maxConnections,
      }),
    };
    const config = prepared && experimental.statusOrFromValue<ServiceConfig>(prepared.config);
    let accepted = false;
    try {
      accepted = this.#listener(endpoints, attributes, config, note);
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
