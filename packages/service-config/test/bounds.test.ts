/** Values that grpc-js takes, and that can end a process, stop it, spin it, or turn into another time. */
import { experimental } from '@grpc/grpc-js';
import { validateServiceConfig } from '@grpc/grpc-js/build/src/service-config.js';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { asGrpcJsReads, grpcJsAccepts } from '../src/duration.js';
import { checkServiceConfig, readServiceConfig } from '../src/index.js';
import { registerCounted } from './counted-policy.js';

registerCounted();

const method = (fields: object) => ({ methodConfig: [{ name: [{}], ...fields }] });
const retry = (fields: object) =>
  method({
    retryPolicy: {
      maxAttempts: 2,
      initialBackoff: '1s',
      maxBackoff: '1s',
      backoffMultiplier: 1,
      retryableStatusCodes: ['UNAVAILABLE'],
      ...fields,
    },
  });
const outliers = (fields: object) => ({
  loadBalancingConfig: [{ outlier_detection: { child_policy: [{ round_robin: {} }], ...fields } }],
});
const nested = (levels: number): object =>
  levels === 0 ? { round_robin: {} } : { outlier_detection: { child_policy: [nested(levels - 1)] } };

describe('a value beyond its bounds is an error to the checker, and refused from a program and from DNS', () => {
  test.each([
    [method({ timeout: '999999999999s' })],
    [method({ timeout: '359999996401s' })],
    [method({ timeout: { seconds: 1e300, nanos: 0 } })],
    [method({ timeout: { seconds: 0, nanos: 1e300 } })],
    [method({ timeout: { seconds: 5, nanos: -1 } })],
    [method({ timeout: { seconds: 0.5, nanos: 0 } })],
    [method({ timeout: '0s' })],
    [method({ timeout: '0.000001s' })],
    [retry({ initialBackoff: '0s' })],
    [retry({ initialBackoff: '2147484s', maxBackoff: '2147484s' })],
    [retry({ maxBackoff: '1789570s' })],
    [retry({ retryableStatusCodes: ['OK'] })],
    [retry({ retryableStatusCodes: Array(101).fill('UNAVAILABLE') })],
    [method({ hedgingPolicy: { maxAttempts: 2, hedgingDelay: '2147484s' } })],
    [method({ hedgingPolicy: { maxAttempts: 2, hedgingDelay: '2147483.9s' } })],
    [method({ hedgingPolicy: { maxAttempts: 2, nonFatalStatusCodes: 'UNAVAILABLE' } })],
    [{ retryThrottling: { maxTokens: 0.0001, tokenRatio: 1 } }],
    [{ retryThrottling: { maxTokens: 10, tokenRatio: 0.0001 } }],
    [{ methodConfig: [{ name: [{ service: 'a/b' }] }] }],
    [{ methodConfig: [{ name: [] }] }],
    [{ methodConfig: Array.from({ length: 1001 }, (_, i) => ({ name: [{ service: `s${i}` }] })) }],
    [outliers({ interval: '100000000s' })],
    [outliers({ base_ejection_time: { seconds: 1e11, nanos: 0 } })],
    [outliers({ success_rate_ejection: { minimum_hosts: 0 } })],
    [{ loadBalancingConfig: [] }],
    [{ loadBalancingConfig: [nested(40)] }],
    [{ loadBalancingConfig: [{ counted: { later: JSON.parse(`${'['.repeat(200)}${']'.repeat(200)}`) } }] }],
    [{ loadBalancingConfig: [{ weighted_round_robin: { blackout_period: { seconds: 1e10, nanos: 0 } } }] }],
    [{ loadBalancingConfig: Array.from({ length: 101 }, () => ({ round_robin: {} })) }],
    [{ loadBalancingConfig: [{ round_robin: {} }, { counted: { repeat: 0 } }] }],
  ])('%j', (config) => {
    expect(checkServiceConfig(config).filter(({ severity }) => severity === 'error')).not.toEqual([]);
    expect(() => readServiceConfig(config, 'dns')).toThrow(/^service config: /);
    expect(() => readServiceConfig(JSON.stringify(config), 'program')).toThrow(/^service config: /);
  });

  test('32 levels of policies are taken', () => {
    const config = { loadBalancingConfig: [nested(32)] };
    expect(readServiceConfig(config, 'dns').config.loadBalancingConfig).toEqual(config.loadBalancingConfig);
  });
});

