/**
 * A list of load-balancing policies at any depth. grpc-js takes the first entry that it can parse, and `pick_first` if
 * there is none, in silence.
 */
import { experimental } from '@grpc/grpc-js';
import type { Finding } from '../finding.js';
import { isDeeper, isJson } from '../json.js';
import { lazily } from '../lazily.js';
import { nearMiss } from '../text/near-miss.js';
import { got } from '../text/show.js';
import { type Fate, type Place, THROWS } from '../walk/place.js';
import { complaintOf, FAILS } from './declared-fields.js';
import { isRegistered, petiolePolicies } from './registered.js';
import { policyRows } from './table.js';

/** Deeper than any real config, and far from the end of the stack and of patience (fact S2). */
const MAX_DEPTH = 32;
const TOO_DEEP = `must not be nested more than ${MAX_DEPTH} levels deep`;
const COSTS: Fate = ['harms', 'grpc-js takes time that grows with the cube of the depth, or ends its stack'];
const PICK_FIRST: Fate = ['replaced', 'grpc-js uses pick_first instead and logs nothing'];

/** Levels of JSON in a policy's config: a list, an entry and its config, and perhaps a map, are one level of policies. */
const MAX_LEVELS = 4 * MAX_DEPTH;
/** More policies than any client knows. */
const MOST = 100;

export const POLICIES_RULE = 'must be an array of policies such as [{"round_robin": {}}]';

const table = lazily(() => {
  const rows = policyRows(policies);
  return { ...rows, known: { ...rows.grpcJs, ...rows.xds } };
});

/** By lists of policies, what grpc-js takes of them: to parse the rest at each level above would multiply the time. */
const taken = new WeakMap<object, unknown>();

/** Finds that grpc-js goes on to the next entry of a list. What becomes of this one depends on the others. */
type Skip = (fate: Fate, isAnyUsed: boolean) => void;

/** An entry of a list, after the walk through it. */
interface Entry {
  readonly findings: readonly Finding[];
  readonly mended: unknown;
  /** What grpc-js takes, unless an entry before it is taken. */
  readonly usable?: { readonly name: string; readonly config: unknown; readonly petiole: boolean };
  readonly skip?: Skip;
}

/** The row of a list of policies. */
export function policies(list: unknown, at: Place): unknown {
  const { depth, refused } = at.within;
  const unusable = depth === 0 ? PICK_FIRST : refused;
  if (!Array.isArray(list)) return at.refuse(list, POLICIES_RULE);
  if (depth > MAX_DEPTH) return at.find(list, COSTS, TOO_DEEP);
  if (list.length > MOST) return at.refuse(list, `must have at most ${MOST} elements`, COSTS);
  if (list.length === 0) return at.refuse(list, 'must name at least one policy', unusable);

  const entries = list.map((entry, i) => readEntry(entry, at.at(i, [])));
  const used = entries.find(({ usable }) => usable !== undefined)?.usable;
  at.within.petiole ||= used?.petiole ?? false;
  const isReplaced: Fate = ['ignored', `grpc-js uses ${used?.name} of the same list and logs nothing`];
  const isLate: Fate = ['ignored', `grpc-js uses ${used?.name}, which stands before it`];
  for (const [i, { findings, usable, skip }] of entries.entries()) {
    skip?.(used === undefined ? unusable : isReplaced, used !== undefined);
    if (usable !== undefined && usable !== used)
      at.at(i).note(list[i], isLate, 'leave it out, unless other clients read the same config');
    for (const finding of findings) at.findings.push(finding);
  }
  const mended = entries.map((entry) => entry.mended);
  if (used !== undefined) taken.set(mended, [{ [used.name]: used.config }]);
  return mended;
}

