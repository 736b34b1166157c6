/** EndpointSlices as the API server writes them, of which a test says what matters to it. */

/** An entry of `endpoints`. */
export interface EndpointFields {
  readonly addresses?: unknown;
  readonly conditions?: {
    readonly ready?: unknown;
    readonly serving?: unknown;
    readonly terminating?: unknown;
  };
  readonly targetRef?: unknown;
  readonly [field: string]: unknown;
}

/** A ready pod. */
export function pod(uid: string, address: string, fields: EndpointFields = {}): EndpointFields {
  return {
    addresses: [address],
    conditions: { ready: true, serving: true, terminating: false },
    targetRef: { kind: 'Pod', name: uid, namespace: 'default', uid },
    ...fields,
  };
}

/** A pod that has been told to end. */
export const TERMINATING: EndpointFields = { conditions: { ready: false, serving: true, terminating: true } };

/** A slice with the port `grpc`, 50051; its family is that of its first address. */
export function slice(
  endpoints: unknown,
  fields: { readonly [field: string]: unknown } = {},
): { readonly [field: string]: unknown } {
  const [first] = Array.isArray(endpoints) ? (endpoints as EndpointFields[]) : [];
  const [address] = Array.isArray(first?.addresses) ? first.addresses : [];
  return {
    addressType: String(address).includes(':') ? 'IPv6' : 'IPv4',
    endpoints,
    ports: [{ name: 'grpc', port: 50051, protocol: 'TCP' }],
    ...fields,
  };
}
