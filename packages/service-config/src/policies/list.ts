/**
 * A list of load-balancing policies at any depth. grpc-js takes the first entry that it can parse, and `pick_first` if
 * there is none, in silence.
 */
import { experimental, type LoadBalancingConfig } from '@grpc/grpc-js';
import type { Finding } from '../finding.js';
import { isDeeper, isJson } from '../json.js';
import { nearMiss } from '../text/near-miss.js';
import { got, show } from '../text/show.js';
import type { Place, Surroundings } from '../walk/place.js';
import { isRegistered, petiolePolicies } from './registered.js';
import { policyRows, XDS_POLICIES } from './table.js';

/** Deeper than any real config, far from the end of the stack, and cheap: see {@link policies}. */
const MAX_DEPTH = 32;

/** Levels of JSON in a policy's own config: three of them, a list, an entry and its config, are one of policies. */
const MAX_LEVELS = 3 * MAX_DEPTH;

const TOO_DEEP = `must not be nested more than ${MAX_DEPTH} levels deep`;

/** More policies than any client knows. */
const MOST = 100;

const { known: KNOWN, other: OTHER } = policyRows(policies);

/** A bad entry: what happens to it depends on the others. */
interface Problem {
  readonly at: Place;
  readonly instead: string;
  readonly unknown?: boolean;
}

/**
 * The row of a list of policies. Its depth is bounded because grpc-js writes the whole config of each
 * `outlier_detection` as text, which together takes time that grows with the cube of the depth: 26 s at 1,000 levels.
 */
export function policies(list: unknown, at: Place): unknown {
  const { policy: parent, depth } = at.within;
  if (!Array.isArray(list)) {
    const instead = `must be an array of policies such as [{"round_robin": {}}], ${got(list)}`;
    return parent === undefined ? at.refuse(list, instead) : dropped(list, instead, at, parent);
  }
  if (depth > MAX_DEPTH) return tooMuch(list, TOO_DEEP, at);
  if (list.length > MOST) return tooMuch(list, `must have at most ${MOST} policies, got ${list.length}`, at);
  if (list.length === 0) return dropped(list, 'must name at least one policy, got []', at, parent);

  const entries = list.map((entry, i) => readEntry(entry, i, at));
  const first = entries.findIndex(({ usable }) => usable !== undefined);
  const used = entries[first];
  if (used?.within?.petiole) at.within.petiole = true;
  for (const [i, { findings, problem, usable }] of entries.entries()) {
    if (problem !== undefined) explain(problem, list[i], used?.usable, parent);
    else if (i > first && usable !== undefined) spare(list[i], used?.usable, at.at(i, findings));
    for (const finding of findings) at.findings.push(finding);
  }
  return entries.map(({ mended }) => mended);
}

interface Entry {
  readonly findings: Finding[];
  readonly mended: unknown;
  /** The policy's name; undefined if grpc-js goes on to the next entry. */
  readonly usable?: string | undefined;
  readonly within?: Surroundings;
  readonly problem?: Problem;
}

function readEntry(entry: unknown, index: number, list: Place): Entry {
  const findings: Finding[] = [];
  const at = list.at(index, findings);
  const unusable = (instead: string, problem: Partial<Problem> = {}): Entry => ({
    findings,
    mended: entry,
    problem: { at, instead, ...problem },
  });
  if (!isJson(entry)) return unusable(`must be an object such as {"round_robin": {}}, ${got(entry)}`);
  const [name, ...others] = Object.keys(entry);
  if (name === undefined || others.length > 0) {
    const names = name === undefined ? 'none' : [name, ...others].join(', ');
    return unusable(`must have exactly one key, the name of a policy, got ${names}`);
  }
  if (!isRegistered(name)) return unusable(notRegistered(name), { unknown: true });

  const config = entry[name];
  const petiole = petiolePolicies().registered.has(name);
  const within: Surroundings = { policy: name, depth: list.within.depth + 1, petiole };
  const inside = at.at(name, findings, within);
  // The fields of Petiole's policies are judged by the policy's own parser, below.
  const mended = { [name]: petiole ? config : (KNOWN.get(name) ?? OTHER)(config, inside) };
  const isBad = findings.some(({ severity }) => severity === 'error');
  if (!isBad && isDeeper(mended[name], MAX_LEVELS)) tooMuch(config, TOO_DEEP, inside);
  const { error, refused, unread } = parse(mended as LoadBalancingConfig, name);
  if (error === undefined) {
    for (const field of unread) unreadField(field, config, inside);
    if (!isJson(config)) ignoredConfig(config, inside);
    return { findings, mended, usable: name, within };
  }
  const instead = error.includes('got ') ? error : `${error}, ${got(config)}`;
  if (!refused) {
    // Ours: grpc-js uses the policy, which then tells each RPC what is wrong.
    const happens = 'RPCs fail with this message';
    inside.find(config, { outcome: 'fails', happens, instead, severity: 'error' });
    return { findings, mended, usable: name, within };
  }
  // An error inside has been found already, and is the cause.
  return isBad ? { findings, mended } : unusable(instead, { at: inside });
}

