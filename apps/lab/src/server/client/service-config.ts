/** What the lab tells of a service config: the one it begins with, and the policy that is in one. */
import { experimental } from '@grpc/grpc-js';
import { petiolePolicies } from '@petiole/service-config/internal';

/** The strip of picks shows three by three. */
export const FIRST_SERVICE_CONFIG: string = JSON.stringify(
  {
    loadBalancingConfig: [{ custom_round_robin: { repeatCount: 3 } }],
    healthCheckConfig: { serviceName: '' },
  },
  undefined,
  2,
);

interface MethodConfig {
  readonly retryPolicy?: { readonly maxAttempts?: number };
  readonly hedgingPolicy?: { readonly maxAttempts?: number };
}

interface Parsed {
  readonly loadBalancingConfig?: readonly Readonly<Record<string, unknown>>[] | null;
  readonly healthCheckConfig?: object | null;
  readonly methodConfig?: readonly MethodConfig[] | null;
}

/** The first policy that grpc-js knows, as it takes it; `pick_first` where there is none. */
export function policyIn(json: string): { readonly policy: string; readonly checksHealth: boolean } {
  const parsed = JSON.parse(json) as Parsed;
  const { name } = policyOf(parsed);
  return {
    policy: name,
    checksHealth: Boolean(parsed.healthCheckConfig) && petiolePolicies().registered.has(name),
  };
}

/** What is different in the second of two service configs, in a few words each; empty if they mean the same. */
export function changesIn(before: string, now: string): readonly string[] {
  const [old, fresh] = [JSON.parse(before), JSON.parse(now)] as Parsed[];
  const fields = new Set([...Object.keys(old ?? {}), ...Object.keys(fresh ?? {})]) as Set<keyof Parsed>;
  const changed = [...fields].filter(
    (field) => JSON.stringify(old?.[field]) !== JSON.stringify(fresh?.[field]),
  );
  return changed.map((field) => describe(field, old ?? {}, fresh ?? {}));
}

function describe(field: keyof Parsed, old: Parsed, fresh: Parsed): string {
  switch (field) {
    case 'loadBalancingConfig': {
      const { name, config } = policyOf(fresh);
      return name === policyOf(old).name ? `${name} with ${JSON.stringify(config)}` : name;
    }
    case 'healthCheckConfig':
      return fresh.healthCheckConfig ? 'health checks' : 'no health checks';
    case 'methodConfig':
      return attemptsIn(fresh.methodConfig ?? []);
    default:
      return `another ${field}`;
  }
}

function attemptsIn(methods: readonly MethodConfig[]): string {
  const retries = methods.find(({ retryPolicy }) => retryPolicy)?.retryPolicy;
  const hedging = methods.find(({ hedgingPolicy }) => hedgingPolicy)?.hedgingPolicy;
  if (retries !== undefined) return `retries, up to ${retries.maxAttempts} attempts`;
  if (hedging !== undefined) return `hedging, up to ${hedging.maxAttempts} attempts`;
  return methods.length === 0 ? 'one attempt' : 'another methodConfig';
}

/** Null is as good as nothing in proto3's JSON. */
function policyOf({ loadBalancingConfig }: Parsed): { readonly name: string; readonly config: unknown } {
  const entries = (loadBalancingConfig ?? []).flatMap((entry) => Object.entries(entry));
  const [name, config] = entries.find(([known]) => experimental.isLoadBalancerNameRegistered(known)) ?? [
    'pick_first',
    {},
  ];
  return { name, config };
}
