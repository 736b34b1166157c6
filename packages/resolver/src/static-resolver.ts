/**
 * The resolver of `static:` targets.
 */
import { isIP } from 'node:net';
import { type ChannelOptions, experimental } from '@grpc/grpc-js';
import { ConstantResolver } from './constant-resolver.js';
import { Delivery } from './delivery.js';
import { parseStaticTarget, STATIC_SCHEME, type StaticTarget, staticAuthority } from './static-target.js';
import { TargetError } from './target-error.js';
import { tracer } from './tracing.js';

const trace = tracer('static_resolver');

class StaticResolver implements experimental.Resolver {
  readonly #inner: experimental.Resolver;

  constructor(
    target: experimental.GrpcUri,
    listener: experimental.ResolverListener,
    channelOptions: ChannelOptions,
  ) {
    this.#inner = createInner(target, listener, channelOptions);
  }

  updateResolution(): void {
    this.#inner.updateResolution();
  }

  destroy(): void {
    this.#inner.destroy();
  }

  static getDefaultAuthority(target: experimental.GrpcUri): string {
    return staticAuthority(target);
  }
}

function createInner(
  target: experimental.GrpcUri,
  listener: experimental.ResolverListener,
  channelOptions: ChannelOptions,
): experimental.Resolver {
  const delivery = new Delivery(target, listener, trace);
  let parsed: StaticTarget;
  try {
    parsed = parseStaticTarget(target);
  } catch (error) {
    if (!(error instanceof TargetError)) throw error;
    return new ConstantResolver(
      { error: `${STATIC_SCHEME}: target: ${error.message}` },
      delivery,
      channelOptions,
    );
  }
  const name = parsed.endpoints
    .flatMap((endpoint) => endpoint.addresses)
    .find(({ host }) => isIP(host) === 0);
  if (name !== undefined) {
    return new ConstantResolver(
      { error: `${STATIC_SCHEME}: target: host names are yet to come` },
      delivery,
      channelOptions,
    );
  }
  const endpoints = parsed.endpoints.map(({ addresses }) => ({ addresses: [...addresses] }));
  return new ConstantResolver({ endpoints }, delivery, channelOptions);
}

let registered = false;

/** Registers the `static:` scheme with grpc-js. Idempotent; call it before the channel is made. */
export function registerStaticResolver(): void {
  if (registered) return;
  registered = true;
  experimental.registerResolver(STATIC_SCHEME, StaticResolver);
}
