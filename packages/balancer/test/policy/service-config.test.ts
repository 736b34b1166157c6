/**
 * `serviceConfig()`: what it writes is what grpc-js reads, and what grpc-js
 * would swallow it refuses.
 */
import { Client, credentials, experimental, type LoadBalancingConfig, Metadata, status } from '@grpc/grpc-js';
import { validateServiceConfig } from '@grpc/grpc-js/build/src/service-config.js';
import { Backend, UNARY } from '@petiole/test-kit/backend';
import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  checkServiceConfig,
  customRoundRobin,
  definePolicy,
  integer,
  leastRequest,
  type MethodConfig,
  type ServiceConfigOptions,
  serviceConfig,
} from '../../src/index.js';

/** The error of a config that TypeScript may refuse as well: most configs are written without it. */
function errorOf(options: unknown): string {
  try {
    return `none: ${serviceConfig(options as ServiceConfigOptions)}`;
  } catch (error) {
    return (error as Error).message;
  }
}

const asPolicy = (entry: unknown): string =>
  errorOf({ loadBalancingConfig: Array.isArray(entry) ? entry : [entry] });
const asMethod = (entry: object): string =>
  errorOf({ loadBalancingConfig: [{ round_robin: {} }], methodConfig: [{ name: [{}], ...entry }] });

const CYCLE: Record<string, unknown> = {};
CYCLE.self = CYCLE;

describe('what is given in the place of options is named', () => {
  test.each(['', '{}', 'custom_round_robin', 5, []])('%j', (options) => {
    expect(errorOf(options)).toBe(
      `serviceConfig: must be given an object such as { loadBalancingConfig: [leastRequest()] }, got ${JSON.stringify(options)}`,
    );
  });

  test.each([
    [{ loadBalancing: {} }, 'loadBalancing: unknown field: did you mean "loadBalancingConfig"?'],
    [{ loadbalancingconfig: [] }, 'loadbalancingconfig: unknown field: did you mean "loadBalancingConfig"?'],
    [
      { loadBalancingPolicy: 'round_robin' },
      'loadBalancingPolicy: is never read by grpc-js: write loadBalancingConfig: [{"round_robin": {}}]',
    ],
    [customRoundRobin(), 'custom_round_robin: must be in an entry of loadBalancingConfig, got {}'],
    [{ round_robin: {} }, 'round_robin: must be in an entry of loadBalancingConfig, got {}'],
    [{}, 'loadBalancingConfig: must be an array of policies such as [{"round_robin": {}}], got nothing'],
    [
      { loadBalancingConfig: leastRequest() },
      'loadBalancingConfig: must be an array of policies such as [{"round_robin": {}}], got {"least_request":{}}',
    ],
  ])('%j', (options, message) => {
    expect(errorOf(options)).toBe(`serviceConfig: ${message}`);
  });
});

describe('what JSON lacks is refused, where it would be the default or a raw error', () => {
  test.each([
    [
      { repeatCount: () => 3 },
      'custom_round_robin: repeatCount must be an integer from 1 to 4294967295, got a function',
    ],
    [{ repeatCount: 1n }, 'custom_round_robin: repeatCount must be an integer from 1 to 4294967295, got 1n'],
    [
      { repeatCount: [1n] },
      'custom_round_robin: repeatCount must be an integer from 1 to 4294967295, got an array that is no JSON',
    ],
    [{ other: 1n }, 'custom_round_robin: config: other: must be JSON, got 1n'],
    [
      { other: CYCLE },
      'custom_round_robin: config: other.self: must be JSON, without cycles, got an object that is no JSON',
    ],
    [{ other: Number.NaN }, 'custom_round_robin: config: other: must be a finite number, got NaN'],
  ])('customRoundRobin(%o)', (config, message) => {
    expect(() => customRoundRobin(config as never)).toThrow(message);
  });

  test.each([
    [
      { round_robin: { a: () => 3 } },
      'serviceConfig: loadBalancingConfig[0].round_robin.a: must be JSON, got a function: call it',
    ],
    [
      { round_robin: { a: [1n] } },
      'serviceConfig: loadBalancingConfig[0].round_robin.a[0]: must be JSON, got 1n',
    ],
    [
      { round_robin: CYCLE },
      'serviceConfig: loadBalancingConfig[0].round_robin.self: must be JSON, without cycles, got ',
    ],
  ])('serviceConfig({ loadBalancingConfig: [%o] })', (entry, message) => {
    expect(asPolicy(entry)).toContain(message);
  });
});

