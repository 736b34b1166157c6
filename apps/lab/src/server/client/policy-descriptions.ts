/** What the page makes forms of: each policy that can be chosen, with the rows by which service configs are checked. */
import type { FieldDescription } from '@petiole/service-config';
import { petiolePolicies } from '@petiole/service-config/internal';
import type { PolicyDescription } from '../../protocol.js';

/** Of grpc-js's own policies those that are of use here. Its parsers have no rows. */
const GRPC_JS: Readonly<Record<string, Readonly<Record<string, FieldDescription>>>> = {
  round_robin: {},
  pick_first: {
    shuffleAddressList: {
      type: 'boolean',
      default: false,
      description: 'tries the addresses in an order of its own',
    },
  },
};

/** Under one name each: without the experimental name where there is another one. */
export function policyDescriptions(): readonly PolicyDescription[] {
  const { registered } = petiolePolicies();
  const isAlias = (name: string): boolean =>
    name.endsWith('_experimental') && registered.has(name.replace(/_experimental$/, ''));
  const ours = [...registered].filter(([name]) => !isAlias(name));
  return [
    ...ours.map(([name, { fields }]) => ({
      name,
      isGrpcJs: false,
      fields: Object.fromEntries(Object.entries(fields).map(([field, { about }]) => [field, about])),
    })),
    ...Object.entries(GRPC_JS).map(([name, fields]) => ({ name, isGrpcJs: true, fields })),
  ];
}