describe('what is mended is so for everybody', () => {
  test.each([
    [method({ timeout: '2147484s' }), method({ timeout: { seconds: 2_147_483, nanos: 0 } })],
    [
      method({ timeout: { seconds: 315_576_000_000, nanos: 0 } }),
      method({ timeout: { seconds: 2_147_483, nanos: 0 } }),
    ],
    [
      outliers({ interval: { seconds: 0, nanos: 1 } }),
      outliers({ interval: { seconds: 0, nanos: 100_000_000 } }),
    ],
    [outliers({ interval: '0s' }), outliers({ interval: { seconds: 0, nanos: 100_000_000 } })],
    [outliers({ baseEjectionTime: '10s' }), outliers({ base_ejection_time: { seconds: 10, nanos: 0 } })],
    [
      { loadBalancingConfig: [{ weighted_round_robin: { oobLoadReportingPeriod: '0s' } }] },
      { loadBalancingConfig: [{ weighted_round_robin: { oob_load_reporting_period: '0.1s' } }] },
    ],
    [method({ timeout: null, retryPolicy: null, maxRequestBytes: null }), method({})],
    [outliers({ interval: null, maxEjectionPercent: null }), outliers({})],
  ])('%j', (config, mended) => {
    expect(checkServiceConfig(config).map(({ severity }) => severity)).toContain('mendable');
    for (const source of ['program', 'dns'] as const) {
      expect(readServiceConfig(config, source).config).toMatchObject(mended);
      expect(JSON.parse(JSON.stringify(readServiceConfig(config, source).config))).toEqual({
        loadBalancingConfig: [],
        methodConfig: [],
        ...mended,
      });
    }
  });

  test('a nested policy works less often than the one above it: together they cost an idle client little', () => {
    const interval = { seconds: 0, nanos: 1 };
    const inner = outliers({ interval }).loadBalancingConfig;
    const { config } = readServiceConfig(outliers({ interval, child_policy: inner }), 'dns');
    expect(config.loadBalancingConfig).toMatchObject([
      {
        outlier_detection: {
          interval: { nanos: 100_000_000 },
          child_policy: [{ outlier_detection: { interval: { nanos: 200_000_000 } } }],
        },
      },
    ]);
  });
});

test('the timeout is what grpc-js reads, for any Duration string', () => {
  const text = fc
    .tuple(fc.bigInt({ min: 0n, max: 10n ** 13n }), fc.option(fc.stringMatching(/^\d{1,9}$/)))
    .map(([seconds, fraction]) => `${seconds}${fraction === null ? '' : `.${fraction}`}s`);
  fc.assert(
    fc.property(text, (timeout) => {
      expect(grpcJsAccepts(timeout)).toBe(true);
      const read = validateServiceConfig({ methodConfig: [{ name: [{}], timeout }] });
      expect(asGrpcJsReads(timeout)).toEqual(read.methodConfig[0]?.timeout);
    }),
  );
});

describe('what the findings say of grpc-js is true:', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  test('a minimum of no hosts ends the process at the first check without RPCs', () => {
    vi.useFakeTimers();
    const config = outliers({ success_rate_ejection: { minimum_hosts: 0 } });
    expect(checkServiceConfig(config)).toMatchObject([
      {
        path: 'loadBalancingConfig[0].outlier_detection.success_rate_ejection.minimum_hosts',
        outcome: 'harms',
        happens: 'grpc-js throws at the first check without RPCs, which ends the process',
        instead: 'must be an integer of at least 1, got 0',
      },
    ]);
    const helper = {
      updateState: () => {},
      requestReresolution: () => {},
      addChannelzChild: () => {},
      removeChannelzChild: () => {},
    };
    const balancer = new experimental.ChildLoadBalancerHandler(helper as never);
    const [entry] = config.loadBalancingConfig;
    const parsed = experimental.parseLoadBalancingConfig(entry as object as Record<string, object>);
    balancer.updateAddressList(experimental.statusOrFromValue([]), parsed, {}, '');
    expect(() => vi.advanceTimersByTime(10_000)).toThrow('Reduce of empty array');
    balancer.destroy();
  });
});

