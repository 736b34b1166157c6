/**
 * Inspects a whole service config: the one place that knows what grpc-js 1.14
 * does with it. `serviceConfig()` throws by it and `checkServiceConfig()` tells
 * it.
 */
import { show } from './config-field.js';
import { inspectPolicies } from './inspect-load-balancing.js';
import { inspectDuplicates, inspectMethodConfig } from './inspect-method-config.js';
import { inspectRetryThrottling } from './inspect-retries.js';
import {
  type Inspected,
  isJson,
  type Json,
  type ServiceConfigFinding,
  unknownFields,
} from './service-config-finding.js';

/** What the fields are called, where they are called differently in messages. */
export interface FieldNames {
  readonly loadBalancing: string;
  readonly healthCheck: string;
}

const FIELD_NAMES: FieldNames = { loadBalancing: 'loadBalancingConfig', healthCheck: 'healthCheckConfig' };

const READ = ['loadBalancingConfig', 'methodConfig', 'retryThrottling', 'healthCheckConfig'];

export function inspectServiceConfig(config: Json, names: FieldNames = FIELD_NAMES): Inspected {
  const findings: ServiceConfigFinding[] = [];
  const mended: Record<string, unknown> = {};
  let petiole = false;
  if ('loadBalancingConfig' in config) {
    const policies = inspectPolicies(config.loadBalancingConfig, names.loadBalancing);
    findings.push(...policies.findings);
    mended.loadBalancingConfig = policies.mended;
    petiole = policies.petiole;
  }
  if ('healthCheckConfig' in config) {
    findings.push(...inspectHealthCheck(config.healthCheckConfig, names.healthCheck, petiole));
    mended.healthCheckConfig = config.healthCheckConfig;
  }
  if ('methodConfig' in config) {
    const methods = inspectMethodConfigs(config.methodConfig, 'methodConfig');
    findings.push(...methods.findings);
    mended.methodConfig = methods.mended;
  }
  if ('retryThrottling' in config) {
    findings.push(...inspectRetryThrottling(config.retryThrottling, 'retryThrottling'));
    mended.retryThrottling = config.retryThrottling;
  }
  const { loadBalancingPolicy, ...rest } = config;
  if (loadBalancingPolicy !== undefined) findings.push(oldPolicyField(loadBalancingPolicy, names));
  const known =
    names === FIELD_NAMES ? READ : ['loadBalancing', 'methodConfig', 'retryThrottling', 'healthCheck'];
  for (const finding of unknownFields(without(rest, READ), known, '')) findings.push(choiceHint(finding));
  return { findings, mended };
}

function without(config: Json, fields: readonly string[]): Json {
  return Object.fromEntries(Object.entries(config).filter(([field]) => !fields.includes(field)));
}

function inspectMethodConfigs(configs: unknown, path: string): Inspected {
  if (!Array.isArray(configs)) {
    const finding: ServiceConfigFinding = {
      path,
      value: configs,
      outcome: 'ignored',
      happens: 'grpc-js ignores it and logs nothing',
      instead: `must be an array of objects, got ${show(configs)}`,
      severity: 'error',
    };
    return { findings: [finding], mended: configs };
  }
  const inspected = configs.map((config, i) => inspectMethodConfig(config, `${path}[${i}]`));
  return {
    findings: [...inspected.flatMap(({ findings }) => findings), ...inspectDuplicates(configs, path)],
    mended: inspected.map(({ mended }) => mended),
  };
}

/** gRFC A17. grpc-js drops the field; the policies of this package read it from the channel option. */
function inspectHealthCheck(health: unknown, path: string, petiole: boolean): ServiceConfigFinding[] {
  const base = { outcome: 'ignored', severity: 'error' } as const;
  if (!isJson(health)) {
    const instead = `must be an object such as {"serviceName": "pkg.Service"}, got ${show(health)}`;
    return [{ ...base, path, value: health, happens: 'no health is checked', instead }];
  }
  const findings = unknownFields(health, ['serviceName'], path);
  const { serviceName } = health;
  if (typeof serviceName !== 'string') {
    const at = `${path}.serviceName`;
    const got = serviceName === undefined ? 'nothing' : show(serviceName);
    const instead = `must be a string, "" for the server as a whole, got ${got}`;
    findings.push({ ...base, path: at, value: serviceName, happens: 'no health is checked', instead });
  }
  if (!petiole) {
    const instead = 'needs a policy of @petiole/balancer, such as custom_round_robin: no other checks health';
    findings.push({ ...base, path, value: health, happens: 'no health is checked', instead });
  }
  return findings;
}

function oldPolicyField(value: unknown, names: FieldNames): ServiceConfigFinding {
  const name = typeof value === 'string' && value !== '' ? value.toLowerCase() : 'round_robin';
  const instead = `is never read by grpc-js: write ${names.loadBalancing}: [{${show(name)}: {}}]`;
  const base = { path: 'loadBalancingPolicy', value, instead, severity: 'error' } as const;
  return typeof value === 'string'
    ? { ...base, outcome: 'ignored', happens: 'grpc-js ignores it and logs nothing' }
    : { ...base, outcome: 'throws', happens: 'grpc-js throws out of the constructor of the client' };
}

/** The wrapper that service configs have in DNS TXT records (gRFC A2) is no service config. */
function choiceHint(finding: ServiceConfigFinding): ServiceConfigFinding {
  if (finding.path !== 'serviceConfig' || !isJson(finding.value)) return finding;
  return { ...finding, instead: 'is for DNS TXT records only: pass the object that stands under it' };
}
