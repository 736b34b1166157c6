/** The table of a whole service config, and the one walk over it that everything else is made of. */
import type { Finding } from './finding.js';
import { isJson, type Json, own } from './json.js';
import { methodConfig } from './methods.js';
import { policies } from './policies/list.js';
import { isRegistered, petiolePolicies } from './policies/registered.js';
import { got, show } from './text/show.js';
import { messageOf } from './text/thrown.js';
import { Place, THROWS } from './walk/place.js';
import { leaf, object, type Row } from './walk/rows.js';

/** A service config after the walk. */
export interface Inspected {
  readonly findings: readonly Finding[];
  /** In the form that grpc-js reads, without the fields that it does not know; of use if no finding is an error. */
  readonly mended: Json;
}

/** Four times what fits into DNS. All steps take time in proportion to the length. */
const MOST_CHARACTERS = 262_144;

/** Both numbers of `retryThrottling` are kept with three decimals. */
function tokens(max = Number.POSITIVE_INFINITY): Row {
  const rule = `must be a number of at least 0.001${max === Number.POSITIVE_INFINITY ? '' : ` and at most ${max}`}`;
  const row = leaf((value): value is number => typeof value === 'number' && value > 0 && value <= max, rule, [
    (value) => Number(value.toFixed(3)) === 0,
    'misread',
    'grpc-js rounds it to 0',
  ]);
  return (value, at) => {
    const read = row(value, at);
    return typeof read === 'number' ? Number(read.toFixed(3)) : read;
  };
}

const UNCHECKED = 'no health is checked';

/** gRFC A17. grpc-js drops it; the policies of Petiole read it. */
const healthCheckFields = object({
  required: {
    serviceName(value, at) {
      if (typeof value === 'string') return value;
      const takenFrom = (value ?? undefined) === undefined ? 'dns' : undefined;
      const instead = `must be a string, "" for the server as a whole, ${got(value)}`;
      return at.find(value, 'ignored', UNCHECKED, instead, { takenFrom });
    },
  },
});

const healthCheckConfig: Row = (value, at) =>
  isJson(value)
    ? healthCheckFields(value, at)
    : at.refuse(value, 'must be an object such as {"serviceName": "pkg.Service"}', 'ignored', UNCHECKED);

/** service_config.proto gives it a meaning where there is no list; grpc-js has it in no case. */
const loadBalancingPolicy: Row = (value, at) => {
  const name = typeof value === 'string' && value !== '' ? value.toLowerCase() : 'round_robin';
  const write = `write loadBalancingConfig: [{${show(name)}: {}}]`;
  if (typeof value !== 'string') return at.find(value, 'throws', THROWS, `must be absent: ${write}`);
  const instead = `is never read by grpc-js: ${write}`;
  return at.find(value, 'ignored', 'grpc-js ignores it and logs nothing', instead, { takenFrom: 'anyone' });
};

/** Fields that stand in the wrong object. */
function misplaced(name: string, value: unknown): string | undefined {
  const isPolicy = isRegistered(name) || petiolePolicies().calls.has(name);
  if (isPolicy) return `must be in an entry of loadBalancingConfig, ${got(value)}`;
  const isOfMethods = /^(retryPolicy|hedgingPolicy|timeout|waitForReady)$/.test(name);
  if (isOfMethods) return `must be in an entry of methodConfig, ${got(value)}`;
  // The wrapper that service configs have in DNS TXT records (gRFC A2) is no service config.
  const isChoice = name === 'serviceConfig' && isJson(value);
  return isChoice ? 'is for DNS TXT records only: pass the object that stands under it' : undefined;
}

const fields = object({
  optional: {
    loadBalancingConfig: policies,
    methodConfig,
    retryThrottling: object({ required: { maxTokens: tokens(1000), tokenRatio: tokens() } }),
    healthCheckConfig,
  },
  unread: { loadBalancingPolicy },
  nullIgnored: ['methodConfig', 'healthCheckConfig'],
  misplaced,
});

/**
 * Everything that grpc-js 1.14 and the policies do otherwise than a service config says. Never throws.
 * @param config the JSON as text, or the object that it stands for
 */
export function inspect(config: unknown): Inspected {
  const at = new Place();
  const json = parse(config, at);
  const mended = isJson(json) ? readFields(json, at) : {};
  return { findings: at.findings, mended };
}

/** Undefined, with a finding, for what is no JSON object. */
function parse(config: unknown, at: Place): Json | undefined {
  const ignores = 'grpc-js ignores it, uses pick_first and logs nothing';
  try {
    // An object is checked as the JSON that will be made of it: without its undefined fields, for instance.
    const text = typeof config === 'string' ? config : (JSON.stringify(config) ?? '');
    if (text.length > MOST_CHARACTERS) {
      const instead = `must have at most ${MOST_CHARACTERS} characters, got ${text.length}`;
      at.find(config, 'harms', 'nothing else goes on while it is read', instead);
      return undefined;
    }
    const json: unknown = JSON.parse(text);
    if (isJson(json)) return json;
    // In an array grpc-js looks for fields as in an object, and finds none.
    const [outcome, happens] = Array.isArray(json)
      ? (['ignored', ignores] as const)
      : (['throws', THROWS] as const);
    at.find(config, outcome, happens, `must be a JSON object, ${got(json)}`);
  } catch (error) {
    // The empty string is no service config to grpc-js, as no string is.
    const isNothing = config === '' || config === undefined;
    if (isNothing) at.find(config, 'ignored', ignores, 'must be a JSON object, got nothing');
    else at.find(config, 'throws', THROWS, `must be JSON: ${messageOf(error)}`);
  }
  return undefined;
}

function readFields(json: Json, at: Place): Json {
  const mended = fields(json, at) as Json;
  const { loadBalancingPolicy: name, loadBalancingConfig: list, healthCheckConfig: health } = own(json);
  const named = typeof name === 'string' && name !== '' && (list ?? undefined) === undefined;
  const single = named ? policies([{ [name.toLowerCase()]: {} }], at.at('loadBalancingPolicy')) : undefined;
  if (isJson(health) && !at.within.petiole) {
    const instead = 'needs a policy of @petiole/balancer, such as custom_round_robin: no other checks health';
    at.at('healthCheckConfig').find(health, 'ignored', UNCHECKED, instead, { takenFrom: 'anyone' });
  }
  return named ? { ...mended, loadBalancingConfig: single } : mended;
}
