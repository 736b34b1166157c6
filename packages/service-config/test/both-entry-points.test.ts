/**
 * One answer to one config: what the checker calls an error no resolver takes, and the reverse. What is taken neither
 * throws, nor spins, nor takes time beyond its length.
 */

import { Client, credentials, experimental } from '@grpc/grpc-js';
import { validateServiceConfig } from '@grpc/grpc-js/build/src/service-config.js';
import { Backend } from '@petiole/test-kit/backend';
import { startRpc } from '@petiole/test-kit/rpc';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  checkServiceConfig,
  readServiceConfig,
  type ServiceConfigFinding,
  type ServiceConfigOptions,
  type ServiceConfigSource,
  serviceConfig,
} from '../src/index.js';
import { Place } from '../src/walk/place.js';
import { registerCounted } from './counted-policy.js';

registerCounted();

/** Fields without effect are for the reader to take or not, by who wrote them; about all else there is one answer. */
const WITHOUT_EFFECT =
  /^unknown field|^did you mean|^is not read|is never read|^must be in an entry|^needs a policy|TXT records only|^must be a string, "" for the server as a whole, got (nothing|null)$/;

const errors = (config: unknown): ServiceConfigFinding[] =>
  checkServiceConfig(config).filter(({ severity }) => severity === 'error');

const isTaken = (config: string, source: ServiceConfigSource): boolean => {
  try {
    readServiceConfig(config, source);
    return true;
  } catch {
    return false;
  }
};

const seconds = fc.oneof(
  fc.constantFrom(
    0,
    1e-9,
    0.001,
    0.1,
    1,
    1_789_569,
    1_789_570,
    2_147_483,
    2_147_484,
    315_576_000_000,
    1e12,
    1e300,
    -1,
  ),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.nat(10),
);
const duration = fc.oneof(
  fc.constantFrom(
    '0s',
    '1s',
    '0.5s',
    '0.000000001s',
    '1789570s',
    '2147483.5s',
    '2147484s',
    '999999999999s',
    '9'.repeat(40),
  ),
  seconds.map((value) => `${Math.max(0, value).toFixed(3)}s`),
  fc.record({ seconds, nanos: fc.oneof(seconds, fc.nat(999_999_999)) }),
);
const number = fc.oneof(
  fc.constantFrom(0, 1, 2, 5, 6, 0.0001, 0.5, 1000, 1001, 2 ** 31, 2 ** 53, 1e300),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
);
const codes = fc.array(fc.constantFrom('UNAVAILABLE', 'aborted', 'OK', 0, 14, 99, 'NOPE'), { maxLength: 3 });
const junk = fc.oneof(fc.constantFrom(null, '', 'x', [], {}, [{}], true, -1), fc.jsonValue({ maxDepth: 2 }));
/** A value of the kind that belongs there, or now and then another. */
const or = <Value>(arbitrary: fc.Arbitrary<Value>) =>
  fc.oneof({ arbitrary, weight: 12 }, { arbitrary: junk as fc.Arbitrary<unknown>, weight: 1 });
const some = (fields: Record<string, fc.Arbitrary<unknown>>, requiredKeys: string[] = []) =>
  fc.record(Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, or(value)])), {
    requiredKeys: requiredKeys as [],
  });

const { policies } = fc.letrec<{ policies: unknown; policy: unknown }>((tie) => ({
  policies: fc.oneof(
    { arbitrary: fc.array(tie('policy'), { minLength: 1, maxLength: 3 }), weight: 9 },
    { arbitrary: junk, weight: 1 },
  ),
  policy: fc.oneof(
    { depthSize: 'small' },
    fc.constant({ round_robin: {} }),
    some({ repeat: number, extra: number }).map((counted) => ({ counted })),
    some({ shuffleAddressList: fc.boolean() }).map((pick_first) => ({ pick_first })),
    fc.constant({ unheard_of: {} }),
    some({ blackoutPeriod: duration, oob_load_reporting_period: duration, weightUpdatePeriod: duration }).map(
      (weighted_round_robin) => ({ weighted_round_robin }),
    ),
    some(
      {
        interval: duration,
        baseEjectionTime: duration,
        max_ejection_time: duration,
        success_rate_ejection: some({ minimum_hosts: number, request_volume: number, stdev_factor: number }),
        failurePercentageEjection: some({ threshold: number, minimumHosts: number, requestVolume: number }),
        childPolicy: tie('policies'),
      },
      ['childPolicy'],
    ).map((outlier_detection) => ({ outlier_detection })),
  ),
}));

