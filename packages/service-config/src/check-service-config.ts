/**
 * The table of a whole service config, and the one walk over it: what it finds is `checkServiceConfig()`, and what it
 * mends is what `serviceConfig()` writes and `readServiceConfig()` reads.
 */
import type { Finding, ServiceConfigFinding } from './finding.js';
import { isInteger, isJson, isNumber, isString, type Json, own } from './json.js';
import { methodConfig } from './methods.js';
import { policies } from './policies/list.js';
import { isRegistered, petiolePolicies } from './policies/registered.js';
import { got, show } from './text/show.js';
import { messageOf } from './text/thrown.js';
import { type Fate, IGNORED, Place, THROWS } from './walk/place.js';
import { leaf, object, type Row } from './walk/rows.js';

/** A service config after the walk. */
export interface Inspected {
  readonly findings: readonly Finding[];
  /** In the form that grpc-js reads, without the fields that it does not know; of use if no finding is an error. */
  readonly mended: Json;
}

/** Four times what fits into DNS. All steps take time in proportion to the length. */
const MOST_CHARACTERS = 262_144;

const STOPS: Fate = ['harms', 'nothing else goes on while it is read'];
const NO_CONFIG: Fate = ['ignored', 'grpc-js ignores it, uses pick_first and logs nothing'];
const UNCHECKED: Fate = ['ignored', 'no health is checked'];
const UNSCALED: Fate = ['ignored', 'each endpoint has one connection'];
const IS_ZERO: Fate = ['misread', 'grpc-js rounds it to 0'];

/** Both numbers of `retryThrottling` are kept with three decimals. */
function tokens(rule: string, most = Number.POSITIVE_INFINITY): Row {
  const isTokens = (value: unknown): value is number => isNumber(value) && value > 0 && value <= most;
  const rounded = (value: number) => Number(value.toFixed(3));
  const row = leaf(isTokens, rule, [(value) => rounded(value) === 0, IS_ZERO]);
  return (value, at) => rounded(row(value, at) ?? 0);
}

const retryThrottling = object(() => ({
  required: {
    maxTokens: tokens('must be a number of at least 0.001 and at most 1000', 1000),
    tokenRatio: tokens('must be a number of at least 0.001'),
  },
}));

/** gRFC A17. grpc-js drops it; the policies of Petiole read it. */
const serviceName: Row = (value, at) => {
  if (isString(value)) return value;
  const takenFrom = value === undefined || value === null ? 'dns' : undefined;
  at.find(value, UNCHECKED, `must be a string, "" for the server as a whole, ${got(value)}`, { takenFrom });
};
const healthCheckConfig = object(() => ({
  required: { serviceName },
  example: ' such as {"serviceName": "pkg.Service"}',
  refused: UNCHECKED,
}));

/** gRFC A105, whose message has a uint32 and no meaning for 0. grpc-js drops it; the policies of Petiole read it. */
const maxConnectionsPerSubchannel: Row = (value, at) => {
  if (isInteger(value, 1, 2 ** 32 - 1)) return value;
  return at.refuse(value, 'must be an integer from 1 to 4294967295', UNSCALED);
};
const connectionScaling = object(() => ({
  optional: { maxConnectionsPerSubchannel },
  example: ' such as {"maxConnectionsPerSubchannel": 5}',
  refused: UNSCALED,
}));

/** What only the policies of Petiole read, and what becomes of it with others. */
const OURS: readonly (readonly [name: string, fate: Fate, none: string])[] = [
  ['healthCheckConfig', UNCHECKED, 'no other checks health'],
  ['connectionScaling', UNSCALED, 'no other makes more connections'],
];

/** service_config.proto gives it a meaning where there is no list; grpc-js has it in no case. */
const loadBalancingPolicy: Row = (value, at) => {
  const write = `write loadBalancingConfig: [{${show(policyOf(value) ?? 'round_robin')}: {}}]`;
  if (!isString(value)) return at.find(value, THROWS, `must be absent: ${write}`);
  at.find(value, IGNORED, `is never read by grpc-js: ${write}`, { takenFrom: 'anyone' });
};

function policyOf(loadBalancingPolicy: unknown): string | undefined {
  return (isString(loadBalancingPolicy) && loadBalancingPolicy.toLowerCase()) || undefined;
}

