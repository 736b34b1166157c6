/** Objects of the API, as the manual has them in YAML. */
import { type EndpointFields, slice } from './slices.js';

/** An object of the API, or an answer of it. */
export type ApiObject = Readonly<Record<string, unknown>>;

/** The service account `client`, which may do what this package does, in a namespace. */
export function clientAccount(namespace: string): ApiObject[] {
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'client', namespace } },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'endpoint-reader', namespace },
      rules: [{ apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['list', 'watch'] }],
    },
    roleBinding(namespace),
  ];
}

export function roleBinding(namespace: string): ApiObject {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'endpoint-reader', namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'endpoint-reader' },
    subjects: [{ kind: 'ServiceAccount', name: 'client', namespace }],
  };
}

/** A slice of the Service `echo`. */
export function echoSlice(
  namespace: string,
  name: string,
  endpoints: readonly EndpointFields[],
  fields: ApiObject = {},
): ApiObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace, labels: { 'kubernetes.io/service-name': 'echo' } },
    ...slice(endpoints, fields),
  };
}
