/**
 * What a page may do, checked: an action that is not done is told in one sentence that names the field, its value and what is
 * allowed.
 */
import { checkServiceConfig } from '@petiole/service-config';
import { didYouMean, isDeeper, show } from '@petiole/service-config/internal';
import { type Action, type Bound, type Checked, MOST_LEVELS, type Refusal } from '../protocol.js';
import { ended } from '../sentence.js';
import { BOUNDS } from './bounds.js';
import { changesIn } from './client/service-config.js';
import type { Lab } from './lab.js';
import { markOf } from './marks.js';
import type { LabServer } from './servers/lab-server.js';

/** Why something is not done. */
export class Refused extends Error {
  readonly refusal: Refusal;

  constructor(error: string, findings?: Refusal['findings']) {
    super(error);
    this.refusal = { error, ...(findings === undefined ? {} : { findings }) };
  }
}

/** Undefined: it is allowed. Otherwise what is. */
type Rule = (value: unknown) => string | undefined;

const within =
  ({ min, max }: Bound, isWhole = true): Rule =>
  (value) =>
    typeof value === 'number' && value >= min && value <= max && (!isWhole || Number.isInteger(value))
      ? undefined
      : `must be ${isWhole ? 'a whole number' : 'a number'} from ${min} to ${max}`;
const isBoolean: Rule = (value) => (typeof value === 'boolean' ? undefined : 'must be true or false');
const isText: Rule = (value) => (typeof value === 'string' ? undefined : 'must be a string');
const isKind: Rule = (value) =>
  value === 'unary' || value === 'streams' ? undefined : 'must be "unary" or "streams"';
const isId: Rule = (value) => (Number.isInteger(value) ? undefined : 'must be the number of a server');
const orNull =
  (rule: Rule): Rule =>
  (value) =>
    value === null ? undefined : rule(value)?.concat(', or null for none');

interface Fields {
  readonly required?: Readonly<Record<string, Rule>>;
  readonly optional?: Readonly<Record<string, Rule>>;
}

const OF_SERVER: Fields = { required: { server: isId } };
const FIELDS: Readonly<Record<Action['do'], Fields>> = {
  start: OF_SERVER,
  stop: OF_SERVER,
  freeze: OF_SERVER,
  thaw: OF_SERVER,
  remove: OF_SERVER,
  'set-server': {
    ...OF_SERVER,
    optional: {
      healthy: isBoolean,
      delayMs: within(BOUNDS.delayMs),
      errorRate: within(BOUNDS.errorRate, false),
      dualStack: isBoolean,
      streamLimit: orNull(within(BOUNDS.streamLimit)),
    },
  },
  'add-server': { optional: { dualStack: isBoolean, delayMs: within(BOUNDS.delayMs) } },
  'set-load': {
    optional: { rate: within(BOUNDS.rate, false), concurrency: within(BOUNDS.concurrency), kind: isKind },
  },
  'set-service-config': { required: { json: isText } },
  reset: {},
};

/** @throws {Refused} on what is no action, or has a field that is wrong */
export function readAction(value: unknown): Action {
  const json = readObject(value);
  const { do: what, ...given } = json;
  if (typeof what !== 'string' || !Object.hasOwn(FIELDS, what))
    throw new Refused(`do must be one of ${Object.keys(FIELDS).join(', ')}, got ${show(what)}`);
  readFields(given, FIELDS[what as Action['do']], what);
  return json as unknown as Action;
}

/** The text of `POST /api/check`. @throws {Refused} */
export function readCheck(value: unknown): string {
  const json = readObject(value);
  readFields(json, { required: { json: isText } }, 'check');
  return json.json as string;
}

function readObject(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new Refused(`the body must be a JSON object, got ${show(value)}`);
}

function readFields(given: Readonly<Record<string, unknown>>, fields: Fields, what: string): void {
  const { required = {}, optional = {} } = fields;
  const rules: Readonly<Record<string, Rule>> = { ...required, ...optional };
  for (const [name, value] of Object.entries({ ...undefinedOf(required), ...given })) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if (rule === undefined) {
      const allowed =
        didYouMean(name, Object.keys(rules)) ?? `allowed are ${Object.keys(rules).join(', ') || 'none'}`;
      throw new Refused(`${name} is no field of ${what}: ${allowed}`);
    }
    const wrong = rule(value);
    if (wrong !== undefined) throw new Refused(`${name} ${wrong}, got ${show(value)}`);
  }
}

