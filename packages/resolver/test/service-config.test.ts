import { experimental } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { ServiceConfigError } from '../src/index.js';
import { prepareOwnServiceConfig } from '../src/own-service-config.js';
import { prepareServiceConfig } from '../src/service-config.js';
import { selectServiceConfig } from '../src/txt-service-config.js';

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
    };
    expect(prepareServiceConfig(json)).toEqual(expected);
    expect(prepareServiceConfig(JSON.stringify(json))).toEqual(expected);
  });

  it.each([
    ['0.5s', { seconds: 0, nanos: 500_000_000 }],
    ['10s', { seconds: 10, nanos: 0 }],
    ['0.000000001s', { seconds: 0, nanos: 1 }],
  ])('reads the timeout %s as proto3 JSON means it', (timeout, expected) => {
    const { config } = prepareServiceConfig({ methodConfig: [{ name: [{}], timeout }] });
    expect(config.methodConfig[0]?.timeout).toEqual(expected);
  });

  it('takes the deprecated loadBalancingPolicy, which grpc-js never reads', () => {
    expect(prepareServiceConfig({ loadBalancingPolicy: 'ROUND_ROBIN' }).config.loadBalancingConfig).toEqual([
      { round_robin: {} },
    ]);
  });

  it('has every field but the lists optional', () => {
    expect(prepareServiceConfig({})).toEqual({
      config: { loadBalancingConfig: [], methodConfig: [] },
      healthCheckServiceName: null,
    });
    expect(
      prepareServiceConfig({ methodConfig: null, healthCheckConfig: {} }).healthCheckServiceName,
    ).toBeNull();
  });

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

  it.each([
    ['[', 'service config: it must be JSON'],
    ['[]', 'service config: it must be an object, got []'],
    [{ loadBalancingConfig: {} }, 'loadBalancingConfig must be an array'],
    [{ loadBalancingConfig: ['round_robin'] }, 'loadBalancingConfig[0] must be an object with one key'],
    [{ loadBalancingConfig: [{ a: {}, b: {} }] }, 'loadBalancingConfig[0] must be an object with one key'],
    [
      { loadBalancingConfig: [{ round_robin: 1 }] },
      'loadBalancingConfig[0].round_robin must be an object, got 1',
    ],
    [{ loadBalancingConfig: [{ unknown: {} }] }, 'must be a list that names at least one registered policy'],
    [
      { loadBalancingConfig: [{ pick_first: { shuffleAddressList: 1 } }] },
      'loadBalancingConfig[0].pick_first must be a valid config',
    ],
    [{ loadBalancingPolicy: 'unknown' }, 'names at least one registered policy'],
    [{ methodConfig: {} }, 'methodConfig must be an array, got {}'],
    [{ methodConfig: [{}] }, 'methodConfig[0].name must be an array'],
    [
      { methodConfig: [{ name: [{ method: 'm' }] }] },
      'methodConfig[0].name[0].method must be absent where service is',
    ],
    [
      { methodConfig: [{ name: [{}] }, { name: [{}] }] },
      'methodConfig[1].name must be a name that no other entry has',
    ],
    [method({ timeout: '0.5' }), 'methodConfig[0].timeout must be a duration string'],
    [method({ timeout: 500 }), 'methodConfig[0].timeout must be a duration string'],
    [method({ timeout: { seconds: -1 } }), 'methodConfig[0].timeout must be a duration string'],
    [method({ timeout: {} }), 'methodConfig[0].timeout must be a duration string'],
    [method({ timeout: { seconds: true } }), 'methodConfig[0].timeout must be a duration string'],
    [method({ timeout: { seconds: '1', nanos: 0 } }), 'methodConfig[0].timeout must be a duration string'],
    [method({ waitForReady: 'yes' }), 'methodConfig[0].waitForReady must be true or false, got "yes"'],
    [
      method({ maxResponseBytes: -1 }),
      'methodConfig[0].maxResponseBytes must be an integer of at least 0, got -1',
    ],
    [method({ retryPolicy: {}, hedgingPolicy: {} }), 'without retryPolicy or without hedgingPolicy'],
    [retry({ maxAttempts: 1 }), 'retryPolicy.maxAttempts must be an integer of at least 2, got 1'],
    [retry({ initialBackoff: 1 }), 'retryPolicy.initialBackoff must be a duration string'],
    [retry({ backoffMultiplier: 0 }), 'retryPolicy.backoffMultiplier must be a number above 0, got 0'],
    [retry({ retryableStatusCodes: [] }), 'retryPolicy.retryableStatusCodes must be an array, not empty'],
    [retry({ retryableStatusCodes: ['NOPE'] }), 'retryPolicy.retryableStatusCodes[0] must be a status name'],
    [retry({ retryableStatusCodes: [99] }), 'retryPolicy.retryableStatusCodes[0] must be a status name'],
    [{ retryThrottling: { maxTokens: 0 } }, 'retryThrottling.maxTokens must be a number above 0'],
    [
      { retryThrottling: { maxTokens: 1, tokenRatio: 0 } },
      'retryThrottling.tokenRatio must be a number above 0',
    ],
    [{ healthCheckConfig: { serviceName: 5 } }, 'healthCheckConfig.serviceName must be a string, got 5'],
  ])('%j is refused by field, value and what is allowed', (input, message) => {
    expect(() => prepareServiceConfig(input)).toThrow(ServiceConfigError);
    expect(() => prepareServiceConfig(input)).toThrow(message);
  });
});

