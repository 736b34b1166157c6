/**
 * What the table is made of. A row is what may stand in one place of a config: it reports what is wrong there, and
 * gives what the value stands for, which for the configs of grpc-js is the form that grpc-js reads.
 */
import type { Finding } from '../finding.js';
import { isJson, type Json } from '../json.js';
import { nearMiss } from '../text/near-miss.js';
import { show } from '../text/show.js';
import { type Place, THROWS } from './place.js';

export type Row<Value = unknown> = (value: unknown, at: Place) => Value;
export type Rows = Readonly<Record<string, Row>>;

/** What grpc-js does with some of the values that it takes, and the rule that they break if it is not the row's own. */
export type Limit<Value> = readonly [
  breaks: (value: Value) => boolean,
  outcome: Finding['outcome'],
  happens: string,
  rule?: string,
];

/** A value without parts: what grpc-js takes, the rule that it follows, and its limits. */
export function leaf<Value>(
  takes: (value: unknown) => value is Value,
  rule: string,
  ...limits: readonly Limit<Value>[]
): Row {
  return (value, at) => {
    if (takes(value)) keepWithin(limits, value, rule, at);
    else at.refuse(value, rule);
    return value;
  };
}

function keepWithin<Value>(limits: readonly Limit<Value>[], value: Value, rule: string, at: Place): void {
  const [, outcome, happens, own = rule] = limits.find(([breaks]) => breaks(value)) ?? [];
  if (happens !== undefined) at.refuse(value, own, outcome, happens);
}

/** An array of at most so many elements. */
export function list(row: Row, rule: string, most: number, ...limits: readonly Limit<unknown[]>[]): Row {
  const compares = 'grpc-js compares each of them with all others, or with each RPC';
  const length: Limit<unknown[]> = [
    (value) => value.length > most,
    'harms',
    compares,
    `must have at most ${most} elements`,
  ];
  return (value, at) => {
    if (!Array.isArray(value)) return at.refuse(value, rule);
    keepWithin([length, ...limits], value, rule, at);
    return value.slice(0, most).map((element, i) => row(element, at.at(i)));
  };
}

/** An object whose keys are names, and whose values are all of one kind. */
export function map(row: Row): Row {
  return (value, at) =>
    isJson(value) ? mapFields(value, at, (key, inner, place) => [key, row(inner, place)]) : value;
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
  const { required = {}, optional = {}, unread = {}, nullIgnored = [] } = fields;
  const rows: Rows = { ...required, ...optional, ...unread };
  return (value, at) => {
    if (!isJson(value)) return at.refuse(value, 'must be an object');
    const read = mapFields(value, at, (name, inner, place) => {
      const row = Object.hasOwn(rows, name) ? rows[name] : undefined;
      if (row === undefined) return [name, unknownField(name, inner, place, fields)];
      if (inner !== null || Object.hasOwn(required, name)) return [name, row(inner, place)];
      // proto3 JSON has null for a field that is absent.
      const [outcome, happens] = nullIgnored.includes(name)
        ? (['ignored', 'grpc-js ignores it'] as const)
        : (['throws', THROWS] as const);
      return [name, place.mend(inner, undefined, outcome, happens)];
    });
    for (const [name, row] of Object.entries(required)) {
      if (!Object.hasOwn(value, name)) row(undefined, at.at(name));
    }
    return read;
  };
}

/** A copy with other names and values, without what becomes undefined. */
export function mapFields(
  json: Json,
  at: Place,
  read: (name: string, value: unknown, at: Place) => readonly [string, unknown],
): Json {
  const fields = Object.entries(json).map(([name, value]) => read(name, value, at.at(name)));
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
}

/** A field that nobody reads, mostly misspelt. */
export function unknownField(name: string, value: unknown, at: Place, fields: Fields): void {
  const known = Object.keys({ ...fields.required, ...fields.optional });
  const meant = nearMiss(name, [...known, ...Object.keys(fields.unread ?? {})]);
  const spelling = meant === undefined ? undefined : `unknown field: did you mean ${show(meant)}?`;
  const hint = fields.misplaced?.(name, value) ?? spelling;
  const all = known.length > 0 ? `the fields are ${known.join(', ')}` : 'there are no fields';
  // A field of the future does no harm; a misspelt one is a mistake of the program, or made for another language.
  const takenFrom = hint === undefined ? 'anyone' : 'dns';
  const happens = 'grpc-js does not know the field and ignores it';
  at.find(value, 'ignored', happens, hint ?? `unknown field: ${all}`, { takenFrom });
}