const config = some({
  loadBalancingConfig: policies,
  methodConfig: fc.array(
    some(
      {
        name: fc.uniqueArray(
          fc.constantFrom(
            {},
            { service: 'petiole.test.Echo' },
            { service: 'petiole.test.Echo', method: 'Unary' },
            { service: 'a/b' },
            { method: 'M' },
          ),
          { maxLength: 2 },
        ),
        timeout: duration,
        waitForReady: fc.boolean(),
        maxRequestBytes: number,
        retryPolicy: some(
          {
            maxAttempts: number,
            initialBackoff: duration,
            maxBackoff: duration,
            backoffMultiplier: number,
            retryableStatusCodes: codes,
          },
          ['maxAttempts', 'initialBackoff', 'maxBackoff', 'backoffMultiplier', 'retryableStatusCodes'],
        ),
        later: number,
      },
      ['name'],
    ),
    { maxLength: 2 },
  ),
  retryThrottling: some({ maxTokens: number, tokenRatio: number }, ['maxTokens', 'tokenRatio']),
  healthCheckConfig: some({ serviceName: fc.string() }),
  connectionScaling: some({ maxConnectionsPerSubchannel: number }),
  loadBalancingPolicy: fc.constantFrom('ROUND_ROBIN', 'unheard_of'),
});

const fine = fc.oneof(
  { arbitrary: fc.constantFrom('1s', '0.25s', '30s', '2147484s'), weight: 6 },
  { arbitrary: duration, weight: 1 },
);

/** Mostly sound: random ones alone would nearly all be refused. */
const sound = fc.record(
  {
    loadBalancingConfig: fc.constantFrom<object[]>(
      [{ round_robin: {} }],
      [{ unheard_of: {} }, { counted: { repeat: 2 } }],
      [
        {
          outlier_detection: {
            interval: '0.000000001s',
            successRateEjection: {},
            childPolicy: [{ counted: {} }],
          },
        },
      ],
      [
        {
          weighted_round_robin: {
            enableOobLoadReport: true,
            oobLoadReportingPeriod: '0s',
            weightUpdatePeriod: '0s',
          },
        },
      ],
    ),
    methodConfig: fc
      .record({ timeout: fine, hedgingDelay: fine, nonFatalStatusCodes: codes })
      .map(({ timeout, ...hedging }) => [
        { name: [{}], timeout, hedgingPolicy: { maxAttempts: 2, ...hedging } },
      ]),
    retryThrottling: fc.record({
      maxTokens: fc.constantFrom(0.0001, 0.001, 10),
      tokenRatio: fc.constantFrom(0.001, 1e300),
    }),
  },
  { requiredKeys: ['loadBalancingConfig'] },
);
const text = fc.oneof(config, sound).map((value) => JSON.stringify(value) ?? 'null');