describe('a policy that reports a bad config as a value', () => {
  /** As the policies of `@petiole/balancer` do. */
  class PickyConfig {
    readonly error: Error | undefined;
    constructor(error: Error | undefined) {
      this.error = error;
    }
    static createFromJson({ count }: { count?: number }): PickyConfig {
      return new PickyConfig(count === 0 ? new Error('picky: count must be 1 or more, got 0') : undefined);
    }
    getLoadBalancerName(): string {
      return 'picky';
    }
    toJsonObject(): object {
      return { picky: {} };
    }
  }
  class Picky {}
  experimental.registerLoadBalancerType('picky', Picky as never, PickyConfig);

  it('is believed', () => {
    expect(() => prepareServiceConfig({ loadBalancingConfig: [{ picky: { count: 0 } }] })).toThrow(
      'loadBalancingConfig[0].picky must be a valid config (picky: count must be 1 or more, got 0), got {"count":0}',
    );
    const good = { loadBalancingConfig: [{ picky: { count: 1 } }] };
    expect(prepareServiceConfig(good).config.loadBalancingConfig).toEqual(good.loadBalancingConfig);
  });
});

describe('a service config of the program itself', () => {
  const name = [{}];

  it.each([
    [
      { loadBalancing: [{ round_robin: {} }] },
      'service config: loadBalancing must be called loadBalancingConfig here, got [{"round_robin":{}}]',
    ],
    [{ load_balancing_config: [] }, 'load_balancing_config must be called loadBalancingConfig here'],
    [{ loadBalancingConfigs: [] }, 'loadBalancingConfigs must be called loadBalancingConfig here'],
    [{ methodConfigs: [] }, 'methodConfigs must be called methodConfig here'],
    [{ throttling: {} }, 'throttling must be called retryThrottling here'],
    [{ healthCheck: {} }, 'healthCheck must be called healthCheckConfig here'],
    [{ timeout: '1s' }, 'timeout must be in an entry of methodConfig, got "1s"'],
    [
      { methodConfig: [{ name, waitForReady: true }] },
      'methodConfig[0].waitForReady must be absent, because grpc-js does not read it (give each call new Metadata({ waitForReady: true })), got true',
    ],
    [
      { methodConfig: [{ name, maxRequestBytes: 5 }] },
      'methodConfig[0].maxRequestBytes must be absent, because grpc-js does not read it (set the channel option grpc.max_send_message_length), got 5',
    ],
    [{ methodConfig: [{ name, maxResponseBytes: '5' }] }, 'grpc.max_receive_message_length'],
    [{ methodConfig: [{ name, maxRequestMessageBytes: 5 }] }, 'grpc.max_send_message_length'],
    [
      { methodConfig: [{ name, retry_policy: {} }] },
      'methodConfig[0].retry_policy must be called retryPolicy here, got {}',
    ],
    [{ methodConfig: [{ name, wait_for_ready: true }] }, 'must be called waitForReady here'],
    [
      { methodConfig: [{ name: [{ Service: 'echo.Echo' }] }] },
      'methodConfig[0].name[0].Service must be called service here, got "echo.Echo"',
    ],
    [
      { methodConfig: [{ name, hedgingPolicy: { maxAttempts: 2, hedging_delay: '1s' } }] },
      'methodConfig[0].hedgingPolicy.hedging_delay must be called hedgingDelay here',
    ],
    [
      { healthCheckConfig: { service_name: 'x' } },
      'healthCheckConfig.service_name must be called serviceName here, got "x"',
    ],
  ])('%j is refused, and ignored when it comes from elsewhere', (input, message) => {
    for (const form of [input, JSON.stringify(input)]) {
      expect(() => prepareOwnServiceConfig(form)).toThrow(ServiceConfigError);
      expect(() => prepareOwnServiceConfig(form)).toThrow(message);
      expect(() => prepareServiceConfig(form)).not.toThrow();
    }
  });

  it('may have fields that nobody knows yet, the deprecated one, and waitForReady: false', () => {
    const config = {
      loadBalancingPolicy: 'round_robin',
      methodConfig: [{ name, waitForReady: false, later: 1 }],
      connectionScaling: { maxConnectionsPerSubchannel: 2 },
    };
    expect(prepareOwnServiceConfig(config)).toEqual(prepareServiceConfig(config));
  });
});

