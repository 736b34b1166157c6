/**
 * Inspects the retry and hedging policies (gRFC A6) of a service config, and
 * their throttling.
 */
import { status as Status } from '@grpc/grpc-js';
import { show } from './config-field.js';
import { durationMs, grpcJsAccepts, MAX_TIMER_SECONDS, parseDuration } from './duration.js';
import {
  isJson,
  notAnObject,
  refused,
  type ServiceConfigFinding,
  unknownFields,
} from './service-config-finding.js';

/** How many attempts grpc-js makes at most, and gRFC A6 asks for no more. */
const MAX_ATTEMPTS = 5;

const CODES = Object.keys(Status).filter((name) => Number.isNaN(Number(name)));

export function inspectRetries(policy: unknown, path: string): ServiceConfigFinding[] {
  const wrong = notAnObject(policy, path);
  if (wrong !== undefined || !isJson(policy)) return wrong ? [wrong] : [];
  const { maxAttempts, initialBackoff, maxBackoff, backoffMultiplier, retryableStatusCodes } = policy;
  const findings = inspectAttempts(maxAttempts, `${path}.maxAttempts`);
  findings.push(...inspectPause(initialBackoff, `${path}.initialBackoff`));
  findings.push(...inspectPause(maxBackoff, `${path}.maxBackoff`));
  findings.push(...inspectOrder(initialBackoff, maxBackoff, `${path}.maxBackoff`));
  if (typeof backoffMultiplier !== 'number' || !(backoffMultiplier > 0)) {
    const at = `${path}.backoffMultiplier`;
    findings.push(refused(at, backoffMultiplier, `must be a number above 0, got ${show(backoffMultiplier)}`));
  }
  const codes = `${path}.retryableStatusCodes`;
  if (!Array.isArray(retryableStatusCodes) || retryableStatusCodes.length === 0) {
    const instead = `must be an array of status codes such as ["UNAVAILABLE"], got ${show(retryableStatusCodes)}`;
    findings.push(refused(codes, retryableStatusCodes, instead));
  } else {
    findings.push(...inspectCodes(retryableStatusCodes, codes));
  }
  const known = ['maxAttempts', 'initialBackoff', 'maxBackoff', 'backoffMultiplier', 'retryableStatusCodes'];
  return [...findings, ...unknownFields(policy, known, path)];
}

export function inspectHedging(policy: unknown, path: string): ServiceConfigFinding[] {
  const wrong = notAnObject(policy, path);
  if (wrong !== undefined || !isJson(policy)) return wrong ? [wrong] : [];
  const findings = inspectAttempts(policy.maxAttempts, `${path}.maxAttempts`);
  if ('hedgingDelay' in policy) {
    findings.push(...inspectPause(policy.hedgingDelay, `${path}.hedgingDelay`, { zero: true }));
  }
  const at = `${path}.nonFatalStatusCodes`;
  const codes = policy.nonFatalStatusCodes;
  if (Array.isArray(codes)) findings.push(...inspectCodes(codes, at));
  else if (codes) {
    findings.push({
      path: at,
      value: codes,
      outcome: 'fails',
      happens: 'grpc-js throws at the first RPC that fails, which ends the process',
      instead: `must be an array of status codes such as ["UNAVAILABLE"], got ${show(codes)}`,
      severity: 'error',
    });
  }
  return [
    ...findings,
    ...unknownFields(policy, ['maxAttempts', 'hedgingDelay', 'nonFatalStatusCodes'], path),
  ];
}

function inspectAttempts(value: unknown, path: string): ServiceConfigFinding[] {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 2) {
    return [refused(path, value, `must be an integer from 2 to ${MAX_ATTEMPTS}, got ${show(value)}`)];
  }
  if (value <= MAX_ATTEMPTS) return [];
  return [
    {
      path,
      value,
      outcome: 'replaced',
      happens: `grpc-js makes ${MAX_ATTEMPTS} attempts at most`,
      instead: `write ${MAX_ATTEMPTS}, or raise the channel option grpc-node.retry_max_attempts_limit`,
      severity: 'note',
    },
  ];
}