// Before any registration: this test is about that.
test('names the call that is missing when a policy of this package is not registered', () => {
  const missing = (name: string, call: string) =>
    `serviceConfig: loadBalancingConfig[0]: ${name} is not registered: call ${call} first, or import '@petiole/balancer/register'`;
  expect(asPolicy(customRoundRobin())).toBe(missing('custom_round_robin', 'customRoundRobin.register()'));
  expect(asPolicy(leastRequest())).toBe(missing('least_request', 'leastRequest.register()'));
});

describe('with the policies registered', () => {
  beforeAll(() => {
    customRoundRobin.register();
    leastRequest.register();
  });

  describe('loadBalancingConfig', () => {
    test('is the list of policies', () => {
      const one = { loadBalancingConfig: [{ custom_round_robin: { repeatCount: 1 } }] };
      expect(
        JSON.parse(serviceConfig({ loadBalancingConfig: [customRoundRobin({ repeatCount: 1 })] })),
      ).toEqual(one);
    });

    test('accepts an unknown policy that another client may know, before one that grpc-js knows', () => {
      const loadBalancingConfig = [{ other_policy: {} }, customRoundRobin()] as LoadBalancingConfig[];
      expect(JSON.parse(serviceConfig({ loadBalancingConfig })).loadBalancingConfig).toEqual(
        loadBalancingConfig,
      );
    });

    test.each([
      [
        { custom_round_robin: { repeatCount: 0 } },
        '[0].custom_round_robin.repeatCount: must be an integer from 1 to 4294967295, got 0',
      ],
      [{ custom_round_robin: 3 }, '[0].custom_round_robin: config must be an object, got 3'],
      [
        { customRoundRobin: {} },
        '[0]: customRoundRobin is not registered with grpc-js: did you mean custom_round_robin?',
      ],
      [{ least_reqest: {} }, '[0]: least_reqest is not registered with grpc-js: did you mean least_request?'],
      [
        { custom_round_robin_experimental: {} },
        '[0]: custom_round_robin_experimental is not registered with grpc-js: did you mean custom_round_robin?',
      ],
      [{ roundrobin: {} }, '[0]: roundrobin is not registered with grpc-js: did you mean round_robin?'],
      [{ maglev: {} }, '[0]: maglev is not registered with grpc-js: call register() of the policy first'],
      [{ ring_hash: {} }, '[0]: ring_hash is not registered: call register() of @grpc/grpc-js-xds first'],
      [{ toString: {} }, '[0]: toString is not registered with grpc-js: call register() of the policy first'],
      [
        { round_robin: {}, pick_first: {} },
        '[0]: must have exactly one key, the name of a policy, got round_robin, pick_first',
      ],
      [{}, '[0]: must have exactly one key, the name of a policy, got none'],
      ['round_robin', '[0]: must be an object such as {"round_robin": {}}, got "round_robin"'],
      [undefined, '[0]: must be an object such as {"round_robin": {}}, got null'],
      [customRoundRobin, '[0]: must be JSON, got a function: call it'],
      [[[]], '[0]: must be an object such as {"round_robin": {}}, got []'],
      [[], ': must name at least one policy, got []'],
      [
        { pick_first: { shuffleAddressList: 1 } },
        '[0].pick_first: pick_first config field shuffleAddressList must be a boolean if provided, got {"shuffleAddressList":1}',
      ],
      [
        { pick_first: { shuffleAddresslist: true } },
        '[0].pick_first.shuffleAddresslist: unknown field: did you mean "shuffleAddressList"?',
      ],
      [
        [{ pick_first: null }, { round_robin: {} }],
        `[0].pick_first: Cannot use 'in' operator to search for 'shuffleAddressList' in null, got null`,
      ],
      [
        [{ round_robin: {} }, { custom_round_robin: { repeatCount: -1 } }],
        '[1].custom_round_robin.repeatCount: must be an integer from 1 to 4294967295, got -1',
      ],
    ])('refuses %j', (entry, message) => {
      expect(asPolicy(entry)).toBe(`serviceConfig: loadBalancingConfig${message}`);
    });

    test.each([Number.NaN, Number.POSITIVE_INFINITY])(
      'refuses %d, of which JSON makes null, and null is the default',
      (repeatCount) => {
        expect(asPolicy({ custom_round_robin: { repeatCount } })).toBe(
          `serviceConfig: loadBalancingConfig[0].custom_round_robin.repeatCount: must be a finite number, got ${repeatCount}`,
        );
        expect(asPolicy([{ round_robin: {} }, { custom_round_robin: { repeatCount } }])).toBe(
          `serviceConfig: loadBalancingConfig[1].custom_round_robin.repeatCount: must be a finite number, got ${repeatCount}`,
        );
      },
    );

    test('accepts the fields that a policy declares', () => {
      const declared = definePolicy({
        name: 'declares_a_field',
        fields: { a: integer() },
        createPicker: () => undefined,
      });
      declared.register();
      expect(asPolicy(declared({ a: 1 }))).toContain('none: {');
      expect(checkServiceConfig({ loadBalancingConfig: [declared({ a: 1 })] })).toEqual([]);
    });

    test('refuses a bad config of a known policy even if a usable one follows', () => {
      expect(asPolicy([{ custom_round_robin: { repeatCount: 0 } }, { round_robin: {} }])).toMatch(
        /^serviceConfig: loadBalancingConfig\[0\]\.custom_round_robin\.repeatCount:/,
      );
      expect(asPolicy([{ outlier_detection: { child_policy: [] } }, { round_robin: {} }])).toMatch(
        /^serviceConfig: loadBalancingConfig\[0\]\.outlier_detection/,
      );
    });
  });

  describe('policies below policies', () => {
    const below = (config: object) => asPolicy({ outlier_detection: config });
    const AT = 'serviceConfig: loadBalancingConfig[0].outlier_detection';

    test.each([
      [
        { childPolicy: [{ custom_round_robbin: {} }] },
        '.childPolicy[0]: custom_round_robbin is not registered with grpc-js: did you mean custom_round_robin?',
      ],
      [
        { childPolicy: [{ custom_round_robin: { repeatCount: '3' } }] },
        '.childPolicy[0].custom_round_robin.repeatCount: must be an integer from 1 to 4294967295, got "3"',
      ],
      [
        { childPolicy: { round_robin: {} } },
        '.childPolicy: must be an array of policies such as [{"round_robin": {}}], got {"round_robin":{}}',
      ],
      [{ childPolicy: [] }, '.childPolicy: must name at least one policy, got []'],
      [
        { childPolicy: [{ round_robin: {}, x: {} }] },
        '.childPolicy[0]: must have exactly one key, the name of a policy, got round_robin, x',
      ],
      [
        { childPolicy: [{ outlier_detection: { child_policy: [{ nope: {} }] } }] },
        '.childPolicy[0].outlier_detection.child_policy[0]: nope is not registered with grpc-js: call register() of the policy first',
      ],
      [
        { childPolicy: [{ pick_first: {} }] },
        ': outlier_detection LB policy cannot have a pick_first child policy, got {"childPolicy":[{"pick_first":{}}]}',
      ],
      [{}, ': outlier detection config child_policy must be an array, got {}'],
      [
        { interval: '10', childPolicy: [{ round_robin: {} }] },
        '.interval: must be a Duration such as "10s" or "0.250s", got "10"',
      ],
      [
        { interval: '2147484s', childPolicy: [{ round_robin: {} }] },
        '.interval: must be at most 2147483 s, got "2147484s"',
      ],
      [
        { intervall: '10s', childPolicy: [{ round_robin: {} }] },
        '.intervall: unknown field: did you mean "interval"?',
      ],
      [
        { failurePercentageEjection: { treshold: 1 }, childPolicy: [{ round_robin: {} }] },
        '.failurePercentageEjection.treshold: unknown field: did you mean "threshold"?',
      ],
    ])('refuses outlier_detection %j', (config, message) => {
      expect(below(config)).toBe(AT + message);
    });

    test('finds them wherever gRPC policies keep them, in policies that grpc-js learnt elsewhere too', () => {
      class Config {
        getLoadBalancerName = () => 'parent_of_tests';
        toJsonObject = () => ({});
        static createFromJson = () => new Config();
      }
      experimental.registerLoadBalancerType('parent_of_tests', class {} as never, Config);
      const bad = [{ custom_round_robin: { repeatCount: 0 } }];
      for (const [config, path] of [
        [{ childPolicy: bad }, 'childPolicy[0]'],
        [{ endpointPickingPolicy: bad }, 'endpointPickingPolicy[0]'],
        [{ localityPickingPolicy: bad }, 'localityPickingPolicy[0]'],
        [{ targets: { a: { childPolicy: bad } } }, 'targets.a.childPolicy[0]'],
        [{ children: { b: { config: bad } } }, 'children.b.config[0]'],
      ] as const) {
        expect(asPolicy({ parent_of_tests: config })).toBe(
          `serviceConfig: loadBalancingConfig[0].parent_of_tests.${path}.custom_round_robin.repeatCount: must be an integer from 1 to 4294967295, got 0`,
        );
      }
      expect(asPolicy({ parent_of_tests: { fieldOfItsOwn: 1 } })).toMatch(/^none/);
    });

    test('writes the fields of gRFC A50 as grpc-js reads them', () => {
      const text = serviceConfig({
        loadBalancingConfig: [
          {
            outlier_detection: {
              interval: '0.2s',
              baseEjectionTime: '30s',
              maxEjectionPercent: 50,
              failurePercentageEjection: {
                threshold: 50,
                enforcementPercentage: 100,
                minimumHosts: 2,
                requestVolume: 5,
              },
              childPolicy: [customRoundRobin({ repeatCount: 1 })],
            },
          },
        ],
      });
      const parsed = experimental.parseLoadBalancingConfig(JSON.parse(text).loadBalancingConfig[0]);
      expect(parsed.toJsonObject()).toEqual({
        outlier_detection: {
          interval: { seconds: 0, nanos: 200_000_000 },
          base_ejection_time: { seconds: 30, nanos: 0 },
          max_ejection_time: { seconds: 300, nanos: 0 },
          max_ejection_percent: 50,
          success_rate_ejection: undefined,
          failure_percentage_ejection: {
            threshold: 50,
            enforcement_percentage: 100,
            minimum_hosts: 2,
            request_volume: 5,
          },
          child_policy: [{ custom_round_robin: { repeatCount: 1 } }],
        },
      });
    });

    test('writes the fields of gRFC A58 as grpc-js reads them', () => {
      const text = serviceConfig({
        loadBalancingConfig: [
          {
            weighted_round_robin: {
              enableOobLoadReport: true,
              oobLoadReportingPeriod: '3s',
              blackoutPeriod: '4s',
              weightExpirationPeriod: '5s',
              weightUpdatePeriod: '6s',
              errorUtilizationPenalty: 0.5,
            },
          },
        ],
      });
      const parsed = experimental.parseLoadBalancingConfig(JSON.parse(text).loadBalancingConfig[0]);
      expect(parsed.toJsonObject()).toEqual({
        enable_oob_load_report: true,
        oob_load_reporting_period: '3s',
        blackout_period: '4s',
        weight_expiration_period: '5s',
        weight_update_period: '6s',
        error_utilization_penalty: 0.5,
      });
    });

    test('does not end on a config that is nested without end', () => {
      let entry: object = { round_robin: {} };
      for (let i = 0; i < 200; i++) entry = { outlier_detection: { child_policy: [entry] } };
      expect(asPolicy(entry)).toMatch(/must not be nested more than 32 levels deep$/);
    });
  });

  describe('healthCheckConfig', () => {
    test('needs a policy that checks health, itself or below outlier_detection', () => {
      const healthCheckConfig = { serviceName: '' };
      expect(errorOf({ loadBalancingConfig: [{ round_robin: {} }], healthCheckConfig })).toBe(
        'serviceConfig: healthCheckConfig: needs a policy of @petiole/balancer, such as custom_round_robin: no other checks health',
      );
      const loadBalancingConfig = [{ outlier_detection: { childPolicy: [customRoundRobin()] } }];
      expect(errorOf({ loadBalancingConfig, healthCheckConfig })).toMatch(/^none/);
    });

    test('refuses a service name that is no string', () => {
      expect(
        errorOf({ loadBalancingConfig: [customRoundRobin()], healthCheckConfig: { serviceName: 5 } }),
      ).toBe(
        'serviceConfig: healthCheckConfig.serviceName: must be a string, "" for the server as a whole, got 5',
      );
      expect(
        errorOf({ loadBalancingConfig: [customRoundRobin()], healthCheckConfig: { servicename: '' } }),
      ).toBe('serviceConfig: healthCheckConfig.servicename: unknown field: did you mean "serviceName"?');
    });
  });

  describe('methodConfig', () => {
    const retryPolicy = {
      maxAttempts: 3,
      initialBackoff: '0.1s',
      maxBackoff: '1s',
      backoffMultiplier: 2,
      retryableStatusCodes: ['UNAVAILABLE', 14],
    };

    test.each([
      [{ name: undefined }, '.name: must be an array such as [{"service": "pkg.Service"}], got nothing'],
      [{ name: {} }, '.name: must be an array such as [{"service": "pkg.Service"}], got {}'],
      [{ name: [] }, '.name: must name a service, a method, or with [{}] all methods, got []'],
      [{ name: ['pkg.Service'] }, '.name[0]: must be an object, got "pkg.Service"'],
      [{ name: [{ service: 1 }] }, '.name[0].service: must be a string, got 1'],
      [{ name: [{ method: 'M' }] }, '.name[0].method: must not stand without a service'],
      [
        { name: [{ service: '/pkg.S' }] },
        '.name[0].service: must be a name without slashes such as "pkg.Service", got "/pkg.S"',
      ],
      [{ name: [{ services: 'pkg.S' }] }, '.name[0].services: unknown field: did you mean "service"?'],
      [
        { name: [{ service: 'a' }, { service: 'a' }] },
        '.name[1]: must not be named twice: methodConfig[0].name[0] is the same',
      ],
      [{ timeout: '5' }, '.timeout: must be a Duration such as "5s" or "0.250s", got "5"'],
      [{ timeout: 5 }, '.timeout: must be a Duration such as "5s" or "0.250s", got 5'],
      [{ timeout: '-1s' }, '.timeout: must be a Duration such as "5s" or "0.250s", got "-1s"'],
      [{ timeout: '0s' }, '.timeout: must be a Duration of at least "0.001s", got "0s"'],
      [{ timeout: '0.0009s' }, '.timeout: must be a Duration of at least "0.001s", got "0.0009s"'],
      [
        { timeout: { seconds: 1 } },
        '.timeout: must be a Duration such as "5s" or "0.250s", got {"seconds":1}',
      ],
      [
        { waitForReady: true },
        '.waitForReady: is not read: set it on each call: new Metadata({ waitForReady: true })',
      ],
      [
        { maxRequestMessageBytes: 9 },
        '.maxRequestMessageBytes: is not read: set the channel option grpc.max_send_message_length',
      ],
      [
        { maxResponseMessageBytes: 9 },
        '.maxResponseMessageBytes: is not read: set the channel option grpc.max_receive_message_length',
      ],
      [
        { maxRequestBytes: 9 },
        '.maxRequestBytes: is not read: set the channel option grpc.max_send_message_length',
      ],
      [
        { maxResponseBytes: 9 },
        '.maxResponseBytes: is not read: set the channel option grpc.max_receive_message_length',
      ],
      [{ retry_policy: {} }, '.retry_policy: unknown field: did you mean "retryPolicy"?'],
      [{ retryPolicy: 3 }, '.retryPolicy: must be an object, got 3'],
      [
        { retryPolicy: { ...retryPolicy, maxAttempts: 1 } },
        '.retryPolicy.maxAttempts: must be an integer from 2 to 5, got 1',
      ],
      [
        { retryPolicy: { ...retryPolicy, initialBackoff: '1' } },
        '.retryPolicy.initialBackoff: must be a Duration above 0 s such as "0.1s", got "1"',
      ],
      [
        { retryPolicy: { ...retryPolicy, maxBackoff: '0s' } },
        '.retryPolicy.maxBackoff: must be a Duration above 0 s such as "0.1s", got "0s"',
      ],
      [
        { retryPolicy: { ...retryPolicy, maxBackoff: '9999999s' } },
        '.retryPolicy.maxBackoff: must be at most 1789569 s, got "9999999s"',
      ],
      [
        { retryPolicy: { ...retryPolicy, backoffMultiplier: 0 } },
        '.retryPolicy.backoffMultiplier: must be a number above 0, got 0',
      ],
      [
        { retryPolicy: { ...retryPolicy, retryableStatusCodes: [] } },
        '.retryPolicy.retryableStatusCodes: must be an array of status codes such as ["UNAVAILABLE"], got []',
      ],
      [
        { retryPolicy: { ...retryPolicy, retryableStatusCodes: ['UNAVAILBLE'] } },
        '.retryPolicy.retryableStatusCodes[0]: must be a status code that an RPC can fail with, such as "UNAVAILABLE" or 14, got "UNAVAILBLE"',
      ],
      [
        { retryPolicy: { ...retryPolicy, retryableStatusCodes: [0] } },
        '.retryPolicy.retryableStatusCodes[0]: must be a status code that an RPC can fail with, such as "UNAVAILABLE" or 14, got 0',
      ],
      [
        { retryPolicy: { ...retryPolicy, maxAttemps: 3 } },
        '.retryPolicy.maxAttemps: unknown field: did you mean "maxAttempts"?',
      ],
      [
        { retryPolicy, hedgingPolicy: { maxAttempts: 2 } },
        '.hedgingPolicy: must not stand beside a retryPolicy',
      ],
      [
        { hedgingPolicy: { maxAttempts: 2, hedgingDelay: 1 } },
        '.hedgingPolicy.hedgingDelay: must be a Duration of 0 s or more such as "0.1s", got 1',
      ],
      [
        { hedgingPolicy: { maxAttempts: 2, nonFatalStatusCodes: 'UNAVAILABLE' } },
        '.hedgingPolicy.nonFatalStatusCodes: must be an array of status codes such as ["UNAVAILABLE"], got "UNAVAILABLE"',
      ],
    ])('refuses %j', (entry, message) => {
      expect(asMethod(entry)).toBe(`serviceConfig: methodConfig[0]${message}`);
    });

    test('refuses a method that two entries name', () => {
      const methodConfig = [{ name: [{}] }, { name: [{ service: 'a' }, {}] }];
      expect(errorOf({ loadBalancingConfig: [{ round_robin: {} }], methodConfig })).toBe(
        'serviceConfig: methodConfig[1].name[1]: must not be named twice: methodConfig[0].name[0] is the same',
      );
    });

    test('leaves a field out that is null, as proto3 JSON writes an absent one', () => {
      const nothing = { timeout: null, retryPolicy: null, hedgingPolicy: null };
      expect(asMethod(nothing)).toBe(
        'none: {"loadBalancingConfig":[{"round_robin":{}}],"methodConfig":[{"name":[{}]}]}',
      );
    });

    test('accepts more attempts than grpc-js makes by default: a channel option raises the limit', () => {
      expect(asMethod({ retryPolicy: { ...retryPolicy, maxAttempts: 9 } })).toMatch(/^none/);
    });
  });

  describe('the whole', () => {
    test.each([
      [
        { loadBalancingConfig: [{ round_robin: {} }], methodConfig: {} },
        'methodConfig: must be an array of objects, got {}',
      ],
      [
        { loadBalancingConfig: [{ round_robin: {} }], retryThrottling: { maxTokens: 1001, tokenRatio: 1 } },
        'retryThrottling.maxTokens: must be a number of at least 0.001 and at most 1000, got 1001',
      ],
      [
        { loadBalancingConfig: [{ round_robin: {} }], retryThrottling: { maxTokens: 10, tokenRatio: 0 } },
        'retryThrottling.tokenRatio: must be a number of at least 0.001, got 0',
      ],
      [
        {
          loadBalancingConfig: [{ round_robin: {} }],
          retryThrottling: { maxTokens: 10, tokenRatio: 0.0004 },
        },
        'retryThrottling.tokenRatio: must be a number of at least 0.001, got 0.0004',
      ],
      [
        { loadBalancingConfig: [{ round_robin: {} }], retryThrotling: {} },
        'retryThrotling: unknown field: did you mean "retryThrottling"?',
      ],
      [
        { loadBalancingConfig: [{ round_robin: {} }], loadBalancingPolicy: 'ROUND_ROBIN' },
        'loadBalancingPolicy: is never read by grpc-js: write loadBalancingConfig: [{"round_robin": {}}]',
      ],
    ])('refuses %j', (options, message) => {
      expect(errorOf(options)).toBe(`serviceConfig: ${message}`);
    });
  });

  describe('property: what serviceConfig writes', () => {
    const seconds = fc.integer({ min: 0, max: 2_147_482 });
    const duration = fc
      .tuple(seconds, fc.constantFrom('', '.5', '.25', '.001', '.000000001', '.999999999', '.010'))
      .map(([whole, fraction]) => ({
        text: `${whole}${fraction}s`,
        ms: whole * 1000 + Number(`0${fraction}`) * 1000,
      }));
    // grpc-js makes pauses up to a fifth longer, and its timers end with 31 bits of milliseconds.
    const pause = duration.filter(({ ms }) => ms > 0 && ms * 1.2 < 2 ** 31).map(({ text }) => text);
    const maxAttempts = fc.integer({ min: 2, max: 5 });
    const codes = fc.array(fc.constantFrom('UNAVAILABLE' as const, 'aborted' as 'ABORTED', status.INTERNAL), {
      minLength: 1,
    });
    const retries = fc.record({
      retryPolicy: fc.record({
        maxAttempts,
        initialBackoff: pause,
        maxBackoff: pause,
        backoffMultiplier: fc.double({ min: 0.1, max: 9, noNaN: true }),
        retryableStatusCodes: codes,
      }),
    });
    const hedging = fc.record({
      hedgingPolicy: fc.record(
        { maxAttempts, hedgingDelay: pause, nonFatalStatusCodes: codes },
        { requiredKeys: ['maxAttempts'] },
      ),
    });
    const timeout = fc.record(
      { timeout: duration.filter(({ ms }) => ms >= 1).map(({ text }) => text) },
      { requiredKeys: [] },
    );
    const leaf = fc.oneof(
      fc
        .record({ repeatCount: fc.integer({ min: 1, max: 2 ** 32 - 1 }) })
        .map((config) => customRoundRobin(config)),
      fc.record({ choiceCount: fc.integer({ min: 2, max: 20 }) }).map((config) => leastRequest(config)),
      fc.constant({ round_robin: {} }),
    );
    const policy = fc.oneof(
      leaf,
      fc
        .record({ interval: pause, child_policy: fc.array(leaf, { minLength: 1, maxLength: 2 }) })
        .map((config) => ({ outlier_detection: config })),
    );
    const methods = fc
      .uniqueArray(fc.tuple(fc.constantFrom('', 'a.A', 'b.B'), fc.constantFrom('', 'M')), {
        selector: (name) => name.join('/'),
        maxLength: 4,
      })
      .chain((names) =>
        fc.tuple(
          ...names.map(([service, method]) =>
            fc.tuple(timeout, fc.oneof(retries, hedging, fc.constant({}))).map(
              ([a, b]): MethodConfig => ({
                name: [service === '' ? {} : method === '' ? { service } : { service, method }],
                ...a,
                ...b,
              }),
            ),
          ),
        ),
      )
      .filter((configs) => configs.filter(({ name }) => name[0]?.service === undefined).length <= 1);
    const options = fc.record(
      {
        loadBalancingConfig: fc.array(policy, { minLength: 1, maxLength: 3 }),
        methodConfig: methods,
        retryThrottling: fc.record({
          maxTokens: fc.integer({ min: 1, max: 1000 }),
          tokenRatio: fc.constantFrom(0.1, 0.5, 1.25),
        }),
      },
      { requiredKeys: ['loadBalancingConfig'] },
    );

    test('grpc-js reads back with the same values, and checkServiceConfig objects to nothing in it', () => {
      fc.assert(
        fc.property(options, (given) => {
          const text = serviceConfig(given);
          expect(checkServiceConfig(text).filter(({ severity }) => severity !== 'note')).toEqual([]);
          const read = validateServiceConfig(JSON.parse(text));
          expect(read.loadBalancingConfig).toHaveLength(given.loadBalancingConfig.length);
          expect(read.retryThrottling).toEqual(given.retryThrottling);
          expect(read.methodConfig).toHaveLength(given.methodConfig?.length ?? 0);
          for (const [i, { timeout: written, ...rest }] of (given.methodConfig ?? []).entries()) {
            const { timeout: got, ...others } = read.methodConfig[i] as (typeof read.methodConfig)[number];
            expect(others).toEqual(rest);
            expect(got && got.seconds * 1000 + got.nanos / 1e6).toEqual(
              written === undefined
                ? undefined
                : expect.closeTo(Number.parseFloat(written as string) * 1000, 5),
            );
          }
        }),
      );
    });
  });

  describe('beside the real grpc-js', () => {
    let client: Client | undefined;
    let backend: Backend | undefined;

    afterEach(() => {
      client?.close();
      backend?.kill();
    });

    const connect = (target: string, text: string) => {
      client = new Client(target, credentials.createInsecure(), {
        'grpc.service_config': text,
        'grpc.use_local_subchannel_pool': 1,
        'grpc.enable_http_proxy': 0,
        'grpc.initial_reconnect_backoff_ms': 100,
      });
    };
    const unary = (metadata = new Metadata()): Promise<number> =>
      new Promise((resolve) => {
        const same = (value: Buffer) => value;
        client?.makeUnaryRequest(
          UNARY,
          same,
          same,
          Buffer.from('x'),
          metadata,
          { deadline: Date.now() + 5000 },
          (error) => resolve(error?.code ?? 0),
        );
      });

    test('the timeout "0.5s" kills every RPC in grpc-js at once; as serviceConfig writes it, it is half a second', async () => {
      backend = await Backend.start({
        unary: (call, callback) => setImmediate(() => callback(null, call.request)),
      });
      const methodConfig = [{ name: [{}], timeout: '0.5s' }];
      connect(backend.peer, JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }], methodConfig }));
      expect(await unary()).toBe(status.DEADLINE_EXCEEDED);
      client?.close();
      connect(backend.peer, serviceConfig({ loadBalancingConfig: [{ round_robin: {} }], methodConfig }));
      expect(await unary()).toBe(status.OK);
    });

    test('and RPCs that take longer end after it', async () => {
      backend = await Backend.start({ unary: () => {} });
      connect(
        backend.peer,
        serviceConfig({
          loadBalancingConfig: [customRoundRobin()],
          methodConfig: [{ name: [{}], timeout: '0.2s' }],
        }),
      );
      const start = performance.now();
      expect(await unary()).toBe(status.DEADLINE_EXCEEDED);
      expect(performance.now() - start).toBeGreaterThan(195);
      expect(performance.now() - start).toBeLessThan(4000);
    });

    test('what its message says of waitForReady is true: the field does nothing, the metadata option does', async () => {
      backend = await Backend.start();
      backend.kill();
      const waiting = { name: [{}], waitForReady: true };
      connect(
        backend.peer,
        JSON.stringify({ loadBalancingConfig: [customRoundRobin()], methodConfig: [waiting] }),
      );
      expect(await unary()).toBe(status.UNAVAILABLE);
      const rpc = unary(new Metadata({ waitForReady: true }));
      await backend.restart();
      expect(await rpc).toBe(status.OK);
    });

    test('what its message says of message sizes is true: grpc-js has the channel option instead', async () => {
      backend = await Backend.start();
      const limit = { name: [{}], maxRequestBytes: 0, maxRequestMessageBytes: 0, maxResponseBytes: 0 };
      connect(backend.peer, JSON.stringify({ methodConfig: [limit] }));
      expect(await unary()).toBe(status.OK);
      client?.close();
      for (const option of ['grpc.max_send_message_length', 'grpc.max_receive_message_length']) {
        client = new Client(backend.peer, credentials.createInsecure(), { [option]: 0 });
        expect(await unary()).toBe(status.RESOURCE_EXHAUSTED);
        client.close();
      }
    });
  });
});
