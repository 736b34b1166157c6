/** The field of a policy that has policies below it: `childPolicy` of a wrapper. */
import type { LoadBalancingConfig } from '@grpc/grpc-js';
import type { Field } from '../fields.js';
import { policies } from './list.js';

type Policies = readonly LoadBalancingConfig[];

/** A list of policies, as under `loadBalancingConfig`. The policy gets it in the form that grpc-js reads. */
export function policyList(
  options: { readonly default?: Policies | undefined } = {},
): Field<Policies, Policies | undefined> {
  return {
    about: { type: 'policies', ...options },
    absent: options.default,
    read(value, at) {
      const before = at.findings.length;
      const mended = policies(value, at);
      const isWrong = at.findings.slice(before).some(({ severity }) => severity === 'error');
      return isWrong ? undefined : (mended as Policies);
    },
  };
}
