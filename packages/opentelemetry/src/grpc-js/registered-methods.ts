/**
 * Methods of generated clients: those of a service definition that a client was made of. gRFC A66 has only their names in
 * metrics, so that made-up paths can't fill a memory. A generated client's class has its definition in `service`, which is
 * public; that a request asks its client to check the arguments first, and so shows it, is not (fact O5).
 */
import type { ServiceDefinition } from '@grpc/grpc-js';
import type { GrpcJs } from './internals.js';

const paths = new Set<string>();
const seen = new WeakSet<object>();

/** Whether a client that made this request, or any before, was generated with this method. */
export function isRegistered(path: string): boolean {
  return paths.has(path);
}

const CHECKS = ['checkOptionalUnaryResponseArguments', 'checkMetadataAndOptions'] as const;

/** @throws Error that names what this grpc-js lacks */
export function hookRequests({ Client }: GrpcJs): void {
  const prototype = Client.prototype as unknown as Record<(typeof CHECKS)[number], unknown>;
  for (const name of CHECKS) {
    const check = prototype[name];
    if (typeof check !== 'function') throw new Error(`this grpc-js has no Client.${name}()`);
    prototype[name] = function (this: object, ...args: readonly unknown[]) {
      register(this.constructor);
      return check.apply(this, args);
    };
  }
}

function register(clientClass: object): void {
  if (seen.has(clientClass)) return;
  seen.add(clientClass);
  const { service = {} } = clientClass as { readonly service?: ServiceDefinition };
  for (const method of Object.values(service)) {
    if (typeof method?.path === 'string') paths.add(method.path);
  }
}
