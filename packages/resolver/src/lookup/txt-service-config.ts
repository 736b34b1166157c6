/**
 * The service config in a TXT record, as gRFC A2 has it: the first choice of a list whose criteria match this client.
 */
import { ServiceConfigError } from '@petiole/service-config';
import { got, isInteger, isJson, messageOf, type Trace } from '@petiole/service-config/internal';

/** This client, as the criteria of a choice see it. */
export interface ClientIdentity {
  /** From 0 up to, not including, 100; rolled once per channel. A choice of p percent matches when it is below p. */
  readonly percentile: number;
  /** As the system has it; compared exactly. */
  readonly hostname: string;
}

const PREFIX = 'grpc_config=';
const LANGUAGE = 'node';
const FIELDS: readonly string[] = ['clientLanguage', 'percentage', 'clientHostname', 'serviceConfig'];

/**
 * Selects the service config from TXT records.
 * @param trace hears which choice was taken, or why none.
 * @returns its JSON object, or null when no record is one or no choice matches.
 * @throws {ServiceConfigError} when a choice is invalid: then the whole is to be discarded (gRFC A2).
 */
export function selectServiceConfig(
  records: readonly string[],
  client: ClientIdentity,
  trace?: Trace,
): object | null {
  const record = records.find((text) => text.startsWith(PREFIX));
  if (record === undefined) {
    trace?.(`service config: none of ${records.length} TXT records begins with ${PREFIX}`);
    return null;
  }
  const text = record.slice(PREFIX.length);
  let choices: unknown;
  try {
    choices = JSON.parse(text);
  } catch (error) {
    throw wrong('grpc_config', text, `JSON (${messageOf(error)})`);
  }
  if (!Array.isArray(choices)) throw wrong('grpc_config', choices, 'an array of choices');
  const read = choices.map((choice, index) => readChoice(choice, `grpc_config[${index}]`, client));
  const taken = read.findIndex((config) => config !== null);
  const what = taken < 0 ? `none of ${read.length} choices matches` : `choice ${taken + 1} of ${read.length}`;
  trace?.(`service config: ${what} (${LANGUAGE}, ${client.percentile.toFixed(1)} %, ${client.hostname})`);
  return read[taken] ?? null;
}

/** The service config of a choice, null when its criteria are those of other clients. */
function readChoice(choice: unknown, path: string, { percentile, hostname }: ClientIdentity): object | null {
  if (!isJson(choice)) throw wrong(path, choice, 'an object');
  const unknown = Object.keys(choice).find((name) => !FIELDS.includes(name));
  if (unknown !== undefined) throw wrong(path, unknown, `made of the fields ${FIELDS.join(', ')}`);
  const { percentage, serviceConfig } = choice;
  const languages = strings(choice.clientLanguage, `${path}.clientLanguage`);
  const hostnames = strings(choice.clientHostname, `${path}.clientHostname`);
  if (!isJson(serviceConfig)) throw wrong(`${path}.serviceConfig`, serviceConfig, 'an object');
  const share = percentage ?? 100;
  if (!isInteger(share, 0, 100)) throw wrong(`${path}.percentage`, percentage, 'an integer from 0 to 100');
  const matches =
    percentile < share &&
    (languages.length === 0 || languages.some((name) => name.toLowerCase() === LANGUAGE)) &&
    (hostnames.length === 0 || hostnames.includes(hostname));
  return matches ? serviceConfig : null;
}

function wrong(path: string, value: unknown, allowed: string): ServiceConfigError {
  return new ServiceConfigError(path, `must be ${allowed}, ${got(value)}`);
}

function strings(value: unknown, path: string): string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every((entry) => typeof entry === 'string')) {
    throw wrong(path, value, 'an array of strings');
  }
  return value;
}