describe('for random configs', () => {
  test.each(['program', 'dns'] as const)(
    'what the checker calls an error is refused from %s, and nothing else is',
    (source) => {
      fc.assert(
        fc.property(text, (given) => {
          const fatal = errors(given).filter(({ instead }) => !WITHOUT_EFFECT.test(instead));
          if (fatal.length > 0) expect(isTaken(given, source)).toBe(false);
          else if (source === 'dns' || errors(given).length === 0) expect(isTaken(given, source)).toBe(true);
        }),
        { numRuns: 1000 },
      );
    },
  );

  test('serviceConfig() throws exactly at what the checker calls an error, and where there are no policies', () => {
    fc.assert(
      fc.property(fc.oneof(config, sound), (given) => {
        const write = () => serviceConfig(given as never);
        const isOfPolicies = ((given as ServiceConfigOptions).loadBalancingConfig ?? undefined) !== undefined;
        if (errors(given).length > 0 || !isOfPolicies) expect(write).toThrow('serviceConfig: ');
        else expect(errors(write())).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test('what is taken is in the form that grpc-js reads: the checker has nothing to mend in it', () => {
    let taken = 0;
    fc.assert(
      fc.property(text, (given) => {
        if (!isTaken(given, 'dns')) return;
        taken++;
        const { config: read } = readServiceConfig(given, 'dns');
        const again = checkServiceConfig(read).filter(
          ({ severity, instead }) => severity !== 'note' && !/is not read|did you mean/.test(instead),
        );
        expect(read.loadBalancingConfig.length > 0 ? again : []).toEqual([]);
        expect(() => validateServiceConfig(JSON.parse(JSON.stringify(read)))).not.toThrow();
      }),
      { numRuns: 1000 },
    );
    expect(taken).toBeGreaterThan(100);
  });
});

describe('on a real channel', () => {
  let backend: Backend;

  beforeAll(async () => {
    backend = await Backend.start();
    experimental.registerResolver('given', GivenResolver as never);
  });
  afterAll(() => backend.kill());

  let given: ReturnType<typeof readServiceConfig>;
  class GivenResolver {
    readonly listener: experimental.ResolverListener;
    constructor(_target: unknown, listener: experimental.ResolverListener) {
      this.listener = listener;
    }
    updateResolution(): void {
      const endpoints = experimental.statusOrFromValue([backend.endpoint()]);
      setImmediate(() => this.listener(endpoints, {}, experimental.statusOrFromValue(given.config), ''));
    }
    destroy(): void {}
    static getDefaultAuthority = () => 'localhost';
  }

  const rpc = async (target: string, options: object): Promise<number> => {
    const client = new Client(target, credentials.createInsecure(), {
      'grpc.enable_http_proxy': 0,
      ...options,
    });
    const { error } = await startRpc(client, { deadline: Date.now() + 10_000 }).ended;
    client.close();
    return error?.code ?? 0;
  };

  test('what is taken lets RPCs end, from a resolver and as the channel option', async () => {
    const ended: number[] = [];
    await fc.assert(
      fc.asyncProperty(sound, async (value) => {
        if (!isTaken(JSON.stringify(value), 'dns')) return;
        given = readServiceConfig(value, 'dns');
        ended.push(await rpc('given:x', {}));
        if (errors(value).length > 0) return;
        ended.push(
          await rpc(backend.peer, {
            'grpc.service_config': serviceConfig(value as never),
          }),
        );
      }),
      { numRuns: 60 },
    );
    expect(ended.length).toBeGreaterThan(10);
    // A timeout of a millisecond may pass; no RPC waits for its own deadline of ten seconds.
    expect(ended.filter((code) => code !== 0 && code !== 4)).toEqual([]);
  });
});

describe('the time that a config takes grows with its length', () => {
  const nest = (levels: number, leaf: object): object =>
    levels === 0 ? leaf : { outlier_detection: { child_policy: [nest(levels - 1, leaf)] } };
  const times = <Value>(length: number, make: (i: number) => Value): Value[] =>
    Array.from({ length }, (_, i) => make(i));
  const fields = (length: number, name: string) =>
    Object.fromEntries(times(length, (i) => [`${name}${i}`, 1]));
  const wide = (levels: number): object[] => [
    ...times(50, (i) => ({ [`unheard_of_${i}`]: {} })),
    levels === 0 ? { round_robin: {} } : { outlier_detection: { child_policy: wide(levels - 1) } },
  ];

  afterEach(() => {
    vi.restoreAllMocks();
  });

  const large: Record<string, unknown> = {
    'unknown fields': {
      ...fields(9000, 'methodConfi'),
      methodConfig: [{ name: [{}], ...fields(3000, 'timeou') }],
    },
    names: { methodConfig: times(100, (i) => ({ name: times(80, (j) => ({ service: `s${i}.${j}` })) })) },
    'equal names': { methodConfig: times(100, () => ({ name: times(300, () => ({})) })) },
    'more entries than there may be': { methodConfig: times(5000, () => ({ name: [{ service: 'a' }] })) },
    'bad entries': {
      methodConfig: times(900, () => ({ name: [{ service: 5, x: 1 }], timeout: '5', retryPolicy: { a: 1 } })),
    },
    'nested policies': { loadBalancingConfig: [nest(31, { counted: { extra: 'x'.repeat(100_000) } })] },
    'policies nested without end': `{"loadBalancingConfig":[${'{"outlier_detection":{"child_policy":['.repeat(5000)}${']}}'.repeat(5000)}]}`,
    'long lists in nested policies': { loadBalancingConfig: wide(32) },
    'a config nested without end': `{"loadBalancingConfig":[{"counted":{"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}}]}`,
    'a long string': { loadBalancingConfig: [{ counted: { repeat: ' \n'.repeat(60_000) } }] },
  };

  test.each(Object.keys(large))('%s', (name) => {
    const given = typeof large[name] === 'string' ? large[name] : JSON.stringify(large[name]);
    expect(given.length).toBeLessThanOrEqual(262_144);
    const steps = vi.spyOn(Place.prototype, 'at');
    const start = process.cpuUsage();
    const findings = checkServiceConfig(given);
    isTaken(given, 'dns');
    const { user } = process.cpuUsage(start);
    expect(steps.mock.calls.length).toBeLessThan(3 * given.length);
    expect(findings.length).toBeLessThan(given.length);
    // Two walks, and generous beside the 5 ms per 1,000 characters that are the bound.
    expect(user / 1000).toBeLessThan((given.length / 1000) * 20 + 200);
  });

  test('each policy of nested lists is parsed once, not once for each level above it', () => {
    let parsed = 0;
    const config = {
      createFromJson(): never {
        parsed++;
        throw new Error('refused');
      },
    };
    experimental.registerLoadBalancerType('refused', class {} as never, config as never);
    const refused = { refused: {} };
    const lists = (levels: number): object[] =>
      levels === 0
        ? [{ counted: {} }]
        : [refused, { outlier_detection: { child_policy: lists(levels - 1) } }];
    checkServiceConfig({ loadBalancingConfig: lists(30) });
    expect(parsed).toBe(30);
    checkServiceConfig({ loadBalancingConfig: [nest(30, refused)] });
    expect(parsed).toBe(31);
  });

  test('what is longer than a DNS answer can be by far is not read at all', () => {
    const given = JSON.stringify({ methodConfig: [], filler: 'x'.repeat(262_144) });
    expect(checkServiceConfig(given)).toMatchObject([{ path: '', outcome: 'harms', severity: 'error' }]);
    expect(() => readServiceConfig(given, 'program')).toThrow(
      'service config: it must have at most 262144 characters',
    );
  });
});