describe('a service config in TXT (gRFC A2)', () => {
  const client = { percentile: 50, hostname: 'Pod-0' };
  const select = (choices: unknown, as = client): unknown =>
    selectServiceConfig(['other=1', `grpc_config=${JSON.stringify(choices)}`], as);
  const mine = { methodConfig: [] };

  it('is the first choice whose criteria all match', () => {
    const choices = [
      { clientLanguage: ['go', 'java'], serviceConfig: {} },
      { percentage: 50, serviceConfig: {} },
      { clientHostname: ['pod-0'], serviceConfig: {} },
      { clientLanguage: ['NODE'], clientHostname: ['Pod-0'], percentage: 51, serviceConfig: mine },
      { serviceConfig: {} },
    ];
    expect(select(choices)).toEqual(mine);
  });

  it('matches everyone with empty or absent criteria', () => {
    expect(select([{ clientLanguage: [], clientHostname: [], serviceConfig: mine }])).toEqual(mine);
  });

  it('reaches no one at 0 percent and everyone at 100', () => {
    expect(select([{ percentage: 0, serviceConfig: mine }], { ...client, percentile: 0 })).toBeNull();
    expect(select([{ percentage: 100, serviceConfig: mine }], { ...client, percentile: 99.999 })).toEqual(
      mine,
    );
  });

  it('is none without a record or without a match', () => {
    expect(selectServiceConfig(['v=spf1 -all'], client)).toBeNull();
    expect(select([{ clientLanguage: ['go'], serviceConfig: {} }])).toBeNull();
    expect(select([])).toBeNull();
  });

  it.each([
    [{}, 'grpc_config must be an array of choices'],
    [[1], 'grpc_config[0] must be an object'],
    [
      [{ serviceConfig: {} }, { serviceConfig: {}, clientLanguages: [] }],
      'grpc_config[1] must be made of the fields',
    ],
    [[{ percentage: 1 }], 'grpc_config[0].serviceConfig must be an object'],
    [
      [{ percentage: 1.5, serviceConfig: {} }],
      'grpc_config[0].percentage must be an integer from 0 to 100, got 1.5',
    ],
    [[{ percentage: '5', serviceConfig: {} }], 'grpc_config[0].percentage must be an integer from 0 to 100'],
    [
      [{ clientLanguage: 'node', serviceConfig: {} }],
      'grpc_config[0].clientLanguage must be an array of strings',
    ],
  ])('%j is discarded as a whole', (choices, message) => {
    expect(() => select(choices)).toThrow(message);
  });
});
