/**
 * Inspects the config of one policy that is not of this package, field by
 * field, and rewrites fields that grpc-js reads in a form of its own.
 */
import { show } from './config-field.js';
import { MAX_TIMER_SECONDS, parseDuration } from './duration.js';
import type { PolicyField, PolicyFields } from './grpc-js-policies.js';
import type { InspectedPolicies } from './inspect-load-balancing.js';
import {
  isJson,
  type Json,
  join,
  type ServiceConfigFinding,
  unknownFields,
} from './service-config-finding.js';

export interface PolicyFieldsContext {
  readonly path: string;
  readonly policy: string;
  readonly fields: PolicyFields;
  /** The policy may read further fields. */
  readonly open: boolean;
  readonly inspectPolicies: (list: unknown, path: string) => InspectedPolicies;
}

/** Leaves what is no object to the policy's own parser. */
export function inspectPolicyFields(config: unknown, context: PolicyFieldsContext): InspectedPolicies {
  if (!isJson(config)) return { findings: [], mended: config, petiole: false };
  const { path, fields, open } = context;
  const findings: ServiceConfigFinding[] = [];
  const mended: [string, unknown][] = [];
  const unknown: [string, unknown][] = [];
  let petiole = false;
  for (const [name, value] of Object.entries(config)) {
    const field = fieldNamed(name, fields, config);
    if (field === undefined) {
      mended.push([name, value]);
      unknown.push([name, value]);
      continue;
    }
    const at = join(path, name);
    if (field !== name) findings.push(renamed(at, value, field));
    const inspected = inspectField(value, fields[field] as PolicyField, { ...context, path: at });
    findings.push(...inspected.findings);
    mended.push([field, inspected.mended]);
    petiole ||= inspected.petiole;
  }
  if (!open) findings.push(...unknownFields(Object.fromEntries(unknown), Object.keys(fields), path));
  return { findings, mended: Object.fromEntries(mended), petiole };
}

function inspectField(value: unknown, field: PolicyField, context: PolicyFieldsContext): InspectedPolicies {
  if (field === 'plain') return { findings: [], mended: value, petiole: false };
  if (field === 'duration') return { ...inspectDuration(value, context), petiole: false };
  if (field === 'policies') return context.inspectPolicies(value, context.path);
  if ('object' in field) return inspectPolicyFields(value, { ...context, fields: field.object });
  if (!isJson(value)) return { findings: [], mended: value, petiole: false };
  const members = Object.entries(value).map(
    ([key, member]) =>
      [
        key,
        inspectPolicyFields(member, { ...context, path: join(context.path, key), fields: field.map }),
      ] as const,
  );
  return {
    findings: members.flatMap(([, { findings }]) => findings),
    mended: Object.fromEntries(members.map(([key, { mended }]) => [key, mended])),
    petiole: members.some(([, { petiole }]) => petiole),
  };
}

/** The field that a name stands for: itself, or in snake_case what every other gRPC has in camelCase. */
function fieldNamed(name: string, fields: PolicyFields, config: Json): string | undefined {
  if (Object.hasOwn(fields, name)) return name;
  const snake = name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return Object.hasOwn(fields, snake) && !Object.hasOwn(config, snake) ? snake : undefined;
}

function renamed(path: string, value: unknown, field: string): ServiceConfigFinding {
  return {
    path,
    value,
    outcome: 'ignored',
    happens: `grpc-js reads ${field} only`,
    instead: `write ${show(field)}, or have serviceConfig() write it`,
    severity: 'mendable',
  };
}

function inspectDuration(
  value: unknown,
  { path, policy }: PolicyFieldsContext,
): { findings: ServiceConfigFinding[]; mended: unknown } {
  const duration = parseDuration(value);
  const seconds = duration?.seconds ?? (isJson(value) ? value.seconds : undefined);
  if (typeof seconds === 'number' && seconds > MAX_TIMER_SECONDS) {
    const instead = `must be at most ${MAX_TIMER_SECONDS} s, got ${show(value)}`;
    const happens = 'grpc-js keeps it as milliseconds in 32 bits, which overflow';
    return {
      findings: [{ path, value, outcome: 'misread', happens, instead, severity: 'error' }],
      mended: value,
    };
  }
  // Objects are what grpc-js wants: its own parser judges them.
  if (duration === undefined && typeof value !== 'string') return { findings: [], mended: value };
  const happens = `grpc-js refuses it and drops ${policy}, uses pick_first if there is no other policy, and logs nothing`;
  const finding: ServiceConfigFinding =
    duration === undefined
      ? {
          path,
          value,
          outcome: 'replaced',
          happens,
          instead: `must be a Duration such as "10s" or "0.250s", got ${show(value)}`,
          severity: 'error',
        }
      : {
          path,
          value,
          outcome: 'replaced',
          happens,
          instead: `write ${JSON.stringify(duration)}, or have serviceConfig() write it`,
          severity: 'mendable',
        };
  return { findings: [finding], mended: duration ?? value };
}
