/** The attributes that our resolvers send with every result, for policies that know their names (`@petiole/balancer`). */
import { HEALTH_CHECK_SERVICE_NAME_ATTRIBUTE, TARGET_ATTRIBUTE } from '@petiole/service-config/internal';

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
