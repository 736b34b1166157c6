/** The row of an object whose fields a policy declares, with their defaults. What stands there beside them is ignored. */
import { isJson, own } from '../json.js';
import { didYouMean } from '../text/near-miss.js';
import type { Fate, Place } from './place.js';
import { object, type Row } from './rows.js';

const UNKNOWN: Fate = ['ignored', 'the policy does not know the field and uses its default'];

/** @param what begins the message about a value that is no object */
export function fieldsRow(
  fields: Readonly<Record<string, { readonly read: Row; readonly absent: unknown }>>,
  what = '',
): Row<Record<string, unknown>> {
  const ofEach = (take: (field: (typeof fields)[string]) => unknown): Record<string, unknown> =>
    Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, take(field)]));
  const defaults = ofEach(({ absent }) => absent);
  const optional = ofEach(({ read }) => read) as Record<string, Row>;
  const table = object(() => ({ optional, absent: () => undefined, other: findUnknown }));
  return (json, at) => {
    if (!isJson(json)) at.refuse(json, `${what}must be an object`);
    return { ...defaults, ...table(own(json), at) };
  };

  /** Policies ignore the fields of their successors: gRPC specifies it so. A misspelt one is none of these. */
  function findUnknown(value: unknown, at: Place, name: string): void {
    const meant = didYouMean(name, Object.keys(fields));
    if (meant === undefined)
      at.find(value, UNKNOWN, 'check the spelling, or leave it out', { severity: 'note', takenFrom: 'dns' });
    else at.find(value, UNKNOWN, meant, { takenFrom: 'dns' });
  }
}
