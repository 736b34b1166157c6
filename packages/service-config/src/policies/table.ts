/**
 * The fields that the policies of grpc-js and grpc-js-xds read. They read them in snake_case and, but for one, want
 * Durations as objects, where the gRFCs (A50, A52, A58) and every other gRPC have camelCase and `"10s"`. Types are
 * left to grpc-js's own parser; the rows have what it gets wrong, and the bounds that it lacks.
 */
import { durationMs, MAX_TIMER_SECONDS, parseDuration } from '../duration.js';
import { isJson } from '../json.js';
import { map, mapFields, type Row, type Rows, unknownField } from '../walk/rows.js';

/** How often an idle client may work for all its endpoints: ten times a second, and less often in nested policies. */
const LEAST_INTERVAL_MS = 100;

/** By the policy's name; `other` is for any other policy. Those of XDS exist once grpc-js-xds has been registered. */
export interface PolicyRows {
  readonly grpcJs: Rows;
  readonly xds: Rows;
  readonly other: Row;
}

/** @param policies the row of a list of policies, of which some have lists of their own */
export function policyRows(policies: Row): PolicyRows {
  const lists: Rows = Object.fromEntries(
    ['childPolicy', 'endpointPickingPolicy', 'localityPickingPolicy'].flatMap((name) => [
      [name, policies],
      [snakeCase(name), policies],
    ]),
  );
  const child = config({ child_policy: policies });
  const volume = { enforcement_percentage: plain, minimum_hosts: plain, request_volume: plain };
  return {
    grpcJs: {
      pick_first: config({ shuffleAddressList: plain }),
      round_robin: config({}),
      weighted_round_robin: config({
        enable_oob_load_report: plain,
        oob_load_reporting_period: duration('string', LEAST_INTERVAL_MS),
        blackout_period: duration('string'),
        weight_expiration_period: duration('string'),
        weight_update_period: duration('string'),
        error_utilization_penalty: plain,
      }),
      outlier_detection: config({
        interval: duration('object', LEAST_INTERVAL_MS),
        base_ejection_time: duration('object'),
        max_ejection_time: duration('object'),
        max_ejection_percent: plain,
        success_rate_ejection: config({ stdev_factor: plain, ...volume, minimum_hosts: minimumHosts }),
        failure_percentage_ejection: config({ threshold: plain, ...volume }),
        child_policy: policies,
      }),
    },
    xds: {
      cds: config({ cluster: plain }),
      priority: config({
        children: map(config({ config: policies, ignore_reresolution_requests: plain })),
        priorities: plain,
      }),
      ring_hash: config({ min_ring_size: plain, max_ring_size: plain }),
      weighted_target: config({ targets: map(config({ weight: plain, child_policy: policies })) }),
      xds_cluster_impl: config({ cluster: plain, child_policy: policies }),
      xds_cluster_manager: config({ children: map(child) }),
      xds_wrr_locality: child,
    },
    // Where policies keep the policies below them by the custom of gRPC. Their further fields are their own.
    other: config(
      {
        ...lists,
        targets: map(config(lists, isOpen)),
        children: map(config({ ...lists, config: policies }, isOpen)),
      },
      isOpen,
    ),
  };
}

const plain: Row = (value) => value;
const isOpen = true;

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/**
 * The config of a policy. What is no object is left to the policy's own parser.
 * @param open whether the policy may read further fields
 */
function config(rows: Rows, open = false): Row {
  return (json, at) => {
    if (!isJson(json)) return json;
    const mayDrop = `grpc-js may refuse it, and then drops ${at.within.policy} and logs nothing`;
    return mapFields(json, at, (name, value, place) => {
      const snake = snakeCase(name);
      const field = Object.hasOwn(rows, name) || Object.hasOwn(json, snake) ? name : snake;
      const row = Object.hasOwn(rows, field) ? rows[field] : undefined;
      if (row === undefined)
        return [name, open ? value : unknownField(name, value, place, { optional: rows })];
      if (value === null) return [field, place.mend(value, undefined, 'replaced', mayDrop)];
      if (field !== name) place.mend(value, field, 'ignored', `grpc-js reads ${field} only`);
      return [field, row(value, place)];
    });
  };
}

/** A Duration, in the form that the policy reads: grpc-js keeps it as milliseconds in 32 bits. */
function duration(form: 'object' | 'string', leastAtTopMs = 0): Row {
  return (value, at) => {
    const rule = 'must be a Duration such as "10s" or "0.250s"';
    const dropped = `grpc-js refuses it and drops ${at.within.policy}, uses pick_first if there is no other policy, and logs nothing`;
    const read = typeof value === 'string' ? parseDuration(value) : value;
    if (read === undefined) at.refuse(value, rule, 'replaced', dropped);
    if (!isJson(read)) return value;
    const { seconds, nanos } = read;
    const isTime = typeof seconds === 'number' && typeof nanos === 'number';
    const ms = isTime ? durationMs({ seconds, nanos }) : Number.NaN;
    if (ms > MAX_TIMER_SECONDS * 1000) {
      const happens = 'grpc-js keeps it as milliseconds in 32 bits, which overflow';
      at.refuse(value, `must be at most ${MAX_TIMER_SECONDS} s`, 'misread', happens);
    }
    // What is below 0 or no number, the policy that reads objects refuses itself.
    else if (!(ms >= 0) && form === 'string')
      at.refuse(value, rule, 'misread', 'grpc-js reads some other time');
    else if (ms >= 0 && ms < leastAtTopMs * at.within.depth) {
      const least = `${(leastAtTopMs * at.within.depth) / 1000}s`;
      const happens = 'grpc-js works that often for each endpoint, whether there are RPCs or not';
      return at.mend(value, form === 'string' ? least : parseDuration(least), 'harms', happens);
    } else if (form === 'object' && typeof value === 'string')
      return at.mend(value, read, 'replaced', dropped);
    return value;
  };
}

/** grpc-js computes a mean over the endpoints with enough RPCs, if there are so many: of none, which is no number. */
const minimumHosts: Row = (value, at) => {
  const ends = 'grpc-js throws at the first check without RPCs, which ends the process';
  if (typeof value === 'number' && value <= 0)
    at.refuse(value, 'must be an integer of at least 1', 'harms', ends);
  return value;
};
