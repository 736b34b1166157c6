/**
 * The attributes that our resolvers send with every result, for policies that know their names (`@petiole/balancer`).
 * Their keys stand under grpc-js's exclude prefix, so that a changed one replaces no connection (fact R17).
 */
import { experimental } from '@grpc/grpc-js';

const PREFIX = `${experimental.SUBCHANNEL_ARGS_EXCLUDE_KEY_PREFIX}.petiole`;

/** The target string of the channel; always present. */
export const TARGET_ATTRIBUTE: string = `${PREFIX}.target`;

/**
 * `healthCheckConfig.serviceName` of the resolver's service config (gRFC A17), which grpc-js drops (fact R18); null when that
 * service config has none; absent when the resolver supplies no service config.
 */
export const HEALTH_CHECK_SERVICE_NAME_ATTRIBUTE: string = `${PREFIX}.health_check_service_name`;

/** Resolver attributes as grpc-js's listener takes them. */
export type Attributes = { [key: string]: unknown };

/** Makes attributes for one channel; the same object while nothing in it changes. */
export class AttributeSource {
  readonly #target: string;
  #latest: Attributes;
  #latestServiceName: string | null | undefined;

  constructor(target: string) {
    this.#target = target;
    this.#latest = Object.freeze({ [TARGET_ATTRIBUTE]: target });
  }

  /** @param serviceName undefined when the resolver supplies no service config. */
  get(serviceName: string | null | undefined): Attributes {
    if (serviceName !== this.#latestServiceName) {
      this.#latestServiceName = serviceName;
      this.#latest = Object.freeze(
        serviceName === undefined
          ? { [TARGET_ATTRIBUTE]: this.#target }
          : { [TARGET_ATTRIBUTE]: this.#target, [HEALTH_CHECK_SERVICE_NAME_ATTRIBUTE]: serviceName },
      );
    }
    return this.#latest;
  }
}