describe("fields that a config inherits are nobody's config:", () => {
  const polluted = Object.prototype as Record<string, unknown>;

  const configs = [
    {},
    { loadBalancingConfig: [{ counted: {} }], methodConfig: [{ name: [{ service: 'a' }] }] },
    { loadBalancingConfig: [{ round_robin: {} }] },
  ];

  test.each([
    ['repeat', 0],
    ['error', new Error('inherited')],
    ['unreadFields', () => [{ field: 'x', meant: 'y' }]],
    ['loadBalancingPolicy', 'unheard_of'],
    ['healthCheckConfig', { serviceName: 'inherited' }],
    ['serviceName', 'inherited'],
    ['timeout', 5],
    ['retryPolicy', 5],
    ['interval', 5],
  ])('%s', (name, value) => {
    const read = () => [
      ...configs.map((config) => [checkServiceConfig(config), readServiceConfig(config, 'program')]),
      readServiceConfig({ healthCheckConfig: {} }, 'dns'),
    ];
    const before = read();
    Object.defineProperty(polluted, name, { value, configurable: true, writable: true });
    try {
      expect(read()).toEqual(before);
    } finally {
      delete polluted[name];
    }
  });

  test('a field of the name __proto__ is one like others', () => {
    const config =
      '{"__proto__":{"methodConfig":5},"loadBalancingConfig":[{"counted":{"__proto__":{"repeat":0}}}]}';
    expect(checkServiceConfig(config).map(({ path }) => path)).toEqual([
      '__proto__',
      'loadBalancingConfig[0].counted.__proto__',
    ]);
    expect(readServiceConfig(config, 'dns').config.methodConfig).toEqual([]);
  });
});

test("no line break and no control character of a config reaches a finding's path or text, or an error", () => {
  const evil = `x\nE forged\u001b[2K${'y'.repeat(5000)}`;
  const configs = [
    { [evil]: 1 },
    { loadBalancingConfig: [{ [evil]: {} }] },
    { loadBalancingConfig: [{ [evil]: {}, b: {} }] },
    { loadBalancingConfig: [{ counted: { [evil]: 1 } }] },
    { loadBalancingConfig: [{ counted: { repeat: evil } }] },
    { loadBalancingPolicy: evil },
    method({ timeout: evil, [evil]: 1 }),
    `{"a": ${evil}`,
  ];
  for (const config of configs) {
    const texts = checkServiceConfig(config).flatMap(({ path, happens, instead }) => [
      path,
      happens,
      instead,
    ]);
    try {
      readServiceConfig(config, 'program');
    } catch (error) {
      texts.push((error as Error).message);
    }
    expect(texts.length).toBeGreaterThan(0);
    for (const line of texts) expect(line).toMatch(/^[^\p{Cc}]{0,1000}$/u);
  }
});

test('a value that no number can be made of is refused like any other, wherever a number belongs', () => {
  const odd = { toString: null, valueOf: null };
  const configs = [
    { retryThrottling: { maxTokens: odd, tokenRatio: odd } },
    method({ timeout: { seconds: odd, nanos: odd }, maxRequestBytes: odd }),
    retry({ maxAttempts: odd, initialBackoff: odd, backoffMultiplier: odd, retryableStatusCodes: [odd] }),
    outliers({ interval: { seconds: odd, nanos: 0 }, max_ejection_percent: odd }),
    { loadBalancingConfig: [{ weighted_round_robin: { blackout_period: { seconds: odd, nanos: odd } } }] },
    { loadBalancingConfig: [{ counted: { repeat: odd } }] },
  ];
  for (const config of configs) {
    expect(checkServiceConfig(config).map(({ severity }) => severity)).toContain('error');
    expect(() => readServiceConfig(config, 'dns')).toThrow(/^service config: /);
  }
});
