/**
 * The fields that the policies of grpc-js and grpc-js-xds read. They read them
 * in snake_case and, but for one, want Durations as objects, where the gRFCs
 * (A50, A52, A58) and every other gRPC have camelCase and `"10s"`.
 */

/**
 * How a field is read: `plain` as it is; `duration` as `{ seconds, nanos }`; `policies` as a list of policies; or
 * as an object of fields, or as a map of such objects.
 */
export type PolicyField =
  | 'plain'
  | 'duration'
  | 'policies'
  | { readonly object: PolicyFields }
  | { readonly map: PolicyFields };

export type PolicyFields = Readonly<Record<string, PolicyField>>;

const EJECTION = {
  enforcement_percentage: 'plain',
  minimum_hosts: 'plain',
  request_volume: 'plain',
} as const satisfies PolicyFields;

/** By the policy's name: all the fields of its config. */
export const GRPC_JS_POLICIES: ReadonlyMap<string, PolicyFields> = new Map<string, PolicyFields>([
  ['pick_first', { shuffleAddressList: 'plain' }],
  ['round_robin', {}],
  [
    'weighted_round_robin',
    {
      enable_oob_load_report: 'plain',
      oob_load_reporting_period: 'plain',
      blackout_period: 'plain',
      weight_expiration_period: 'plain',
      weight_update_period: 'plain',
      error_utilization_penalty: 'plain',
    },
  ],
  [
    'outlier_detection',
    {
      interval: 'duration',
      base_ejection_time: 'duration',
      max_ejection_time: 'duration',
      max_ejection_percent: 'plain',
      success_rate_ejection: { object: { stdev_factor: 'plain', ...EJECTION } },
      failure_percentage_ejection: { object: { threshold: 'plain', ...EJECTION } },
      child_policy: 'policies',
    },
  ],
  ['cds', { cluster: 'plain' }],
  [
    'priority',
    {
      children: { map: { config: 'policies', ignore_reresolution_requests: 'plain' } },
      priorities: 'plain',
    },
  ],
  ['ring_hash', { min_ring_size: 'plain', max_ring_size: 'plain' }],
  ['weighted_target', { targets: { map: { weight: 'plain', child_policy: 'policies' } } }],
  ['xds_cluster_impl', { cluster: 'plain', child_policy: 'policies' }],
  ['xds_cluster_manager', { children: { map: { child_policy: 'policies' } } }],
  ['xds_wrr_locality', { child_policy: 'policies' }],
]);

/** The policies that exist once `@grpc/grpc-js-xds` has been registered. */
export const XDS_POLICIES: readonly string[] = [
  'cds',
  'priority',
  'ring_hash',
  'weighted_target',
  'xds_cluster_impl',
  'xds_cluster_manager',
  'xds_wrr_locality',
];

const CHILD_LISTS = {
  childPolicy: 'policies',
  child_policy: 'policies',
  endpointPickingPolicy: 'policies',
  endpoint_picking_policy: 'policies',
  localityPickingPolicy: 'policies',
  locality_picking_policy: 'policies',
} as const satisfies PolicyFields;

/** Where any other policy keeps the policies below it, by the custom of gRPC. Its further fields are its own. */
export const CUSTOMARY_FIELDS: PolicyFields = {
  ...CHILD_LISTS,
  targets: { map: CHILD_LISTS },
  children: { map: { ...CHILD_LISTS, config: 'policies' } },
};
