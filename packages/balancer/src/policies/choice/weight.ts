/** What an endpoint's `weight` is to the policies that honour it. */
import type { PolicyEndpoint } from '../../endpoints/endpoint.js';

const MOST = 2 ** 32 - 1;

/** An integer from 1 to 4294967295: 1 where the resolver gave none, or something else. */
export function weightOf({ attributes: { weight } }: PolicyEndpoint<unknown>): number {
  return weight !== undefined && Number.isInteger(weight) && weight >= 1 && weight <= MOST ? weight : 1;
}

/** Whether the weights make no difference. */
export function weighEqually(endpoints: readonly PolicyEndpoint<unknown>[]): boolean {
  const weight = endpoints[0] && weightOf(endpoints[0]);
  return endpoints.every((endpoint) => weightOf(endpoint) === weight);
}
