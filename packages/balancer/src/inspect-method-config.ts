/**
 * Inspects one entry of a service config's `methodConfig`: what grpc-js reads
 * of it (names, timeout, retries, hedging), and the fields that it does not.
 */
import { show } from './config-field.js';
import { asGrpcJsReads, durationMs, grpcJsAccepts, MAX_SECONDS, parseDuration } from './duration.js';
import { inspectHedging, inspectRetries } from './inspect-retries.js';
import {
  type Inspected,
  isJson,
  type Json,
  join,
  notAnObject,
  refused,
  type ServiceConfigFinding,
  unknownFields,
} from './service-config-finding.js';

const READ = ['name', 'timeout', 'retryPolicy', 'hedgingPolicy'];

/** Fields of the specification that grpc-js has no use for, and what has the same effect. */
const UNREAD = new Map([
  ['waitForReady', 'set it on each call: new Metadata({ waitForReady: true })'],
  ['maxRequestBytes', 'set the channel option grpc.max_send_message_length'],
  ['maxResponseBytes', 'set the channel option grpc.max_receive_message_length'],
  ['maxRequestMessageBytes', 'set the channel option grpc.max_send_message_length'],
  ['maxResponseMessageBytes', 'set the channel option grpc.max_receive_message_length'],
]);

export function inspectMethodConfig(config: unknown, path: string): Inspected {
  const wrong = notAnObject(config, path);
  if (wrong !== undefined || !isJson(config)) return { findings: wrong ? [wrong] : [], mended: config };
  const findings: ServiceConfigFinding[] = [...inspectNames(config.name, `${path}.name`)];
  let mended = config;
  if ('timeout' in config) {
    const timeout = inspectTimeout(config.timeout, `${path}.timeout`);
    findings.push(...timeout.findings);
    mended = { ...config, timeout: timeout.mended };
  }
  if ('retryPolicy' in config) findings.push(...inspectRetries(config.retryPolicy, `${path}.retryPolicy`));
  if ('hedgingPolicy' in config) {
    const at = `${path}.hedgingPolicy`;
    findings.push(...inspectHedging(config.hedgingPolicy, at));
    if ('retryPolicy' in config) {
      findings.push(refused(at, config.hedgingPolicy, 'must not stand beside a retryPolicy'));
    }
  }
  for (const [field, instead] of UNREAD) {
    if (field in config) findings.push(unread(config[field], join(path, field), field, instead));
  }
  findings.push(...unknownFields(without(config, UNREAD), READ, path));
  return { findings, mended };
}

function without(config: Json, fields: ReadonlyMap<string, unknown>): Json {
  return Object.fromEntries(Object.entries(config).filter(([field]) => !fields.has(field)));
}

function unread(value: unknown, path: string, field: string, instead: string): ServiceConfigFinding {
  const expected = { waitForReady: 'boolean', maxRequestBytes: 'number', maxResponseBytes: 'number' }[field];
  const finding = refused(path, value, `is not read: ${instead}`);
  if (expected !== undefined && typeof value !== expected) return finding;
  return { ...finding, outcome: 'ignored', happens: 'grpc-js does not read the field' };
}

function inspectNames(names: unknown, path: string): ServiceConfigFinding[] {
  if (!Array.isArray(names)) {
    const got = names === undefined ? 'nothing' : show(names);
    return [refused(path, names, `must be an array such as [{"service": "pkg.Service"}], got ${got}`)];
  }
  if (names.length === 0) {
    return [
      {
        path,
        value: names,
        outcome: 'ignored',
        happens: 'the entry applies to no method',
        instead: 'must name a service, a method, or with [{}] all methods, got []',
        severity: 'error',
      },
    ];
  }
  return names.flatMap((name: unknown, i) => inspectName(name, `${path}[${i}]`));
}