interface Parsed {
  /** What grpc-js or the policy says against the entry. */
  readonly error?: string;
  /** grpc-js goes on to the next entry. */
  readonly refused?: boolean;
  readonly unread: readonly UnreadField[];
}

/** A field that a policy of Petiole ignores. */
export interface UnreadField {
  readonly field: string;
  /** The field that the policy looked for in vain, and that this one probably stands for. */
  readonly meant: string | undefined;
}

/** What a policy of Petiole makes of its config; known by this shape, since another copy may have registered it. */
interface PetioleConfig {
  readonly error?: unknown;
  readonly unreadFields?: () => UnreadField[];
}

function parse(entry: LoadBalancingConfig, name: string): Parsed {
  const message = (error: unknown) => {
    const text = error instanceof Error ? error.message : String(error);
    return text.startsWith(`${name}: `) ? text.slice(name.length + 2) : text;
  };
  try {
    const parsed: object & PetioleConfig = experimental.parseLoadBalancingConfig(entry);
    const error = Object.hasOwn(parsed, 'error') ? parsed.error : undefined;
    if (error instanceof Error) return { error: message(error), refused: false, unread: [] };
    return { unread: Object.hasOwn(parsed, 'unreadFields') ? (parsed.unreadFields?.() ?? []) : [] };
  } catch (error) {
    return { error: message(error), refused: true, unread: [] };
  }
}

function unreadField({ field, meant }: UnreadField, config: unknown, at: Place): void {
  at.at(field).find(isJson(config) ? config[field] : undefined, {
    outcome: 'ignored',
    happens: 'the policy does not know the field and uses its default',
    instead: meant === undefined ? 'check the spelling, or leave it out' : `did you mean ${show(meant)}?`,
    // Policies ignore the fields of their successors: gRPC specifies it so. A misspelt one is none of these.
    severity: meant === undefined ? 'note' : 'error',
    takenFrom: 'dns',
  });
}

function ignoredConfig(config: unknown, at: Place): void {
  const happens = 'the policy reads nothing of it';
  at.find(config, {
    outcome: 'ignored',
    happens,
    instead: `must be an object, ${got(config)}`,
    severity: 'error',
  });
}

function notRegistered(name: string): string {
  const { registered, calls } = petiolePolicies();
  const register = calls.get(name);
  if (register !== undefined) {
    return `${name} is not registered: call ${register} first, or import '@petiole/balancer/register'`;
  }
  if (XDS_POLICIES.includes(name)) {
    return `${name} is not registered: call register() of @grpc/grpc-js-xds first`;
  }
  if (name === 'outlier_detection') {
    return `${name} is switched off by the environment variable GRPC_EXPERIMENTAL_ENABLE_OUTLIER_DETECTION`;
  }
  const meant = nearMiss(name, [...registered, ...calls.keys(), ...KNOWN.keys()]);
  return `${name} is not registered with grpc-js: ${meant === undefined ? 'call register() of the policy first' : `did you mean ${meant}?`}`;
}

function explain(
  { at, instead, unknown }: Problem,
  value: unknown,
  used: string | undefined,
  parent: string | undefined,
): void {
  // An array of one element has one key, too: the policy "0", which is not registered.
  const malformed = typeof value !== 'object' || value === null || Object.keys(value).length !== 1;
  if (malformed && parent === undefined) at.refuse(value, instead);
  else if (used === undefined) dropped(value, instead, at, parent);
  else {
    at.find(value, {
      outcome: 'ignored',
      happens: `grpc-js uses ${used} of the same list and logs nothing`,
      instead,
      // Older and other clients know other policies: that is what the list is for.
      severity: unknown ? 'note' : 'error',
    });
  }
}

/** Nothing of the list is left. */
function dropped(value: unknown, instead: string, at: Place, parent: string | undefined): unknown {
  const happens =
    parent === undefined
      ? 'grpc-js uses pick_first instead and logs nothing'
      : `grpc-js drops ${parent} as well, uses pick_first if there is no other policy, and logs nothing`;
  at.find(value, { outcome: 'replaced', happens, instead, severity: 'error' });
  return value;
}

function tooMuch(value: unknown, instead: string, at: Place): unknown {
  const happens =
    'grpc-js takes time for it that grows with the cube of the depth, or comes to the end of the stack';
  at.find(value, { outcome: 'harms', happens, instead, severity: 'error' });
  return value;
}

function spare(value: unknown, used: string | undefined, at: Place): void {
  const happens = `grpc-js uses ${used}, which stands before it`;
  const instead = 'leave it out, unless other clients read the same config';
  at.find(value, { outcome: 'ignored', happens, instead, severity: 'note' });
}
