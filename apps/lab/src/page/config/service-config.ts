/** The parts of a service config that the page has controls for: the policy, health checks, retries and hedging. */
import type { PolicyDescription } from '../../protocol.js';
import { isObject, type Json, type JsonObject, withField } from './json.js';

/** An entry of `loadBalancingConfig`, or of a list of policies in a policy's own config. */
export interface NamedPolicy {
  readonly name: string;
  readonly config: JsonObject;
}

/** The first policy of a list that is known; the first one if none is. */
export function policyOf(list: Json | undefined, known: (name: string) => boolean): NamedPolicy | undefined {
  const named = (Array.isArray(list) ? list : [])
    .filter(isObject)
    .flatMap((entry) =>
      Object.entries(entry).map(([name, config]) => ({ name, config: isObject(config) ? config : {} })),
    );
  return named.find(({ name }) => known(name)) ?? named[0];
}

/** Whether the policy that is taken from a list checks the health of servers: grpc-js's own do not. */
export function canCheckHealth(policies: readonly PolicyDescription[], list: Json | undefined): boolean {
  const chosen = policyOf(list, (known) => policies.some(({ name }) => name === known));
  return !policies.some(({ name, isGrpcJs }) => isGrpcJs && name === chosen?.name);
}

export function policyList({ name, config }: NamedPolicy): Json {
  return [{ [name]: config }];
}

export function checksHealth(config: JsonObject): boolean {
  return isObject(config.healthCheckConfig);
}

export function withHealthChecks(config: JsonObject, are: boolean): JsonObject {
  return withField(config, 'healthCheckConfig', are ? { serviceName: '' } : undefined);
}

/** What becomes of an attempt that fails, or takes long. `other`: a methodConfig that none of the controls wrote. */
export type Attempts =
  | { readonly kind: 'one' | 'other' }
  | { readonly kind: 'retries'; readonly most: number }
  | { readonly kind: 'hedging'; readonly most: number; readonly delayMs: number };

export const RETRIES: Attempts = { kind: 'retries', most: 3 };
export const HEDGING: Attempts = { kind: 'hedging', most: 2, delayMs: 50 };

export function attemptsOf(config: JsonObject): Attempts {
  const methods = config.methodConfig;
  if (methods === undefined) return { kind: 'one' };
  const [first, ...others] = Array.isArray(methods) ? methods : [];
  if (!isObject(first) || others.length > 0) return { kind: 'other' };
  const { retryPolicy, hedgingPolicy } = first;
  const attempts = isObject(retryPolicy)
    ? ({ kind: 'retries', most: Number(retryPolicy.maxAttempts) } as const)
    : isObject(hedgingPolicy)
      ? ({
          kind: 'hedging',
          most: Number(hedgingPolicy.maxAttempts),
          delayMs: Math.round(Number.parseFloat(String(hedgingPolicy.hedgingDelay)) * 1_000),
        } as const)
      : ({ kind: 'other' } as const);
  const written = JSON.stringify(withAttempts({}, attempts).methodConfig);
  return written === JSON.stringify(methods) ? attempts : { kind: 'other' };
}

export function withAttempts(config: JsonObject, attempts: Attempts): JsonObject {
  switch (attempts.kind) {
    case 'other':
      return config;
    case 'one':
      return withField(config, 'methodConfig', undefined);
    case 'retries':
      return withMethod(config, {
        retryPolicy: {
          maxAttempts: attempts.most,
          initialBackoff: '0.01s',
          maxBackoff: '0.1s',
          backoffMultiplier: 2,
          retryableStatusCodes: ['UNAVAILABLE'],
        },
      });
    case 'hedging':
      return withMethod(config, {
        hedgingPolicy: {
          maxAttempts: attempts.most,
          hedgingDelay: `${attempts.delayMs / 1_000}s`,
          nonFatalStatusCodes: ['UNAVAILABLE'],
        },
      });
  }
}

/** For all methods. */
function withMethod(config: JsonObject, policy: JsonObject): JsonObject {
  return withField(config, 'methodConfig', [{ name: [{}], ...policy }]);
}