/** A Duration that grpc-js waits for with a timer. */
function inspectPause(value: unknown, path: string, { zero } = { zero: false }): ServiceConfigFinding[] {
  const allowed = `must be a Duration ${zero ? 'of 0 s or more' : 'above 0 s'} such as "0.1s"`;
  const duration = parseDuration(value);
  if (!grpcJsAccepts(value)) return [refused(path, value, `${allowed}, got ${show(value)}`)];
  if (duration === undefined || duration.seconds > MAX_TIMER_SECONDS) {
    const happens = "Node's timer overflows, and grpc-js waits for a millisecond";
    const instead = `must be at most ${MAX_TIMER_SECONDS} s, got ${show(value)}`;
    return [{ path, value, outcome: 'misread', happens, instead, severity: 'error' }];
  }
  if (zero || durationMs(duration) > 0) return [];
  const happens = 'grpc-js sends one attempt after the other without a pause';
  return [
    {
      path,
      value,
      outcome: 'ignored',
      happens,
      instead: `${allowed}, got ${show(value)}`,
      severity: 'error',
    },
  ];
}

/** gRFC A6 limits every pause by `maxBackoff`, grpc-js all but the first. */
function inspectOrder(initial: unknown, max: unknown, path: string): ServiceConfigFinding[] {
  const [first, limit] = [parseDuration(initial), parseDuration(max)];
  if (first === undefined || limit === undefined || durationMs(first) <= durationMs(limit)) return [];
  const happens = `grpc-js pauses for ${initial} before the second attempt all the same`;
  const instead = `write a maxBackoff of at least initialBackoff, got ${show(max)}`;
  return [{ path, value: max, outcome: 'ignored', happens, instead, severity: 'note' }];
}

function inspectCodes(codes: readonly unknown[], path: string): ServiceConfigFinding[] {
  return codes.flatMap((code, i): ServiceConfigFinding[] => {
    const at = `${path}[${i}]`;
    const name = typeof code === 'number' ? Status[code] : String(code).toUpperCase();
    const known = (typeof code === 'number' || typeof code === 'string') && CODES.includes(name ?? '');
    const instead = `must be a status code that an RPC can fail with, such as "UNAVAILABLE" or 14, got ${show(code)}`;
    if (!known) return [refused(at, code, instead)];
    if (name !== 'OK') return [];
    const happens = 'an RPC that ends with OK has not failed';
    return [{ path: at, value: code, outcome: 'ignored', happens, instead, severity: 'error' }];
  });
}

/** `retryThrottling`: both numbers are kept with three decimals. */
export function inspectRetryThrottling(throttling: unknown, path: string): ServiceConfigFinding[] {
  const wrong = notAnObject(throttling, path);
  if (wrong !== undefined || !isJson(throttling)) return wrong ? [wrong] : [];
  const { maxTokens, tokenRatio } = throttling;
  return [
    ...inspectTokens(maxTokens, `${path}.maxTokens`, 1000),
    ...inspectTokens(tokenRatio, `${path}.tokenRatio`),
    ...unknownFields(throttling, ['maxTokens', 'tokenRatio'], path),
  ];
}

function inspectTokens(value: unknown, path: string, max = Number.POSITIVE_INFINITY): ServiceConfigFinding[] {
  const limit = max === Number.POSITIVE_INFINITY ? '' : ` and at most ${max}`;
  const instead = `must be a number of at least 0.001${limit}, got ${show(value)}`;
  if (typeof value !== 'number' || !(value > 0) || value > max) return [refused(path, value, instead)];
  if (Number(value.toFixed(3)) > 0) return [];
  const happens = 'grpc-js rounds it to 0';
  return [{ path, value, outcome: 'misread', happens, instead, severity: 'error' }];
}
