/** `readServiceConfig()`: what resolvers hand to grpc-js. */
import { experimental } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { integer, readServiceConfig, ServiceConfigError, type ServiceConfigInput } from '../src/index.js';
import { declareFields, petiolePolicies } from '../src/internal.js';

const fromDns = (input: ServiceConfigInput) => readServiceConfig(input, 'dns');
const ofProgram = (input: ServiceConfigInput) => readServiceConfig(input, 'program');

describe('a service config', () => {
  it('comes out in the form that grpc-js reads', () => {
    const json = {
      loadBalancingConfig: [{ no_such_policy: {} }, { round_robin: {} }],
      methodConfig: [
        { name: [{ service: 'a.B', method: 'C' }], timeout: '1.5s', waitForReady: true },
        { name: [{ service: 'a.B' }, {}], timeout: { seconds: 2, nanos: 5 }, maxRequestBytes: '1024' },
        {
          name: [{ service: 'r' }],
          retryPolicy: {
            maxAttempts: 3,
            initialBackoff: '0.1s',
            maxBackoff: '1s',
            backoffMultiplier: 2,
            retryableStatusCodes: ['UNAVAILABLE', 8],
          },
        },
        {
          name: [{ service: 'h' }],
          hedgingPolicy: { maxAttempts: 2, hedgingDelay: '0.5s', nonFatalStatusCodes: ['ABORTED'] },
        },
      ],
      retryThrottling: { maxTokens: 10, tokenRatio: 0.12345 },
      healthCheckConfig: { serviceName: 'a.B' },
      connectionScaling: { maxConnectionsPerSubchannel: 5 },
      fieldOfTheFuture: 1,
    };
    const expected = {
      config: {
        loadBalancingConfig: json.loadBalancingConfig,
        methodConfig: [
          {
            name: [{ service: 'a.B', method: 'C' }],
            timeout: { seconds: 1, nanos: 500_000_000 },
            waitForReady: true,
          },
          { name: [{ service: 'a.B' }, {}], timeout: { seconds: 2, nanos: 5 }, maxRequestBytes: 1024 },
          { name: [{ service: 'r' }], retryPolicy: json.methodConfig[2]?.retryPolicy },
          { name: [{ service: 'h' }], hedgingPolicy: json.methodConfig[3]?.hedgingPolicy },
        ],
        retryThrottling: { maxTokens: 10, tokenRatio: 0.123 },
      },
      healthCheckServiceName: 'a.B',
      maxConnections: 5,
    };
    expect(fromDns(json)).toEqual(expected);
    expect(fromDns(JSON.stringify(json))).toEqual(expected);
  });

  it.each([
    ['0.5s', { seconds: 0, nanos: 500_000_000 }],
    ['10s', { seconds: 10, nanos: 0 }],
    ['0.001000001s', { seconds: 0, nanos: 1_000_001 }],
  ])('reads the timeout %s as proto3 JSON means it', (timeout, expected) => {
    const { config } = fromDns({ methodConfig: [{ name: [{}], timeout }] });
    expect(config.methodConfig[0]?.timeout).toEqual(expected);
  });

  it('takes the deprecated loadBalancingPolicy, which grpc-js never reads', () => {
    expect(fromDns({ loadBalancingPolicy: 'ROUND_ROBIN' }).config.loadBalancingConfig).toEqual([
      { round_robin: {} },
    ]);
  });

  it('has every field but the lists optional', () => {
    expect(fromDns({})).toEqual({
      config: { loadBalancingConfig: [], methodConfig: [] },
      healthCheckServiceName: null,
      maxConnections: 1,
    });
    expect(fromDns({ methodConfig: null, healthCheckConfig: {} }).healthCheckServiceName).toBeNull();
  });

  const method = (fields: object) => ({ methodConfig: [{ name: [{}], ...fields }] });
  const retry = (fields: object, beside: object = {}) =>
    method({
      ...beside,
      retryPolicy: {
        maxAttempts: 2,
        initialBackoff: '1s',
        maxBackoff: '1s',
        backoffMultiplier: 1,
        retryableStatusCodes: ['UNAVAILABLE'],
        ...fields,
      },
    });

  it.each([
    ['[', 'service config: it must be JSON'],
    ['[]', 'service config: it must be a JSON object, got []'],
    [{ loadBalancingConfig: {} }, 'loadBalancingConfig must be an array of policies such as'],
    [
      { loadBalancingConfig: ['round_robin'] },
      'loadBalancingConfig[0] must be an object such as {"round_robin": {}}, got "round_robin"',
    ],
    [
      { loadBalancingConfig: [{ a: {}, b: {} }] },
      'loadBalancingConfig[0] must have exactly one key, the name of a policy, got a, b',
    ],
    [
      { loadBalancingConfig: [{ round_robin: 1 }] },
      'loadBalancingConfig[0].round_robin must be an object, got 1',
    ],
    [
      { loadBalancingConfig: [{ unknown: {} }] },
      'loadBalancingConfig[0]: unknown is not registered with grpc-js: call register() of the policy first',
    ],
    [
      { loadBalancingConfig: [{ pick_first: { shuffleAddressList: 1 } }] },
      'loadBalancingConfig[0].pick_first: pick_first config field shuffleAddressList must be a boolean',
    ],
    [{ loadBalancingPolicy: 'unknown' }, 'unknown is not registered with grpc-js'],
    [{ methodConfig: {} }, 'methodConfig must be an array of objects, got {}'],
    [{ methodConfig: [{}] }, 'methodConfig[0].name must be an array'],
    [
      { methodConfig: [{ name: [{ method: 'm' }] }] },
      'methodConfig[0].name[0].method must not stand without a service',
    ],
    [
      { methodConfig: [{ name: [{}] }, { name: [{}] }] },
      'methodConfig[1].name[0] must not be named twice: methodConfig[0].name[0] is the same',
    ],
    [method({ timeout: '0.5' }), 'methodConfig[0].timeout must be a Duration such as'],
    [method({ timeout: 500 }), 'methodConfig[0].timeout must be a Duration such as'],
    [method({ timeout: { seconds: -1 } }), 'methodConfig[0].timeout must be a Duration such as'],
    [method({ timeout: {} }), 'methodConfig[0].timeout must be a Duration such as'],
    [method({ timeout: { seconds: true } }), 'methodConfig[0].timeout must be a Duration such as'],
    [method({ timeout: { seconds: '1', nanos: 0 } }), 'methodConfig[0].timeout must be a Duration such as'],
    [method({ waitForReady: 'yes' }), 'methodConfig[0].waitForReady must be true or false, got "yes"'],
    [
      method({ maxResponseBytes: -1 }),
      'methodConfig[0].maxResponseBytes must be an integer of at least 0, got -1',
    ],
    [retry({}, { hedgingPolicy: { maxAttempts: 2 } }), 'hedgingPolicy must not stand beside a retryPolicy'],
    [retry({ maxAttempts: 1 }), 'retryPolicy.maxAttempts must be an integer from 2 to 5, got 1'],
    [
      retry({ initialBackoff: 1 }),
      'retryPolicy.initialBackoff must be a Duration above 0 s such as "0.1s", got 1',
    ],
    [retry({ backoffMultiplier: 0 }), 'retryPolicy.backoffMultiplier must be a number above 0, got 0'],
    [
      retry({ retryableStatusCodes: [] }),
      'retryPolicy.retryableStatusCodes must be an array of status codes such as ["UNAVAILABLE"], got []',
    ],
    [
      retry({ retryableStatusCodes: ['NOPE'] }),
      'retryPolicy.retryableStatusCodes[0] must be a status code that an RPC can fail with',
    ],
    [
      retry({ retryableStatusCodes: [99] }),
      'retryPolicy.retryableStatusCodes[0] must be a status code that an RPC can fail with',
    ],
    [
      { retryThrottling: { maxTokens: 0 } },
      'retryThrottling.maxTokens must be a number of at least 0.001 and at most 1000',
    ],
    [
      { retryThrottling: { maxTokens: 1, tokenRatio: 0 } },
      'retryThrottling.tokenRatio must be a number of at least 0.001, got 0',
    ],
    [
      { healthCheckConfig: { serviceName: 5 } },
      'healthCheckConfig.serviceName must be a string, "" for the server as a whole, got 5',
    ],
  ])('%j is refused by field, value and what is allowed', (input, message) => {
    expect(() => fromDns(input)).toThrow(ServiceConfigError);
    expect(() => fromDns(input)).toThrow(message);
  });
});