function readEntry(entry: unknown, at: Place): Entry {
  const skipped = (skip: Skip): Entry => ({ findings: at.findings, mended: entry, skip });
  const names = typeof entry === 'object' && entry !== null ? Object.keys(entry) : [];
  const [name = ''] = names;
  if (!isJson(entry) || names.length !== 1) {
    const rule = isJson(entry)
      ? `must have exactly one key, the name of a policy, got ${names.join(', ') || 'none'}`
      : `must be an object such as {"round_robin": {}}, ${got(entry)}`;
    // In an array of one element grpc-js sees a policy of the name "0".
    const isThrown = names.length !== 1 && at.within.depth === 0;
    return skipped((fate) => at.find(entry, isThrown ? THROWS : fate, rule));
  }
  if (isRegistered(name)) return readConfig(name, entry[name], at);
  return skipped((fate, isAnyUsed) => {
    // Older and other clients know other policies: that is what the list is for.
    at.find(entry, fate, notRegistered(name), { severity: isAnyUsed ? 'note' : 'error' });
  });
}

/** @param outside the place of the entry */
function readConfig(name: string, json: unknown, outside: Place): Entry {
  const { findings, within } = outside;
  const declared = petiolePolicies().registered.get(name);
  const drops = `grpc-js drops ${name}, uses pick_first if there is no other policy, and logs nothing`;
  const refused: Fate = declared ? FAILS : ['replaced', drops];
  const at = outside.at(name, findings, {
    depth: within.depth + 1,
    refused,
    petiole: declared !== undefined,
  });
  const mended = (declared?.row ?? table().known[name] ?? table().other)(json, at);
  const entry = { findings, mended: { [name]: mended } };
  const errors = findings.filter(({ severity }) => severity === 'error');
  const isDeep = isDeeper(mended, MAX_LEVELS);
  if (isDeep && errors.length === 0) at.find(json, COSTS, TOO_DEEP);
  // What an error inside makes of the policy has been found with it, and is not parsed: it may be nested without end.
  if (isDeep || errors.some(({ outcome }) => outcome === 'replaced' || outcome === 'harms')) return entry;
  const config = asTaken(mended);
  const usable = { name, config, petiole: at.within.petiole ?? false };
  // A policy of Petiole is used whatever its config is: it then tells each RPC what is wrong.
  if (declared !== undefined) return { ...entry, usable };
  const refusal = refusalOf(name, config, json);
  if (refusal !== undefined)
    return errors.length > 0 ? entry : { ...entry, skip: (fate) => at.find(json, fate, refusal) };
  if (!isJson(json)) at.refuse(json, 'must be an object', ['ignored', 'the policy reads nothing of it']);
  return { ...entry, usable };
}

/** What the policy's own parser says against a config; undefined if it takes it. */
function refusalOf(name: string, config: unknown, json: unknown): string | undefined {
  try {
    experimental.parseLoadBalancingConfig({ [name]: config as object });
    return undefined;
  } catch (error) {
    const text = complaintOf(error, name);
    return text.includes('got ') ? text : `${text}, ${got(json)}`;
  }
}

/** The value with what grpc-js takes in the place of each list of policies. */
function asTaken(value: unknown): unknown {
  if (Array.isArray(value)) return taken.get(value) ?? value;
  if (!isJson(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, asTaken(inner)]));
}

function notRegistered(name: string): string {
  const { registered, calls } = petiolePolicies();
  const call = calls.get(name);
  if (call !== undefined)
    return `${name} is not registered: call ${call} first, or import '@petiole/balancer/register'`;
  if (Object.hasOwn(table().xds, name))
    return `${name} is not registered: call register() of @grpc/grpc-js-xds first`;
  if (name === 'outlier_detection')
    return `${name} is switched off by the environment variable GRPC_EXPERIMENTAL_ENABLE_OUTLIER_DETECTION`;
  const meant = nearMiss(name, [...registered.keys(), ...calls.keys(), ...Object.keys(table().known)]);
  const hint = meant === undefined ? 'call register() of the policy first' : `did you mean ${meant}?`;
  return `${name} is not registered with grpc-js: ${hint}`;
}
