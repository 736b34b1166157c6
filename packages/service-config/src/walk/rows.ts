/**
 * What the table is made of. A row is what may stand in one place of a config: it reports what is wrong there, and
 * gives what the value stands for, which for the configs of grpc-js is the form that grpc-js reads.
 */
import type { Finding } from '../finding.js';
import { isJson, type Json } from '../json.js';
import { nearMiss } from '../text/near-miss.js';
import { got, show } from '../text/show.js';
import type { Place } from './place.js';

export type Row<Value = unknown> = (value: unknown, at: Place) => Value;
export type Rows = Readonly<Record<string, Row>>;

/** What grpc-js does with a value that it takes, from which value on, if that is not what is meant. */
export interface Limit<Value> {
  readonly if: (value: Value) => boolean;
  readonly outcome: Finding['outcome'];
  readonly happens: string;
  /** What must be instead; default: what the row says. */
  readonly must?: string;
  /** A whole sentence in the place of `must`. */
  readonly instead?: string;
  readonly severity?: Finding['severity'];
}

/** A value without parts: what grpc-js takes, the rule that it follows, and the limits beyond that. */
export function leaf<Value>(
  takes: (value: unknown) => value is Value,
  must: string,
  ...limits: readonly Limit<Value>[]
): Row {
  return (value, at) => {
    if (!takes(value)) at.refuse(value, `${must}, ${got(value)}`);
    else find(limits, value, must, at);
    return value;
  };
}

function find<Value>(limits: readonly Limit<Value>[], value: Value, must: string, at: Place): void {
  const limit = limits.find((one) => one.if(value));
  if (limit === undefined) return;
  const { outcome, happens, severity = 'error' } = limit;
  const instead = limit.instead ?? `${limit.must ?? must}, ${got(value)}`;
  at.find(value, { outcome, happens, instead, severity });
}

/** An array of at most so many elements. */
export function list(row: Row, must: string, most: number, ...limits: readonly Limit<unknown[]>[]): Row {
  const tooMany: Limit<unknown[]> = {
    if: ({ length }) => length > most,
    outcome: 'harms',
    happens: 'grpc-js compares each of them with all others, or with each RPC',
    must: `must have at most ${most} elements`,
  };
  return (value, at) => {
    if (!Array.isArray(value)) return at.refuse(value, `${must}, ${got(value)}`);
    find([tooMany, ...limits], value, must, at);
    return value.slice(0, most).map((element, i) => row(element, at.at(i)));
  };
}

/** An object whose keys are names, and whose values are all of one kind. */
export function map(row: Row): Row {
  return (value, at) => {
    if (!isJson(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, row(inner, at.at(key))]));
  };
}

/** The fields of an object. */
export interface Fields {
  readonly required?: Rows;
  readonly optional?: Rows;
  /** Fields of the specification that grpc-js has no use for. */
  readonly unread?: Rows;
  /** Optional and unread fields of which grpc-js ignores null; it throws at that of others. */
  readonly nullIgnored?: readonly string[];
  /** Says of a field that is none of these what to do instead, where its spelling does not tell. */
  readonly misplaced?: (name: string, value: unknown) => string | undefined;
}

/** An object of which all fields are known. */
export function object(fields: Fields): Row {
  return (value, at) => {
    if (isJson(value)) return objectFields(value, at, fields);
    at.refuse(value, `must be an object, ${got(value)}`);
    return value;
  };
}

function objectFields(json: Json, at: Place, fields: Fields): Json {
  const { required = {}, optional = {}, unread = {}, nullIgnored = [] } = fields;
  const rows = { ...required, ...optional, ...unread };
  const read: [string, unknown][] = [];
  for (const [name, value] of Object.entries(json)) {
    const place = at.at(name);
    if (!Object.hasOwn(rows, name)) unknownField(name, value, place, fields);
    else if (value === null && !Object.hasOwn(required, name))
      absent(place, nullIgnored.includes(name) ? 'ignored' : 'throws');
    else read.push([name, rows[name]?.(value, place)]);
  }
  for (const [name, row] of Object.entries(required)) {
    if (!Object.hasOwn(json, name)) row(undefined, at.at(name));
  }
  return Object.fromEntries(read.filter(([, value]) => value !== undefined));
}

/** proto3 JSON has null for a field that is absent. */
export function absent(at: Place, outcome: 'throws' | 'ignored' | 'replaced'): void {
  const happens = {
    throws: 'grpc-js throws out of the constructor of the client',
    ignored: 'grpc-js ignores it',
    replaced: `grpc-js may refuse it, and then drops ${at.within.policy} and logs nothing`,
  }[outcome];
  const instead = 'leave it out, or have serviceConfig() leave it out';
  at.find(null, { outcome, happens, instead, severity: 'mendable' });
}

/** A field that nobody reads, mostly misspelt. */
export function unknownField(name: string, value: unknown, at: Place, fields: Fields): void {
  const { required = {}, optional = {}, unread = {}, misplaced } = fields;
  const known = Object.keys({ ...required, ...optional });
  const meant = nearMiss(name, [...known, ...Object.keys(unread)]);
  const hint =
    misplaced?.(name, value) ??
    (meant === undefined ? undefined : `unknown field: did you mean ${show(meant)}?`);
  at.find(value, {
    outcome: 'ignored',
    happens: 'grpc-js does not know the field and ignores it',
    instead:
      hint ??
      `unknown field: ${known.length > 0 ? `the fields are ${known.join(', ')}` : 'there are no fields'}`,
    severity: 'error',
    // A field of the future does no harm; a misspelt one is a mistake of the program, or made for another language.
    takenFrom: hint === undefined ? 'anyone' : 'dns',
  });
}
