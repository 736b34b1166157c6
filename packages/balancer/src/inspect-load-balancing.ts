/**
 * Inspects a list of load-balancing policies at any depth. grpc-js takes the
 * first entry that it can parse, and `pick_first` if there is none, in silence.
 */
import { experimental, type LoadBalancingConfig } from '@grpc/grpc-js';
import { show } from './config-field.js';
import { CUSTOMARY_FIELDS, GRPC_JS_POLICIES, XDS_POLICIES } from './grpc-js-policies.js';
import { inspectPolicyFields } from './inspect-policy-fields.js';
import { nearMiss } from './near-miss.js';
import type { PolicyConfig } from './policy-config.js';
import { OWN_POLICIES, petiolePolicies } from './registry.js';
import {
  type Inspected,
  isJson,
  join,
  refused,
  type ServiceConfigFinding,
} from './service-config-finding.js';
import type { UnreadField } from './unread-fields.js';

export interface InspectedPolicies extends Inspected {
  /** RPCs end up in a policy of this package. */
  readonly petiole: boolean;
}

interface InspectedEntry extends InspectedPolicies {
  /** Undefined if grpc-js goes on to the next entry. */
  readonly usable: string | undefined;
  /** Why it is not usable, in addition to the findings inside. What happens depends on the other entries. */
  readonly problem?: { readonly instead: string; readonly unknown: boolean; readonly path: string };
}

/** Deeper than any real config, and far from the end of the stack. */
const MAX_DEPTH = 32;

/** @param parent the policy that the list belongs to; undefined for the channel's own list */
export function inspectPolicies(list: unknown, path: string, parent?: string, depth = 0): InspectedPolicies {
  if (!Array.isArray(list)) {
    const instead = `must be an array of policies such as [{"round_robin": {}}], got ${show(list)}`;
    const finding =
      parent === undefined ? refused(path, list, instead) : dropped(path, list, instead, parent);
    return { findings: [finding], mended: list, petiole: false };
  }
  if (list.length === 0 || depth > MAX_DEPTH) {
    const instead =
      depth > MAX_DEPTH
        ? `must not be nested more than ${MAX_DEPTH} levels deep`
        : 'must name at least one policy, got []';
    return { findings: [dropped(path, list, instead, parent)], mended: list, petiole: false };
  }
  const entries = list.map((entry, i) => inspectEntry(entry, `${path}[${i}]`, depth));
  const first = entries.findIndex(({ usable }) => usable !== undefined);
  const used = entries[first];
  const findings: ServiceConfigFinding[] = [];
  for (const [i, { findings: inside, problem, usable }] of entries.entries()) {
    findings.push(...inside);
    if (problem !== undefined) findings.push(explain(problem, list[i], used?.usable, parent));
    else if (i > first && usable !== undefined) findings.push(spare(`${path}[${i}]`, list[i], used?.usable));
  }
  return { findings, mended: entries.map(({ mended }) => mended), petiole: used?.petiole ?? false };
}

function inspectEntry(entry: unknown, path: string, depth: number): InspectedEntry {
  const unusable = (instead: string, at: string = path, unknown = false): InspectedEntry => ({
    findings: [],
    mended: entry,
    petiole: false,
    usable: undefined,
    problem: { instead, unknown, path: at },
  });
  if (!isJson(entry)) return unusable(`must be an object such as {"round_robin": {}}, got ${show(entry)}`);
  const [name, ...others] = Object.keys(entry);
  if (name === undefined || others.length > 0) {
    return unusable(
      `must have exactly one key, the name of a policy, got ${name === undefined ? 'none' : [name, ...others].join(', ')}`,
    );
  }
  if (!isRegistered(name)) return unusable(notRegistered(name), path, true);

  const at = `${path}.${name}`;
  const petiole = petiolePolicies().has(name);
  const config = petiole
    ? { findings: [], mended: entry[name], petiole }
    : inspectPolicyFields(entry[name], {
        path: at,
        policy: name,
        fields: GRPC_JS_POLICIES.get(name) ?? CUSTOMARY_FIELDS,
        open: !GRPC_JS_POLICIES.has(name),
        inspectPolicies: (list, where) => inspectPolicies(list, where, name, depth + 1),
      });
  const mended = { [name]: config.mended };
  const { error, unread } = parse(mended as LoadBalancingConfig, name);
  if (error === undefined) {
    const findings = unread.map((one) => unreadField(join(at, one.field), entry[name], one));
    return { ...config, findings: [...config.findings, ...findings], mended, usable: name };
  }
  const instead = `${error.message}${error.message.includes('got ') ? '' : `, got ${show(entry[name])}`}`;
  if (!error.refused) {
    // Ours: grpc-js uses the policy, which then tells each RPC what is wrong.
    const finding: ServiceConfigFinding = {
      path: at,
      value: entry[name],
      outcome: 'fails',
      happens: 'RPCs fail with this message',
      instead,
      severity: 'error',
    };
    return { ...config, findings: [...config.findings, finding], mended, usable: name };
  }
  // An error inside has been found already, and is the cause.
  if (config.findings.some(({ severity }) => severity === 'error')) {
    return { ...config, mended, usable: undefined };
  }
  return { ...unusable(instead, at), findings: config.findings };
}