function inspectName(name: unknown, path: string): ServiceConfigFinding[] {
  const wrong = notAnObject(name, path);
  if (Array.isArray(name) && wrong !== undefined) {
    return [{ ...wrong, outcome: 'misread', happens: 'grpc-js takes it for {}: all methods' }];
  }
  if (wrong !== undefined || !isJson(name)) return wrong ? [wrong] : [];
  const findings: ServiceConfigFinding[] = [];
  for (const field of ['service', 'method'].filter((key) => key in name)) {
    const value = name[field];
    const at = join(path, field);
    if (typeof value !== 'string') {
      findings.push(refused(at, value, `must be a string, got ${show(value)}`));
    } else if (value.includes('/')) {
      findings.push({
        path: at,
        value,
        outcome: 'ignored',
        happens: 'it matches no method',
        instead: `must be a name without slashes such as ${field === 'service' ? '"pkg.Service"' : '"Method"'}, got ${show(value)}`,
        severity: 'error',
      });
    }
  }
  // Even an empty method is refused here.
  if ('method' in name && (name.service ?? '') === '') {
    findings.push(refused(join(path, 'method'), name.method, 'must not stand without a service'));
  }
  findings.push(...unknownFields(name, ['service', 'method'], path));
  return findings;
}

/** The names of all entries, which must differ: `service/method`, as grpc-js compares them. */
export function inspectDuplicates(configs: readonly unknown[], path: string): ServiceConfigFinding[] {
  const seen = new Map<string, string>();
  const findings: ServiceConfigFinding[] = [];
  for (const [i, config] of configs.entries()) {
    const names: readonly unknown[] = isJson(config) && Array.isArray(config.name) ? config.name : [];
    for (const [j, name] of names.entries()) {
      if (typeof name !== 'object' || name === null) continue;
      const at = `${path}[${i}].name[${j}]`;
      const { service, method } = name as Json;
      const key = JSON.stringify([service || '', method || '']);
      const before = seen.get(key);
      if (before === undefined) seen.set(key, at);
      else findings.push(refused(at, name, `must not be named twice: ${before} is the same`));
    }
  }
  return findings;
}

/** A timeout as grpc-js reads it right: `{ seconds, nanos }`. */
function inspectTimeout(value: unknown, path: string): Inspected {
  const duration = typeof value === 'string' ? parseDuration(value) : value;
  if (!isJson(duration) || typeof duration.seconds !== 'number' || typeof duration.nanos !== 'number') {
    const instead = `must be a Duration such as "5s" or "0.250s", got ${show(value)}`;
    const finding = refused(path, value, instead);
    // Longer than a Duration can be.
    const happens = 'grpc-js cuts the seconds to 32 bits';
    return {
      findings: [grpcJsAccepts(value) ? { ...finding, outcome: 'misread', happens } : finding],
      mended: value,
    };
  }
  const { seconds, nanos } = duration;
  if (seconds > MAX_SECONDS) {
    const instead = `must be a Duration of at most ${MAX_SECONDS} s, got ${show(value)}`;
    const finding = refused(path, value, instead);
    const happens =
      'the deadline does not fit into a header: grpc-js throws at the first RPC, which ends the process';
    return { findings: [{ ...finding, outcome: 'fails', happens }], mended: value };
  }
  // grpc-js counts in whole milliseconds.
  if (durationMs({ seconds, nanos }) < 1) {
    const finding: ServiceConfigFinding = {
      path,
      value,
      outcome: 'fails',
      happens: 'every RPC fails with DEADLINE_EXCEEDED at once',
      instead: `must be a Duration of at least "0.001s", got ${show(value)}`,
      severity: 'error',
    };
    return { findings: [finding], mended: value };
  }
  const mended = { seconds, nanos };
  if (typeof value !== 'string') return { findings: [], mended: value };
  const read = asGrpcJsReads(value);
  if (read.seconds === seconds && read.nanos === nanos) return { findings: [], mended };
  const finding: ServiceConfigFinding = {
    path,
    value,
    outcome: 'misread',
    happens: `grpc-js reads ${read.seconds} s and ${read.nanos} ns`,
    instead: `write ${JSON.stringify(mended)}, or have serviceConfig() write it`,
    severity: 'mendable',
  };
  return { findings: [finding], mended };
}
