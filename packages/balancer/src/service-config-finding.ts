/**
 * One thing in a service config that grpc-js does not do as written, and the
 * two checks that every part of a service config needs.
 */
import { show } from './config-field.js';
import { nearMiss } from './near-miss.js';

/** A JSON object, not an array. */
export type Json = Readonly<Record<string, unknown>>;

/** Something in a service config that grpc-js ignores, replaces, misreads or refuses. */
export interface ServiceConfigFinding {
  /** Where: `methodConfig[0].timeout`; the empty string for the config as a whole. */
  readonly path: string;
  /** What stands there; undefined if it is what is missing. */
  readonly value?: unknown;
  /**
   * What becomes of it:
   * - `throws`: grpc-js throws out of the constructor of the client.
   * - `fails`: the client is made, but RPCs fail because of it.
   * - `replaced`: something else is used instead, mostly `pick_first`, and nothing is logged.
   * - `misread`: grpc-js reads another value than the one that is meant.
   * - `ignored`: it has no effect, and nothing is logged.
   */
  readonly outcome: 'throws' | 'fails' | 'replaced' | 'misread' | 'ignored';
  /** What grpc-js does, in words. */
  readonly happens: string;
  /** What to write instead, or to do. */
  readonly instead: string;
  /**
   * What `serviceConfig()` makes of it:
   * - `error`: throws.
   * - `mendable`: writes the form that grpc-js reads.
   * - `note`: accepts it, because gRPC specifies it so (a list of policies to fall back to, a limit of attempts).
   */
  readonly severity: 'error' | 'mendable' | 'note';
}

/** A part of a service config after its inspection. */
export interface Inspected {
  readonly findings: readonly ServiceConfigFinding[];
  /** The part in the form that grpc-js reads; of use if no finding is an `error`. */
  readonly mended: unknown;
}

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The fields that nobody reads, most of them misspelt. */
export function unknownFields(json: Json, known: readonly string[], path: string): ServiceConfigFinding[] {
  return Object.keys(json)
    .filter((field) => !known.includes(field))
    .map((field) => {
      const meant = nearMiss(field, known);
      const fields = known.length > 0 ? `the fields are ${known.join(', ')}` : 'there are no fields';
      return {
        path: join(path, field),
        value: json[field],
        outcome: 'ignored',
        happens: 'grpc-js does not know the field and ignores it',
        instead:
          meant === undefined ? `unknown field: ${fields}` : `unknown field: did you mean ${show(meant)}?`,
        severity: 'error',
      };
    });
}

/** Not an object where one must be; undefined if it is one. */
export function notAnObject(value: unknown, path: string): ServiceConfigFinding | undefined {
  if (isJson(value)) return undefined;
  return refused(path, value, `must be an object, got ${show(value)}`);
}

/** A value that grpc-js refuses when the client is made. */
export function refused(path: string, value: unknown, instead: string): ServiceConfigFinding {
  return {
    path,
    value,
    outcome: 'throws',
    happens: 'grpc-js throws out of the constructor of the client',
    instead,
    severity: 'error',
  };
}

export function join(path: string, field: string): string {
  return path === '' ? field : `${path}.${field}`;
}
