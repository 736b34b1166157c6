/**
 * The labels of channels, their connections and the methods of their RPCs: made once each, since all RPCs of a method have
 * the same.
 */
import type { ChannelInterface } from '@grpc/grpc-js';
import type { Attributes } from '@opentelemetry/api';
import { targetOf } from '../grpc-js/targets.js';
import { BackendLabels } from './backend.js';
import { CallLabels } from './call.js';
import { customLabel } from './custom.js';
import { type Filters, filtersOf } from './filters.js';
import { kept } from './kept.js';
import { methodName } from './method.js';
import type { LabelOptions, OptionalLabel } from './options.js';
import { canonicalTarget } from './target.js';

/** The methods of a target, and the endpoints, whose labels are kept; those of more are made anew each time. */
const MOST = 1000;

type Options = LabelOptions & Filters;

export class Labels {
  readonly #options: Options;
  readonly #backends: BackendLabels;
  readonly #byChannel = new WeakMap<ChannelInterface, TargetLabels | 'none'>();
  /** Programs that have ever new targets don't lose by it: grpc-js, too, keeps a list for each. */
  readonly #byTarget = new Map<string, TargetLabels | 'none'>();
  readonly #byLabel = new Map<string, TargetLabels>();

  constructor(options: LabelOptions) {
    this.#options = { ...options, ...filtersOf(options) };
    this.#backends = new BackendLabels(options.optionalLabels);
  }

  /** Undefined if the channel is to have no metrics. */
  ofChannel(channel: ChannelInterface): TargetLabels | undefined {
    let labels = this.#byChannel.get(channel);
    if (labels === undefined) {
      labels = this.#find(targetOf(channel));
      this.#byChannel.set(channel, labels);
    }
    return labels === 'none' ? undefined : labels;
  }

  /** @param target as grpc-js writes it */
  ofTarget(target: string): TargetLabels | undefined {
    const labels = this.#find(target);
    return labels === 'none' ? undefined : labels;
  }

  #find(target: string): TargetLabels | 'none' {
    return kept(this.#byTarget, target, () => {
      const { channels, targetAttributeFilter } = this.#options;
      const canonical = canonicalTarget(target);
      if (!channels(canonical)) return 'none';
      const label = targetAttributeFilter(canonical) ? canonical : 'other';
      return kept(this.#byLabel, label, () => new TargetLabels(label, this.#options, this.#backends));
    });
  }
}

/** Of all channels with the same `grpc.target`. */
export class TargetLabels {
  /** `grpc.target` alone. */
  readonly target: Attributes;
  readonly #options: Options;
  readonly #backends: BackendLabels;
  readonly #connections = new Map<Attributes, Attributes>();
  readonly #picks = new Map<string, Attributes>();
  readonly #byMethod = new Map<string, CallLabels>();
  readonly #hasCustom: boolean;
  readonly #hasDisconnectError: boolean;

  constructor(target: string, options: Options, backends: BackendLabels) {
    const optional = new Set<OptionalLabel>(options.optionalLabels);
    this.#options = options;
    this.target = { 'grpc.target': target };
    this.#backends = backends;
    this.#hasCustom = optional.has('grpc.client.call.custom');
    this.#hasDisconnectError = optional.has('grpc.disconnect_error');
  }

  /**
   * Of metrics of connections: the same object for the same labels.
   *
   * @param backend what the resolver said of the server
   */
  connection(backend: Attributes): Attributes {
    const labels = this.#backends.of(backend);
    return kept(this.#connections, labels, () => ({ ...this.target, ...labels }));
  }

  /** Of a connection that ended. */
  disconnection(backend: Attributes, error: string): Attributes {
    const labels = this.connection(backend);
    return this.#hasDisconnectError ? { ...labels, 'grpc.disconnect_error': error } : labels;
  }

  /** Of a pick of the endpoint with this address. */
  pick(address: string): Attributes {
    const known = this.#picks.get(address);
    if (known !== undefined) return known;
    return kept(this.#picks, address, () => ({ ...this.target, 'petiole.endpoint': address }), MOST);
  }

  /** @param path of the method, with a slash before it */
  ofMethod(path: string, registered: boolean): CallLabels {
    const label = registered || this.#options.genericMethodAttributeFilter(path) ? path : 'other';
    if (this.#hasCustom) return this.#make(label, { 'grpc.client.call.custom': customLabel() });
    const known = this.#byMethod.get(label);
    if (known !== undefined) return known;
    return kept(this.#byMethod, label, () => this.#make(label), MOST);
  }

  #make(path: string, custom: Attributes = {}): CallLabels {
    const started = { 'grpc.method': methodName(path), ...this.target, ...custom };
    return new CallLabels(started, this.#backends);
  }
}
