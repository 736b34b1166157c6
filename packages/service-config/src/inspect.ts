/** The table of a whole service config, and the one walk over it that everything else is made of. */
import type { Finding } from './finding.js';
import { isJson, type Json } from './json.js';
import { methodConfig } from './methods.js';
import { policies } from './policies/list.js';
import { isRegistered } from './policies/registered.js';
import { got, show } from './text/show.js';
import { messageOf } from './text/thrown.js';
import { Place } from './walk/place.js';
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
  const limit = max === Number.POSITIVE_INFINITY ? '' : ` and at most ${max}`;
  const row = leaf(
    (value): value is number => typeof value === 'number' && value > 0 && value <= max,
    `must be a number of at least 0.001${limit}`,
    { if: (value) => Number(value.toFixed(3)) === 0, outcome: 'misread', happens: 'grpc-js rounds it to 0' },
  );
  return (value, at) => {
    row(value, at);
    return Number(Number(value).toFixed(3));
  };
}

/** gRFC A17. grpc-js drops the field; the policies of Petiole read it. */
const healthCheckFields = object({
  required: {
    serviceName: (value, at) => {
      if (typeof value === 'string') return value;
      const isAbsent = value === undefined || value === null;
      at.find(value, {
        outcome: 'ignored',
        happens: 'no health is checked',
        instead: `must be a string, "" for the server as a whole, ${got(value)}`,
        severity: 'error',
        takenFrom: isAbsent ? 'dns' : undefined,
      });
      return isAbsent ? undefined : value;
    },
  },
});

const healthCheckConfig: Row = (value, at) => {
  if (isJson(value)) return healthCheckFields(value, at);
  const instead = `must be an object such as {"serviceName": "pkg.Service"}, ${got(value)}`;
  return at.find(value, { outcome: 'ignored', happens: 'no health is checked', instead, severity: 'error' });
};

/** service_config.proto gives it a meaning where there is no list; grpc-js has it in no case. */
const loadBalancingPolicy: Row = (value, at) => {
  const isText = typeof value === 'string';
  const name = isText && value !== '' ? value.toLowerCase() : 'round_robin';
  const instead = `is never read by grpc-js: write loadBalancingConfig: [{${show(name)}: {}}]`;
  if (!isText) at.refuse(value, instead);
  else {
    const happens = 'grpc-js ignores it and logs nothing';
    at.find(value, { outcome: 'ignored', happens, instead, severity: 'error', takenFrom: 'anyone' });
  }
};

/** What other names stand for: the options of `serviceConfig()`, for instance. */
const CALLED = new Map([
  ['loadBalancing', 'loadBalancingConfig'],
  ['healthCheck', 'healthCheckConfig'],
  ['throttling', 'retryThrottling'],
]);

function misplaced(name: string, value: unknown): string | undefined {
  const called = CALLED.get(name);
  if (called !== undefined) return `must be called ${called} here, ${got(value)}`;
  if (isRegistered(name)) {
    return `must be in an entry of loadBalancingConfig, ${got(value)}`;
  }
  if (/^(retryPolicy|hedgingPolicy|timeout|waitForReady)$/.test(name)) {
    return `must be in an entry of methodConfig, ${got(value)}`;
  }
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
  let json: unknown;
  try {
    // An object is checked as the JSON that will be made of it: without its undefined fields, for instance.
    const text = typeof config === 'string' ? config : (JSON.stringify(config) ?? '');
    if (text.length > MOST_CHARACTERS) return notRead(config, 'harms', tooLong(text.length));
    json = JSON.parse(text);
  } catch (error) {
    // The empty string is no service config to grpc-js, as no string is.
    if (config === '' || config === undefined)
      return notRead(config, 'ignored', 'must be a JSON object, got nothing');
    return notRead(config, 'throws', `must be JSON: ${messageOf(error)}`);
  }
  if (isJson(json)) return inspectFields(json);
  // In an array grpc-js looks for fields as in an object, and finds none.
  return notRead(config, Array.isArray(json) ? 'ignored' : 'throws', `must be a JSON object, ${got(json)}`);
}

function tooLong(length: number): string {
  return `must have at most ${MOST_CHARACTERS} characters, got ${length}`;
}

function notRead(value: unknown, outcome: 'ignored' | 'throws' | 'harms', instead: string): Inspected {
  const happens = {
    ignored: 'grpc-js ignores it, uses pick_first and logs nothing',
    throws: 'grpc-js throws out of the constructor of the client',
    harms: 'nothing else of the client goes on while it is read',
  }[outcome];
  return { findings: [{ path: '', value, outcome, happens, instead, severity: 'error' }], mended: {} };
}

function inspectFields(json: Json): Inspected {
  const at = new Place();
  const mended = { ...(fields(json, at) as Json) };
  const { loadBalancingPolicy: name, loadBalancingConfig: list, healthCheckConfig: health } = ownFields(json);
  if (typeof name === 'string' && name !== '' && (list ?? null) === null) {
    mended.loadBalancingConfig = policies([{ [name.toLowerCase()]: {} }], at.at('loadBalancingPolicy'));
  }
  if (isJson(health) && !at.within.petiole) {
    at.at('healthCheckConfig').find(health, {
      outcome: 'ignored',
      happens: 'no health is checked',
      instead: 'needs a policy of @petiole/balancer, such as custom_round_robin: no other checks health',
      severity: 'error',
      takenFrom: 'anyone',
    });
  }
  return { findings: at.findings, mended };
}

/** Without what it inherits: `Object.prototype.loadBalancingPolicy` is nobody's config. */
function ownFields(json: Json): Json {
  return Object.assign(Object.create(null), json);
}
