/**
 * A list of load-balancing policies at any depth. grpc-js takes the first entry that it can parse, and `pick_first` if
 * there is none, in silence.
 */
import { experimental } from '@grpc/grpc-js';
import type { Finding } from '../finding.js';
import { isDeeper, isJson } from '../json.js';
import { nearMiss } from '../text/near-miss.js';
import { got } from '../text/show.js';
import { messageOf } from '../text/thrown.js';
import { type Fate, type Place, THROWS } from '../walk/place.js';
import { FAILS } from './declared-fields.js';
import { isRegistered, petiolePolicies } from './registered.js';
import { policyRows } from './table.js';

/**
 * Deeper than any real config, and far from the end of the stack. grpc-js writes the whole config of each
 * `outlier_detection` as text, which together takes time that grows with the cube of the depth: 26 s at 1,000 levels.
 */
const MAX_DEPTH = 32;
const TOO_DEEP = `must not be nested more than ${MAX_DEPTH} levels deep`;
const COSTS: Fate = [
  'harms',
  'grpc-js takes time for it that grows with the cube of the depth, or ends its stack',
];
const PICK_FIRST: Fate = ['replaced', 'grpc-js uses pick_first instead and logs nothing'];

/** Levels of JSON in the config of a policy: a list, an entry and its config, and perhaps a map, are one level of policies. */
const MAX_LEVELS = 4 * MAX_DEPTH;

/** What a list of policies looks like. */
export const POLICIES_RULE = 'must be an array of policies such as [{"round_robin": {}}]';

/** More policies than any client knows. */
const MOST = 100;

const { grpcJs, xds, other } = policyRows(policies);
const known = { ...grpcJs, ...xds };

/** By lists of policies, what grpc-js takes of them: to parse the rest at each level above would multiply the time. */
const taken = new WeakMap<object, unknown>();

/** An entry of a list, after the walk through it. */
interface Entry {
  readonly findings: readonly Finding[];
  readonly mended: unknown;
  /** What grpc-js takes, unless an entry before it is taken. */
  readonly usable?: { readonly name: string; readonly config: unknown; readonly petiole: boolean };
  /** Why grpc-js goes on to the next entry, if that is not among the findings: what happens depends on the others. */
  readonly problem?: {
    readonly at: Place;
    readonly instead: string;
    readonly kind: 'malformed' | 'unknown' | 'refused';
  };
}

/** The row of a list of policies. */
export function policies(list: unknown, at: Place): unknown {
  const { policy: parent, depth, refused } = at.within;
  const unusable = parent === undefined ? PICK_FIRST : refused;
  if (!Array.isArray(list)) return at.refuse(list, POLICIES_RULE);
  if (depth > MAX_DEPTH) return at.find(list, COSTS, TOO_DEEP);
  if (list.length > MOST)
    return at.find(list, COSTS, `must have at most ${MOST} elements, got ${list.length}`);
  if (list.length === 0) return at.refuse(list, 'must name at least one policy', unusable);

  const entries: readonly Entry[] = list.map((entry, i) => readEntry(entry, at.at(i, [])));
  const used = entries.find(({ usable }) => usable !== undefined)?.usable;
  at.within.petiole ||= used?.petiole ?? false;
  const skipped: Fate = used
    ? ['ignored', `grpc-js uses ${used.name} of the same list and logs nothing`]
    : unusable;
  for (const [i, { findings, usable, problem }] of entries.entries()) {
    if (problem !== undefined) {
      const { kind, instead } = problem;
      // Older and other clients know other policies: that is what the list is for.
      const severity = kind === 'unknown' && used !== undefined ? 'note' : 'error';
      problem.at.find(list[i], kind === 'malformed' && parent === undefined ? THROWS : skipped, instead, {
        severity,
      });
    } else if (usable !== undefined && usable !== used) {
      const happens = `grpc-js uses ${used?.name}, which stands before it`;
      at.at(i).note(list[i], ['ignored', happens], 'leave it out, unless other clients read the same config');
    }
    for (const finding of findings) at.findings.push(finding);
  }
  const mended = entries.map((entry) => entry.mended);
  if (used !== undefined) taken.set(mended, [{ [used.name]: used.config }]);
  return mended;
}

