/**
 * The fields that the policies of grpc-js and grpc-js-xds read. They read them in snake_case and, but for one, want
 * Durations as objects, where the gRFCs (A50, A52, A58) and every other gRPC have camelCase and `"10s"`. Types are
 * left to grpc-js's own parser; the rows have what it gets wrong, and the bounds that it lacks.
 */
import { durationMs, MAX_TIMER_SECONDS, parseDuration } from '../duration.js';
import { isJson } from '../json.js';
import { got, show } from '../text/show.js';
import type { Place } from '../walk/place.js';
import { absent, map, type Row, type Rows, unknownField } from '../walk/rows.js';

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

/** How often an idle client may work for all its endpoints: ten times a second, and less often in nested policies. */
const LEAST_INTERVAL_MS = 100;

interface PolicyRows {
  /** By the policy's name. */
  readonly known: ReadonlyMap<string, Row>;
  /** For any other policy. */
  readonly other: Row;
}

/** @param policies the row of a list of policies, of which some have lists of their own */
export function policyRows(policies: Row): PolicyRows {
  const ejection: Rows = {
    enforcement_percentage: plain,
    minimum_hosts: plain,
    request_volume: plain,
  };
  const known = new Map([
    ['pick_first', config({ shuffleAddressList: plain })],
    ['round_robin', config({})],
    [
      'weighted_round_robin',
      config({
        enable_oob_load_report: plain,
        oob_load_reporting_period: duration('string', LEAST_INTERVAL_MS),
        blackout_period: duration('string'),
        weight_expiration_period: duration('string'),
        weight_update_period: duration('string'),
        error_utilization_penalty: plain,
      }),
    ],
    [
      'outlier_detection',
      config({
        interval: duration('object', LEAST_INTERVAL_MS),
        base_ejection_time: duration('object'),
        max_ejection_time: duration('object'),
        max_ejection_percent: plain,
        success_rate_ejection: config({ stdev_factor: plain, ...ejection, minimum_hosts: minimumHosts }),
        failure_percentage_ejection: config({ threshold: plain, ...ejection }),
        child_policy: policies,
      }),
    ],
    ['cds', config({ cluster: plain })],
    [
      'priority',
      config({
        children: map(config({ config: policies, ignore_reresolution_requests: plain })),
        priorities: plain,
      }),
    ],
    ['ring_hash', config({ min_ring_size: plain, max_ring_size: plain })],
    ['weighted_target', config({ targets: map(config({ weight: plain, child_policy: policies })) })],
    ['xds_cluster_impl', config({ cluster: plain, child_policy: policies })],
    ['xds_cluster_manager', config({ children: map(config({ child_policy: policies })) })],
    ['xds_wrr_locality', config({ child_policy: policies })],
  ]);
  // Where any other policy keeps the policies below it, by the custom of gRPC. Its further fields are its own.
  const lists: Rows = {
    childPolicy: policies,
    child_policy: policies,
    endpointPickingPolicy: policies,
    endpoint_picking_policy: policies,
    localityPickingPolicy: policies,
    locality_picking_policy: policies,
  };
  const below = map(openConfig({ ...lists, config: policies }));
  return { known, other: openConfig({ ...lists, targets: map(openConfig(lists)), children: below }) };
}

const plain: Row = (value) => value;

/** The config of a policy of which all fields are known. What is no object is left to the policy's own parser. */
function config(rows: Rows): Row {
  return (value, at) =>
    configFields(value, at, rows, (name, inner, place) => {
      unknownField(name, inner, place, { optional: rows });
      return undefined;
    });
}

/** The config of a policy that may read further fields. */
function openConfig(rows: Rows): Row {
  return (value, at) => configFields(value, at, rows, (_, inner) => inner);
}

function configFields(
  json: unknown,
  at: Place,
  rows: Rows,
  unknown: (name: string, value: unknown, at: Place) => unknown,
): unknown {
  if (!isJson(json)) return json;
  const read = Object.entries(json).map(([name, value]): [string, unknown] => {
    const place = at.at(name);
    const snake = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const field = Object.hasOwn(rows, name) || Object.hasOwn(json, snake) ? name : snake;
    const row = Object.hasOwn(rows, field) ? rows[field] : undefined;
    if (row === undefined) return [name, unknown(name, value, place)];
    if (value === null) return [field, absent(place, 'replaced')];
    if (field !== name) {
      place.find(value, {
        outcome: 'ignored',
        happens: `grpc-js reads ${field} only`,
        instead: `write ${show(field)}, or have serviceConfig() write it`,
        severity: 'mendable',
      });
    }
    return [field, row(value, place)];
  });
  return Object.fromEntries(read.filter(([, value]) => value !== undefined));
}

/** A Duration, in the form that the policy reads: grpc-js keeps it as milliseconds in 32 bits. */
function duration(form: 'object' | 'string', leastAtTopMs = 0): Row {
  return (value, at) => {
    const leastMs = leastAtTopMs * at.within.depth;
    const wrong = (outcome: 'replaced' | 'misread', happens: string, must: string) => {
      at.find(value, { outcome, happens, instead: `${must}, ${got(value)}`, severity: 'error' });
      return value;
    };
    const refusal = `grpc-js refuses it and drops ${at.within.policy}, uses pick_first if there is no other policy, and logs nothing`;
    const read = typeof value === 'string' ? parseDuration(value) : value;
    if (read === undefined) {
      return wrong('replaced', refusal, 'must be a Duration such as "10s" or "0.250s"');
    }
    if (!isJson(read)) return value;
    const ms = durationMs({ seconds: Number(read.seconds), nanos: Number(read.nanos) });
    if (ms > MAX_TIMER_SECONDS * 1000) {
      const happens = 'grpc-js keeps it as milliseconds in 32 bits, which overflow';
      return wrong('misread', happens, `must be at most ${MAX_TIMER_SECONDS} s`);
    }
    if (!(ms >= 0)) {
      // The policy that reads objects refuses this itself.
      if (form === 'object') return value;
      return wrong(
        'misread',
        'grpc-js reads some other time',
        'must be a Duration such as "10s" or "0.250s"',
      );
    }
    if (ms < leastMs) {
      const happens = 'grpc-js works that often for each endpoint, whether there are RPCs or not';
      return mended(
        form === 'object' ? parseDuration(`${leastMs / 1000}s`) : `${leastMs / 1000}s`,
        'harms',
        happens,
      );
    }
    return form === 'object' && typeof value === 'string' ? mended(read, 'replaced', refusal) : value;

    function mended(form: unknown, outcome: 'replaced' | 'harms', happens: string): unknown {
      const instead = `write ${JSON.stringify(form)}, or have serviceConfig() write it`;
      at.find(value, { outcome, happens, instead, severity: 'mendable' });
      return form;
    }
  };
}

/** grpc-js computes a mean over the endpoints with enough RPCs, if there are so many: of none, which is no number. */
function minimumHosts(value: unknown, at: Place): unknown {
  if (typeof value === 'number' && value <= 0) {
    const happens = 'grpc-js throws at the first check without RPCs, which ends the process';
    const instead = `must be an integer of at least 1, ${got(value)}`;
    at.find(value, { outcome: 'harms', happens, instead, severity: 'error' });
  }
  return value;
}