interface Parsed {
  /** The error that grpc-js or the policy has with the entry. */
  readonly error?: { readonly message: string; readonly refused: boolean };
  /** The fields that a policy of this package ignores. */
  readonly unread: readonly UnreadField[];
}

function parse(entry: LoadBalancingConfig, name: string): Parsed {
  const strip = (text: string) => (text.startsWith(`${name}: `) ? text.slice(name.length + 2) : text);
  try {
    const parsed = experimental.parseLoadBalancingConfig(entry);
    // By its shape, since a second copy of this package may have registered the policy.
    const { error, unreadFields } = parsed as Partial<PolicyConfig<unknown>>;
    if (error instanceof Error)
      return { error: { message: strip(error.message), refused: false }, unread: [] };
    return { unread: unreadFields?.() ?? [] };
  } catch (error) {
    return { error: { message: strip((error as Error).message), refused: true }, unread: [] };
  }
}

function unreadField(path: string, config: unknown, { field, meant }: UnreadField): ServiceConfigFinding {
  return {
    path,
    value: (config as Record<string, unknown>)[field],
    outcome: 'ignored',
    happens: 'the policy does not know the field and uses its default',
    instead: meant === undefined ? 'check the spelling, or leave it out' : `did you mean ${show(meant)}?`,
    // Policies ignore the fields of their successors: gRPC specifies it so. A misspelt one is none of these.
    severity: meant === undefined ? 'note' : 'error',
  };
}

// grpc-js looks names up with `in`, which finds `toString` and `constructor` too.
function isRegistered(name: string): boolean {
  return experimental.isLoadBalancerNameRegistered(name) && !(name in Object.prototype);
}

function notRegistered(name: string): string {
  const register = OWN_POLICIES.get(name);
  if (register !== undefined) {
    return `${name} is not registered: call ${register} first, or import '@petiole/balancer/register'`;
  }
  if (XDS_POLICIES.includes(name)) {
    return `${name} is not registered: call register() of @grpc/grpc-js-xds first`;
  }
  if (name === 'outlier_detection') {
    return `${name} is switched off by the environment variable GRPC_EXPERIMENTAL_ENABLE_OUTLIER_DETECTION`;
  }
  const known = [...petiolePolicies(), ...OWN_POLICIES.keys(), ...GRPC_JS_POLICIES.keys()];
  const meant = nearMiss(name, known);
  return `${name} is not registered with grpc-js: ${meant === undefined ? 'call register() of the policy first' : `did you mean ${meant}?`}`;
}

function explain(
  { instead, unknown, path }: { instead: string; unknown: boolean; path: string },
  value: unknown,
  used: string | undefined,
  parent: string | undefined,
): ServiceConfigFinding {
  // An array of one element has one key, too: the policy "0", which is not registered.
  const malformed = typeof value !== 'object' || value === null || Object.keys(value).length !== 1;
  if (malformed && parent === undefined) return refused(path, value, instead);
  if (used === undefined) return dropped(path, value, instead, parent);
  return {
    path,
    value,
    outcome: 'ignored',
    happens: `grpc-js uses ${used} of the same list and logs nothing`,
    instead,
    // Older and other clients know other policies: that is what the list is for.
    severity: unknown ? 'note' : 'error',
  };
}

/** Nothing of the list is left. */
function dropped(
  path: string,
  value: unknown,
  instead: string,
  parent: string | undefined,
): ServiceConfigFinding {
  const happens =
    parent === undefined
      ? 'grpc-js uses pick_first instead and logs nothing'
      : `grpc-js drops ${parent} as well, uses pick_first if there is no other policy, and logs nothing`;
  return { path, value, outcome: 'replaced', happens, instead, severity: 'error' };
}

function spare(path: string, value: unknown, used: string | undefined): ServiceConfigFinding {
  return {
    path,
    value,
    outcome: 'ignored',
    happens: `grpc-js uses ${used}, which stands before it`,
    instead: 'leave it out, unless other clients read the same config',
    severity: 'note',
  };
}
