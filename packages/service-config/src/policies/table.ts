/**
 * The fields that the policies of grpc-js and grpc-js-xds read, in their spelling and their forms of Durations (fact S4).
 * Types are left to grpc-js's own parser; the rows have what it gets wrong, and the bounds that it lacks.
 */
import { durationMs, MAX_TIMER_S, parseDuration } from '../duration.js';
import { isJson, isNumber, isString } from '../json.js';
import type { Fate } from '../walk/place.js';
import { object, type Row, type Rows } from '../walk/rows.js';

const OVERFLOWS: Fate = ['misread', 'grpc-js keeps it as milliseconds in 32 bits, which overflow'];
const IS_MISREAD: Fate = ['misread', 'grpc-js reads some other time'];
const SPINS: Fate = ['harms', 'grpc-js works that often for each endpoint, whether there are RPCs or not'];
const ENDS_PROCESS: Fate = [
  'harms',
  'grpc-js throws at the first check without RPCs, which ends the process',
];

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
  const camel = { childPolicy: policies, endpointPickingPolicy: policies, localityPickingPolicy: policies };
  const snake = Object.fromEntries(Object.keys(camel).map((name) => [snakeCase(name), policies]));
  const lists = { ...camel, ...snake };
  const child = { child_policy: policies };
  const targets = map(config('', lists, keep));
  const children = map(config('', { ...lists, config: policies }, keep));
  const volume = 'enforcement_percentage minimum_hosts request_volume';
  return {
    grpcJs: {
      pick_first: config('shuffleAddressList'),
      round_robin: config(''),
      weighted_round_robin: config('enable_oob_load_report error_utilization_penalty', {
        oob_load_reporting_period: duration('string', LEAST_INTERVAL_MS),
        blackout_period: duration('string'),
        weight_expiration_period: duration('string'),
        weight_update_period: duration('string'),
      }),
      outlier_detection: config('max_ejection_percent', {
        interval: duration('object', LEAST_INTERVAL_MS),
        base_ejection_time: duration('object'),
        max_ejection_time: duration('object'),
        success_rate_ejection: config(`stdev_factor ${volume}`, { minimum_hosts: minimumHosts }),
        failure_percentage_ejection: config(`threshold ${volume}`),
        ...child,
      }),
    },
    xds: {
      cds: config('cluster'),
      priority: config('priorities', {
        children: map(config('ignore_reresolution_requests', { config: policies })),
      }),
      ring_hash: config('min_ring_size max_ring_size'),
      weighted_target: config('', { targets: map(config('weight', child)) }),
      xds_cluster_impl: config('cluster', child),
      xds_cluster_manager: config('', { children: map(config('', child)) }),
      xds_wrr_locality: config('', child),
    },
    // Where policies keep the policies below them by the custom of gRPC. Their further fields are their own.
    other: config('', { ...lists, targets, children }, keep),
  };
}

const keep: Row = (value) => value;

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/**
 * The config of a policy. What is no object is left to the policy's own parser.
 * @param names the fields that need no row
 * @param other what becomes of further fields. Default: they are unknown
 */
function config(names: string, rows: Rows = {}, other?: Row): Row {
  const plain = Object.fromEntries((names.match(/\w+/g) ?? []).map((name) => [name, keep]));
  const optional: Rows = { ...plain, ...rows };
  const spelling = (name: string, json: object): string => {
    const snake = snakeCase(name);
    return Object.hasOwn(optional, name) || Object.hasOwn(json, snake) ? name : snake;
  };
  const fields = object(() => ({ optional, spelling, ...(other && { other }) }));
  return (json, at) => (isJson(json) ? fields(json, at) : json);
}

/** Configs by names of the config's own. */
function map(row: Row): Row {
  return config('', {}, row);
}

/** A Duration, in the form that the policy reads. */
function duration(form: 'object' | 'string', leastAtTopMs = 0): Row {
  return (value, at) => {
    const rule = 'must be a Duration such as "10s" or "0.250s"';
    const time = isString(value) ? parseDuration(value) : value;
    if (time === undefined) at.refuse(value, rule);
    if (!isJson(time)) return value;
    const ms = durationMs(time);
    const least = `${(leastAtTopMs * at.within.depth) / 1000}s`;
    if (ms > MAX_TIMER_S * 1000) at.refuse(value, `must be at most ${MAX_TIMER_S} s`, OVERFLOWS);
    // What is below 0 or no number, the policy that reads objects refuses itself.
    else if (!(ms >= 0) && form === 'string') at.refuse(value, rule, IS_MISREAD);
    else if (ms >= 0 && ms < durationMs(least))
      return at.mend(value, form === 'string' ? least : parseDuration(least), SPINS);
    else if (form === 'object' && isString(value)) return at.mend(value, time, at.within.refused);
    return value;
  };
}

/** Of no endpoints there is no mean (fact S5). */
const minimumHosts: Row = (value, at) => {
  if (isNumber(value) && value <= 0) at.refuse(value, 'must be an integer of at least 1', ENDS_PROCESS);
  return value;
};
