/** Why no endpoint serves, in a message of bounded length. */
import type { PolicyEndpoint } from './endpoint.js';

/** Room for about a dozen endpoints; a status message travels in logs and headers. */
const MAX_LENGTH = 1000;

/**
 * `[::1]:1+127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1; …`: each endpoint and its last error, in order, until
 * the message is full; the rest is counted.
 */
export function describeEndpoints(endpoints: readonly PolicyEndpoint<unknown>[]): string {
  const parts: string[] = [];
  let length = 0;
  for (const endpoint of endpoints) {
    const part = `${endpoint.name}: ${endpoint.lastError ?? 'no answer yet'}`.slice(0, MAX_LENGTH);
    length += part.length;
    if (length > MAX_LENGTH && parts.length > 0) break;
    parts.push(part);
  }
  if (parts.length < endpoints.length) parts.push(`and ${endpoints.length - parts.length} more`);
  return parts.join('; ');
}

/** The status message of a policy all of whose endpoints are in TRANSIENT_FAILURE. */
export function describeFailure(
  policy: string,
  endpoints: readonly PolicyEndpoint<unknown>[],
  resolutionNote: string,
): string {
  const count = endpoints.length === 1 ? 'the only endpoint' : `all ${endpoints.length} endpoints`;
  const note = resolutionNote === '' ? '' : `. Resolution note: ${resolutionNote}`;
  return `${policy}: ${count} failed: ${describeEndpoints(endpoints)}${note}`;
}