const fields = {
  loadBalancingConfig: policies,
  methodConfig,
  retryThrottling,
  healthCheckConfig,
  connectionScaling,
};

/** The fields that do something. */
export const SERVICE_CONFIG_FIELDS: readonly string[] = Object.keys(fields);

const table = object(() => ({
  optional: fields,
  unread: { loadBalancingPolicy },
  absent: (name) => (name === 'methodConfig' || OURS.some(([ours]) => ours === name) ? IGNORED : THROWS),
  hint: misplaced,
}));

/** What to do with a field that stands in the wrong object. */
function misplaced(name: string, value: unknown): string | undefined {
  const isPolicy = isRegistered(name) || petiolePolicies().calls.has(name);
  if (isPolicy) return `must be in an entry of loadBalancingConfig, ${got(value)}`;
  const isOfMethods = /^(retryPolicy|hedgingPolicy|timeout|waitForReady)$/.test(name);
  if (isOfMethods) return `must be in an entry of methodConfig, ${got(value)}`;
  // The wrapper that service configs have in DNS TXT records (gRFC A2) is no service config.
  const isChoice = name === 'serviceConfig' && isJson(value);
  return isChoice ? 'is for DNS TXT records only: pass the object that stands under it' : undefined;
}

/**
 * Everything in a service config that grpc-js 1.14 will ignore, replace, misread or throw at, in the order of the
 * config's fields. An empty list: grpc-js and the policies do all that it says. Which policies are registered counts, so
 * register them first: those of `definePolicy` are checked by the fields that they declare. Never throws.
 *
 * ```ts
 * checkServiceConfig('{"methodConfig": [{"name": [{}], "timeout": "0.5s"}]}');
 * // [{ path: 'methodConfig[0].timeout', value: '0.5s', outcome: 'misread', severity: 'mendable',
 * //    happens: 'grpc-js reads 0 s and 5 ns',
 * //    instead: 'write {"seconds":0,"nanos":500000000}, or have serviceConfig() write it' }]
 * ```
 *
 * @param config the JSON as in the channel option `grpc.service_config`, or the object that it stands for
 */
export function checkServiceConfig(config: unknown): ServiceConfigFinding[] {
  return inspect(config).findings.map(({ takenFrom: _, ...finding }) => finding);
}

/** The walk over a service config. Never throws. */
export function inspect(config: unknown): Inspected {
  const at = new Place();
  const json = parse(config, at);
  const mended: Record<string, unknown> = { ...(json && table(json, at)) };
  const { loadBalancingPolicy, loadBalancingConfig } = own(json);
  const single = (loadBalancingConfig ?? undefined) === undefined ? policyOf(loadBalancingPolicy) : undefined;
  if (single !== undefined)
    mended.loadBalancingConfig = policies([{ [single]: {} }], at.at('loadBalancingPolicy'));
  for (const [name, fate, none] of at.within.petiole ? [] : OURS) {
    const value = own(json)[name];
    const instead = `needs a policy of @petiole/balancer, such as custom_round_robin: ${none}`;
    if (isJson(value)) at.at(name).find(value, fate, instead, { takenFrom: 'anyone' });
  }
  return { findings: at.findings, mended };
}

/** Undefined, with a finding, for what is no JSON object. */
function parse(config: unknown, at: Place): Json | undefined {
  // The empty string is no service config to grpc-js, as no string is.
  const isNothing = config === '' || config === undefined;
  if (isNothing) return void at.find(config, NO_CONFIG, 'must be a JSON object, got nothing');
  try {
    // An object is checked as the JSON that will be made of it: without its undefined fields, for instance.
    const text = isString(config) ? config : (JSON.stringify(config) ?? '');
    if (text.length > MOST_CHARACTERS) {
      const instead = `must have at most ${MOST_CHARACTERS} characters, got ${text.length}`;
      return void at.find(config, STOPS, instead);
    }
    const json: unknown = JSON.parse(text);
    if (isJson(json)) return json;
    // In an array grpc-js looks for fields as in an object, and finds none.
    at.find(config, Array.isArray(json) ? NO_CONFIG : THROWS, `must be a JSON object, ${got(json)}`);
  } catch (error) {
    at.find(config, THROWS, `must be JSON: ${messageOf(error)}`);
  }
  return undefined;
}