function readEntry(entry: unknown, at: Place): Entry {
  const names = typeof entry === 'object' && entry !== null ? Object.keys(entry) : [];
  const [name = ''] = names;
  const kind = names.length === 1 ? 'refused' : 'malformed'; // an array of one element has one key, too: a policy "0"
  const problem = (instead: string, what: typeof kind | 'unknown' = kind): Entry => {
    return { findings: at.findings, mended: entry, problem: { at, instead, kind: what } };
  };
  if (!isJson(entry)) return problem(`must be an object such as {"round_robin": {}}, ${got(entry)}`);
  const rule = 'must have exactly one key, the name of a policy, got';
  if (names.length !== 1) return problem(`${rule} ${names.join(', ') || 'none'}`);
  if (!isRegistered(name)) return problem(notRegistered(name), 'unknown');
  const petiole = petiolePolicies().registered.has(name);
  const drops: Fate = [
    'replaced',
    `grpc-js drops ${name}, uses pick_first if there is no other policy, and logs nothing`,
  ];
  const within = { policy: name, depth: at.within.depth + 1, refused: petiole ? FAILS : drops, petiole };
  return readConfig(name, entry[name], at.at(name, at.findings, within));
}

function readConfig(name: string, json: unknown, at: Place): Entry {
  const { findings, within } = at;
  const declared = petiolePolicies().registered.get(name);
  const row = declared?.row ?? known[name] ?? other;
  const mended = row(json, at);
  const errors = findings.filter(({ severity }) => severity === 'error');
  const entry = { findings, mended: { [name]: mended } };
  const isDeep = isDeeper(mended, MAX_LEVELS);
  if (isDeep && errors.length === 0) at.find(json, COSTS, TOO_DEEP);
  // What an error inside makes of the policy has been found with it, and is not parsed: it may be nested without end.
  if (isDeep || errors.some(({ outcome }) => outcome === 'replaced' || outcome === 'harms')) return entry;
  const config = asTaken(mended);
  // A policy of Petiole is used whatever its config is: it then tells each RPC what is wrong.
  const instead = declared === undefined ? refusal(name, config, json) : undefined;
  if (instead !== undefined)
    return errors.length > 0 ? entry : { ...entry, problem: { at, instead, kind: 'refused' } };
  if (declared === undefined && !isJson(json)) {
    at.refuse(json, 'must be an object', ['ignored', 'the policy reads nothing of it']);
  }
  return { ...entry, usable: { name, config, petiole: within.petiole } };
}

/** What the policy's own parser says against a config; undefined if it takes it. */
function refusal(name: string, config: unknown, json: unknown): string | undefined {
  try {
    experimental.parseLoadBalancingConfig({ [name]: config as object });
    return undefined;
  } catch (error) {
    const message = messageOf(error);
    const text = message.startsWith(`${name}: `) ? message.slice(name.length + 2) : message;
    return text.includes('got ') ? text : `${text}, ${got(json)}`;
  }
}

function asTaken(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return taken.get(value) ?? value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, asTaken(inner)]));
}

function notRegistered(name: string): string {
  const { registered, calls } = petiolePolicies();
  const call = calls.get(name);
  if (call !== undefined) {
    return `${name} is not registered: call ${call} first, or import '@petiole/balancer/register'`;
  }
  if (Object.hasOwn(xds, name))
    return `${name} is not registered: call register() of @grpc/grpc-js-xds first`;
  if (name === 'outlier_detection') {
    return `${name} is switched off by the environment variable GRPC_EXPERIMENTAL_ENABLE_OUTLIER_DETECTION`;
  }
  const meant = nearMiss(name, [...registered.keys(), ...calls.keys(), ...Object.keys(known)]);
  const hint = meant === undefined ? 'call register() of the policy first' : `did you mean ${meant}?`;
  return `${name} is not registered with grpc-js: ${hint}`;
}