describe('a policy that declares the fields of its config', () => {
  class PickyConfig {
    static createFromJson = (): PickyConfig => new PickyConfig();
    getLoadBalancerName = (): string => 'picky';
    toJsonObject = (): object => ({ picky: {} });
  }
  class Picky {}
  experimental.registerLoadBalancerType('picky', Picky as never, PickyConfig);
  petiolePolicies().registered.set('picky', declareFields('picky', { count: integer({ min: 1 }) }));

  it('is believed', () => {
    expect(() => fromDns({ loadBalancingConfig: [{ picky: { count: 0 } }] })).toThrow(
      'loadBalancingConfig[0].picky.count must be an integer of 1 or more, got 0',
    );
    const good = { loadBalancingConfig: [{ picky: { count: 1 } }] };
    expect(fromDns(good).config.loadBalancingConfig).toEqual(good.loadBalancingConfig);
  });
});

describe('a service config of the program itself', () => {
  const name = [{}];

  it.each([
    [
      { loadBalancing: [{ round_robin: {} }] },
      'service config: loadBalancing: unknown field: did you mean "loadBalancingConfig"?',
    ],
    [
      { load_balancing_config: [] },
      'load_balancing_config: unknown field: did you mean "loadBalancingConfig"?',
    ],
    [
      { loadBalancingConfigs: [] },
      'loadBalancingConfigs: unknown field: did you mean "loadBalancingConfig"?',
    ],
    [{ methodConfigs: [] }, 'methodConfigs: unknown field: did you mean "methodConfig"?'],
    [{ throttling: {} }, 'throttling: unknown field: did you mean "retryThrottling"?'],
    [{ healthCheck: {} }, 'healthCheck: unknown field: did you mean "healthCheckConfig"?'],
    [{ timeout: '1s' }, 'timeout must be in an entry of methodConfig, got "1s"'],
    [
      { methodConfig: [{ name, waitForReady: true }] },
      'methodConfig[0].waitForReady is not read: set it on each call: new Metadata({ waitForReady: true })',
    ],
    [
      { methodConfig: [{ name, maxRequestBytes: 5 }] },
      'methodConfig[0].maxRequestBytes is not read: set the channel option grpc.max_send_message_length',
    ],
    [{ methodConfig: [{ name, maxResponseBytes: '5' }] }, 'grpc.max_receive_message_length'],
    [{ methodConfig: [{ name, maxRequestMessageBytes: 5 }] }, 'grpc.max_send_message_length'],
    [
      { methodConfig: [{ name, retry_policy: {} }] },
      'methodConfig[0].retry_policy: unknown field: did you mean "retryPolicy"?',
    ],
    [
      { methodConfig: [{ name, wait_for_ready: true }] },
      'wait_for_ready: unknown field: did you mean "waitForReady"?',
    ],
    [
      { methodConfig: [{ name: [{ Service: 'echo.Echo' }] }] },
      'methodConfig[0].name[0].Service: unknown field: did you mean "service"?',
    ],
    [
      { methodConfig: [{ name, hedgingPolicy: { maxAttempts: 2, hedging_delay: '1s' } }] },
      'methodConfig[0].hedgingPolicy.hedging_delay: unknown field: did you mean "hedgingDelay"?',
    ],
    [
      { healthCheckConfig: { service_name: 'x' } },
      'healthCheckConfig.service_name: unknown field: did you mean "serviceName"?',
    ],
  ])('%j is refused, and ignored when it comes from elsewhere', (input, message) => {
    for (const form of [input, JSON.stringify(input)]) {
      expect(() => ofProgram(form)).toThrow(ServiceConfigError);
      expect(() => ofProgram(form)).toThrow(message);
      expect(() => fromDns(form)).not.toThrow();
    }
  });

  it('may have fields that nobody knows yet, the deprecated one, and waitForReady: false', () => {
    const config = {
      loadBalancingPolicy: 'round_robin',
      methodConfig: [{ name, waitForReady: false, later: 1 }],
      connectionScaling: { maxConnectionsPerSubchannel: 2 },
    };
    expect(ofProgram(config)).toEqual(fromDns(config));
  });
});
