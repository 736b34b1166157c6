/** What a policy's config is read, written and checked by, once its fields are declared: see ../fields.ts. */
import type { LoadBalancingConfig } from '@grpc/grpc-js';
import type { ConfigOf, Fields } from '../fields.js';
import type { Finding } from '../finding.js';
import { assertJson } from '../json.js';
import { messageOf } from '../text/thrown.js';
import { fieldsRow } from '../walk/fields-row.js';
import { type Fate, Place } from '../walk/place.js';
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

/** What becomes of the wrong config of a policy of Petiole. */
export const FAILS: Fate = ['fails', 'RPCs fail with this message'];

const isError = ({ severity }: Finding): boolean => severity === 'error';
const isFatal = ({ outcome }: Finding): boolean => outcome === 'fails';

/** @param check throws what the rows cannot say: a rule about two fields, for instance */
export function declareFields<const Declared extends Fields>(
  policy: string,
  fields: Declared,
  check: (config: ConfigOf<Declared>) => unknown = () => undefined,
): DeclaredFields<ConfigOf<Declared>> {
  const whole = fieldsRow(fields, 'config ');

  const read = (json: unknown, at: Place): ConfigOf<Declared> => {
    const config = whole(json, at) as ConfigOf<Declared>;
    const wrong = at.findings.some(isFatal) ? undefined : complaint(() => check(config), policy);
    if (wrong !== undefined) at.find(json, FAILS, wrong);
    return config;
  };

  const parse = (json: unknown, isWrong: (finding: Finding) => boolean): ConfigOf<Declared> => {
    const at = new Place('', [], { depth: 1, refused: FAILS });
    const config = read(json, at);
    const wrong = at.findings.find(isWrong);
    if (wrong === undefined) return config;
    const { path, instead, outcome } = wrong;
    if (outcome === 'ignored')
      throw new TypeError(`${policy}: ${path} is no field of its config: ${instead}`);
    throw new RangeError(`${policy}: ${path === '' ? '' : `${path} `}${instead}`);
  };

  return {
    fields,
    row(json, at) {
      read(json, at);
      return json;
    },
    parse: (json) => parse(json, isFatal),
    write(json) {
      parse(json, isError);
      assertJson(json, `${policy}: config`);
      return { [policy]: json };
    },
  };
}

/** What a check throws. */
function complaint(check: () => unknown, policy: string): string | undefined {
  try {
    const result = check();
    if (!(result instanceof Promise)) return undefined;
    result.catch(() => {}); // what it rejects with comes too late
    return 'check must say at once what is wrong, got a promise';
  } catch (error) {
    return complaintOf(error, policy);
  }
}

/** What was thrown at a policy's config, without the name of the policy, which stands before it anyway. */
export function complaintOf(error: unknown, policy: string): string {
  const text = messageOf(error);
  return text.startsWith(`${policy}: `) ? text.slice(policy.length + 2) : text;
}
