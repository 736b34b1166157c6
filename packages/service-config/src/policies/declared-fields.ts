/** What a policy's config is read, written and checked by, once its fields are declared: see ../fields.ts. */
import type { LoadBalancingConfig } from '@grpc/grpc-js';
import type { ConfigOf, Fields } from '../fields.js';
import type { Finding } from '../finding.js';
import { asJson, isJson } from '../json.js';
import { nearMiss } from '../text/near-miss.js';
import { show } from '../text/show.js';
import { messageOf } from '../text/thrown.js';
import { Place } from '../walk/place.js';
import type { Row } from '../walk/rows.js';

export interface DeclaredFields<Config = unknown> {
  readonly fields: Fields;
  /** What `checkServiceConfig` checks the config by. Never throws. */
  readonly row: Row;
  /**
   * Reads a config as grpc-js hands it over. Unknown fields are ignored (gRFC A24).
   * @throws RangeError that names the policy, the field, its value and what is allowed
   */
  readonly parse: (json: unknown) => Config;
  /**
   * An entry for `loadBalancingConfig`, as a program writes it.
   * @throws RangeError as `parse` does; TypeError on a misspelt field, and on what JSON lacks
   */
  readonly write: (json: object) => LoadBalancingConfig;
}

/** @param check throws what the rows cannot say: a rule about two fields, for instance */
export function declareFields<const Declared extends Fields>(
  policy: string,
  fields: Declared,
  check: (config: ConfigOf<Declared>) => unknown = () => undefined,
): DeclaredFields<ConfigOf<Declared>> {
  type Config = ConfigOf<Declared>;

  const known = Object.keys(fields);
  const all = (json: unknown) => Object.keys({ ...(json as object), ...fields });

  const read = (json: unknown, names: readonly string[], at: Place): Config | undefined => {
    if (!isJson(json)) return void at.refuse(json, 'config must be an object', 'fails', FAILS);
    const config: Record<string, unknown> = {};
    for (const name of names) {
      const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
      // `Object.prototype.repeatCount` is nobody's config.
      const value = Object.hasOwn(json, name) ? json[name] : undefined;
      if (field === undefined) findUnknown(name, value, at.at(name), fields);
      else
        config[name] = value === undefined || value === null ? field.absent : field.read(value, at.at(name));
    }
    const wrong = at.findings.some(isFatal) ? undefined : complaint(() => check(config as Config), policy);
    if (wrong !== undefined) at.find(json, 'fails', FAILS, wrong);
    return config as Config;
  };

  const parse = (json: unknown, names = known): Config => {
    const at = new Place();
    const config = read(json, names, at);
    const wrong = at.findings.find(({ severity }) => severity === 'error');
    if (wrong !== undefined) throw errorOf(wrong, policy);
    return config as Config;
  };

  return {
    fields,
    row(json, at) {
      read(json, all(json), at);
      return json;
    },
    parse: (json) => parse(json),
    write(json) {
      parse(json, all(json));
      // What JSON drops or cannot hold would be the default without a word.
      parse(asJson(json, `${policy}: config`));
      return { [policy]: json };
    },
  };
}

const FAILS = 'RPCs fail with this message';
const isFatal = ({ outcome }: Finding): boolean => outcome === 'fails';

function errorOf({ outcome, path, instead }: Finding, policy: string): Error {
  return outcome === 'fails'
    ? new RangeError(`${policy}: ${path === '' ? '' : `${path} `}${instead}`)
    : new TypeError(`${policy}: ${path} is no field of its config: ${instead}`);
}

/** Policies ignore the fields of their successors: gRPC specifies it so. A misspelt one is none of these. */
function findUnknown(name: string, value: unknown, at: Place, fields: Fields): void {
  const meant = nearMiss(name, Object.keys(fields));
  const [severity, instead] =
    meant === undefined
      ? (['note', 'check the spelling, or leave it out'] as const)
      : (['error', `did you mean ${show(meant)}?`] as const);
  const happens = 'the policy does not know the field and uses its default';
  at.find(value, 'ignored', happens, instead, { severity, takenFrom: 'dns' });
}

/** What a check throws, without the name of the policy, which stands before it anyway. */
function complaint(check: () => unknown, policy: string): string | undefined {
  try {
    const result = check();
    if (!(result instanceof Promise)) return undefined;
    result.catch(() => {}); // what it rejects with comes too late
    return 'check must say at once what is wrong, got a promise';
  } catch (error) {
    const text = messageOf(error);
    return text.startsWith(`${policy}: `) ? text.slice(policy.length + 2) : text;
  }
}