function undefinedOf(names: object): Readonly<Record<string, undefined>> {
  return Object.fromEntries(Object.keys(names).map((name) => [name, undefined]));
}

/** Begins to do it; what takes time shows in the state. @throws {Refused} on what can't be done now */
export function perform(lab: Lab, action: Action): void {
  if (action.do === 'set-service-config') {
    setServiceConfig(lab, action.json);
    return;
  }
  const mark = markOf(action, { load: lab.client.load, server: (id) => find(lab, id) });
  carryOut(lab, action);
  if (mark !== '') lab.mark(mark);
}

function carryOut(lab: Lab, action: Exclude<Action, { do: 'set-service-config' }>): void {
  switch (action.do) {
    case 'start': {
      const server = find(lab, action.server);
      if (server.phase !== 'stopped' && server.phase !== 'failed')
        throw new Refused(`server ${server.id} is ${server.phase}: only one that is stopped can be started`);
      void server.start();
      return;
    }
    case 'stop':
      void find(lab, action.server).stop();
      return;
    case 'freeze': {
      const server = find(lab, action.server);
      if (server.phase !== 'serving')
        throw new Refused(`server ${server.id} is ${server.phase}: only one that serves can be frozen`);
      server.freeze();
      return;
    }
    case 'thaw':
      find(lab, action.server).thaw();
      return;
    case 'remove': {
      const server = find(lab, action.server);
      if (lab.fleet.servers.length <= BOUNDS.servers.min)
        throw new Refused(`server ${server.id} is the last one, and one must stay`);
      void lab.fleet.remove(server);
      return;
    }
    case 'set-server': {
      const { do: _, server, streamLimit, ...news } = action;
      const limit = streamLimit === undefined ? {} : { streamLimit: streamLimit ?? undefined };
      void find(lab, server).set({ ...news, ...limit });
      return;
    }
    case 'add-server': {
      const full = lab.fleet.whyFull();
      if (full !== undefined) throw new Refused(full);
      const { do: _, ...settings } = action;
      void lab.fleet.add(settings);
      return;
    }
    case 'set-load': {
      const { do: _, ...news } = action;
      lab.client.load = { ...lab.client.load, ...news };
      const { rate, concurrency, kind } = lab.client.load;
      const what = kind === 'unary' ? 'RPCs' : 'streams';
      lab.log('client', `sends ${rate} ${what} a second, at most ${concurrency} in flight`);
      return;
    }
    case 'reset':
      lab.log('client', 'all is set back to how the lab began');
      void lab.reset();
  }
}

/**
 * The findings for a text that somebody types. What stands at their paths is in that text already, and may be nested more
 * deeply than JSON can be written.
 */
export function check(json: string): Checked {
  try {
    JSON.parse(json);
  } catch (error) {
    return { findings: [], syntaxError: (error as Error).message };
  }
  return { findings: checkServiceConfig(json).map(({ value: _, ...finding }) => finding) };
}

function setServiceConfig(lab: Lab, json: string): void {
  const { findings, syntaxError } = check(json);
  if (syntaxError !== undefined) throw new Refused(`the service config must be JSON: ${syntaxError}`);
  const errors = findings.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  if (first !== undefined)
    throw new Refused(
      `${first.path || 'the service config'} ${ended(first.instead)} If applied: ${first.happens}`,
      findings,
    );
  // Below a policy that nobody knows may stand whatever there is.
  if (isDeeper(JSON.parse(json), MOST_LEVELS))
    throw new Refused(`the service config must have at most ${MOST_LEVELS} levels`, findings);
  const changes = changesIn(lab.client.state.serviceConfig, json).join(', ');
  // Before what it leads to.
  if (changes !== '') lab.log('client', `is given another service config: ${changes}`);
  try {
    lab.client.serviceConfig = json;
  } catch (error) {
    throw new Refused((error as Error).message, findings);
  }
  if (changes !== '') lab.mark(changes);
}

function find(lab: Lab, id: number): LabServer {
  const server = lab.fleet.find(id);
  if (server !== undefined) return server;
  const ids = lab.fleet.servers.map((each) => each.id).join(', ');
  throw new Refused(`server must be one of ${ids}, got ${id}`);
}
