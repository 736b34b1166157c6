/** The table of a whole service config, and the one walk over it that everything else is made of. */
import type { Finding } from './finding.js';
import { isJson, isNumber, isString, type Json, own } from './json.js';
import { methodConfig } from './methods.js';
import { policies } from './policies/list.js';
import { isRegistered, petiolePolicies } from './policies/registered.js';
import { got, show } from './text/show.js';
import { messageOf } from './text/thrown.js';
import { type Fate, Place, THROWS } from './walk/place.js';
import { type Fields, ignoresNull, leaf, object, type Row, unknownField } from './walk/rows.js';

/** A service config after the walk. */
export interface Inspected {
  readonly findings: readonly Finding[];
  /** In the form that grpc-js reads, without the fields that it does not know; of use if no finding is an error. */
  readonly mended: Json;
}

/** Four times what fits into DNS. All steps take time in proportion to the length. */
const MOST_CHARACTERS = 262_144;

const NO_CONFIG: Fate = ['ignored', 'grpc-js ignores it, uses pick_first and logs nothing'];
const UNCHECKED: Fate = ['ignored', 'no health is checked'];
const IGNORED: Fate = ['ignored', 'grpc-js ignores it and logs nothing'];

/** Both numbers of `retryThrottling` are kept with three decimals. */
function tokens(most: number, rule: string): Row {
  const isTokens = (value: unknown): value is number => isNumber(value) && value > 0 && value <= most;
  const rounded = (value: number) => Number(value.toFixed(3));
  const row = leaf(isTokens, rule, [(value) => rounded(value) === 0, ['misread', 'grpc-js rounds it to 0']]);
  return (value, at) => rounded(row(value, at) ?? 0);
}

const retryThrottling = object({
  required: {
    maxTokens: tokens(1000, 'must be a number of at least 0.001 and at most 1000'),
    tokenRatio: tokens(Number.POSITIVE_INFINITY, 'must be a number of at least 0.001'),
  },
});

/** gRFC A17. grpc-js drops it; the policies of Petiole read it. */
const serviceName: Row = (value, at) => {
  if (isString(value)) return value;
  const takenFrom = value === undefined || value === null ? 'dns' : undefined;
  const instead = `must be a string, "" for the server as a whole, ${got(value)}`;
  return at.find(value, UNCHECKED, instead, { takenFrom });
};
const healthCheckFields = object({ required: { serviceName } });

const healthCheckConfig: Row = (value, at) =>
  isJson(value)
    ? healthCheckFields(value, at)
    : at.refuse(value, 'must be an object such as {"serviceName": "pkg.Service"}', UNCHECKED);

/** service_config.proto gives it a meaning where there is no list; grpc-js has it in no case. */
const loadBalancingPolicy: Row = (value, at) => {
  const write = `write loadBalancingConfig: [{${show(policyOf(value) ?? 'round_robin')}: {}}]`;
  if (!isString(value)) return at.find(value, THROWS, `must be absent: ${write}`);
  const instead = `is never read by grpc-js: ${write}`;
  return at.find(value, IGNORED, instead, { takenFrom: 'anyone' });
};

function policyOf(loadBalancingPolicy: unknown): string | undefined {
  const name = isString(loadBalancingPolicy) ? loadBalancingPolicy.toLowerCase() : '';
  return name === '' ? undefined : name;
}

const fields: Fields = {
  optional: { loadBalancingConfig: policies, methodConfig, retryThrottling, healthCheckConfig },
  unread: { loadBalancingPolicy },
  absent: ignoresNull('methodConfig', 'healthCheckConfig'),
  other: (name, value, at) => unknownField(name, value, at, fields, misplaced(name, value)),
};
const table = object(fields);

/** The fields that do something. */
export const SERVICE_CONFIG_FIELDS: readonly string[] = Object.keys(fields.optional ?? {});

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
 * Everything that grpc-js 1.14 and the policies do otherwise than a service config says. Never throws.
 * @param config the JSON as text, or the object that it stands for
 */
export function inspect(config: unknown): Inspected {
  const at = new Place();
  const json = parse(config, at);
  const mended = isJson(json) ? read(json, at) : {};
  return { findings: at.findings, mended };
}

/** Undefined, with a finding, for what is no JSON object. */
function parse(config: unknown, at: Place): unknown {
  try {
    // An object is checked as the JSON that will be made of it: without its undefined fields, for instance.
    const text = typeof config === 'string' ? config : (JSON.stringify(config) ?? '');
    if (text.length > MOST_CHARACTERS) {
      const instead = `must have at most ${MOST_CHARACTERS} characters, got ${text.length}`;
      return at.find(config, ['harms', 'nothing else goes on while it is read'], instead);
    }
    const json: unknown = JSON.parse(text);
    if (isJson(json)) return json;
    // In an array grpc-js looks for fields as in an object, and finds none.
    return at.find(config, Array.isArray(json) ? NO_CONFIG : THROWS, `must be a JSON object, ${got(json)}`);
  } catch (error) {
    // The empty string is no service config to grpc-js, as no string is.
    const isNothing = config === '' || config === undefined;
    if (isNothing) return at.find(config, NO_CONFIG, 'must be a JSON object, got nothing');
    return at.find(config, THROWS, `must be JSON: ${messageOf(error)}`);
  }
}

function read(json: Json, at: Place): Json {
  const mended = table(json, at) ?? {};
  const { loadBalancingPolicy: named, loadBalancingConfig: list, healthCheckConfig: health } = own(json);
  const name = (list ?? undefined) === undefined ? policyOf(named) : undefined;
  const single = name === undefined ? undefined : policies([{ [name]: {} }], at.at('loadBalancingPolicy'));
  if (isJson(health) && !at.within.petiole) {
    const instead = 'needs a policy of @petiole/balancer, such as custom_round_robin: no other checks health';
    at.at('healthCheckConfig').find(health, UNCHECKED, instead, { takenFrom: 'anyone' });
  }
  return single === undefined ? mended : { ...mended, loadBalancingConfig: single };
}
