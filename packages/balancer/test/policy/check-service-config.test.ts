/**
 * `checkServiceConfig()`: what it says of a config is what grpc-js does with
 * it. grpc-js's own validation is the oracle.
 */

import { Client, credentials, experimental, status } from '@grpc/grpc-js';
import { validateServiceConfig } from '@grpc/grpc-js/build/src/service-config.js';
import { Backend } from '@petiole/test-kit/backend';
import { node, start } from '@petiole/test-kit/processes/program';
import { startFleet } from '@petiole/test-kit/servers';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { healthCheckServiceOf, maxConnectionsOf } from '../../src/endpoints/channel-arguments.js';
import {
  checkServiceConfig,
  customRoundRobin,
  definePolicy,
  integer,
  leastRequest,
  serviceConfig,
} from '../../src/index.js';
import { openChannel } from '../support/fleet.js';
import { TestChannel } from '../support/test-channel.js';

beforeAll(() => {
  customRoundRobin.register();
  leastRequest.register();
});

/** The findings in short: `path outcome severity`. */
const short = (config: unknown): string[] =>
  checkServiceConfig(config).map(({ path, outcome, severity }) => `${path} ${outcome} ${severity}`);

const ours = { loadBalancingConfig: [{ custom_round_robin: {} }] };
const retryPolicy = {
  maxAttempts: 3,
  initialBackoff: '0.1s',
  maxBackoff: '1s',
  backoffMultiplier: 2,
  retryableStatusCodes: ['UNAVAILABLE'],
};

describe('a field that a policy of this package does not know', () => {
  test('is an error when it is misspelt, for those who write a config', () => {
    const misspelt = { loadBalancingConfig: [{ custom_round_robin: { repeatcount: 5, randomStart: true } }] };
    expect(checkServiceConfig(misspelt)).toEqual([
      {
        path: 'loadBalancingConfig[0].custom_round_robin.repeatcount',
        value: 5,
        outcome: 'ignored',
        happens: 'the policy does not know the field and uses its default',
        instead: 'did you mean "repeatCount"?',
        severity: 'error',
      },
    ]);
    expect(() =>
      serviceConfig({ loadBalancingConfig: [{ custom_round_robin: { repeatcount: 5 } }] }),
    ).toThrow(
      'serviceConfig: loadBalancingConfig[0].custom_round_robin.repeatcount: did you mean "repeatCount"?',
    );
    for (const config of [{ readyTimeOut: '1s' }, { ready_timeout: '1s' }, { readyTimeot: '1s' }]) {
      const [name] = Object.keys(config);
      expect(() => customRoundRobin(config as never)).toThrow(
        `custom_round_robin: ${name} is no field of its config: did you mean "readyTimeout"?`,
      );
    }
  });

  test('is a note otherwise, whatever way the policy reads its config', () => {
    const newer = { loadBalancingConfig: [{ custom_round_robin: { shuffle: true } }] };
    expect(short(newer)).toEqual(['loadBalancingConfig[0].custom_round_robin.shuffle ignored note']);
    expect(serviceConfig(newer)).toContain('shuffle');
    expect(customRoundRobin({ shuffle: true } as never)).toEqual(newer.loadBalancingConfig[0]);
    const createPicker = () => undefined;
    definePolicy({ name: 'has_a_field', fields: { a: integer() }, createPicker }).register();
    definePolicy({ name: 'has_no_field', createPicker }).register();
    const of = (name: string) => short({ loadBalancingConfig: [{ [name]: { a: 1, other: 2 } }] });
    expect(of('has_a_field')).toEqual(['loadBalancingConfig[0].has_a_field.other ignored note']);
    expect(of('has_no_field')).toEqual([
      'loadBalancingConfig[0].has_no_field.a ignored note',
      'loadBalancingConfig[0].has_no_field.other ignored note',
    ]);
  });
});

describe('a finding', () => {
  test('says where, what, what grpc-js does, and what to write instead', () => {
    expect(checkServiceConfig('{"methodConfig": [{"name": [{}], "timeout": "0.5s"}]}')).toEqual([
      {
        path: 'methodConfig[0].timeout',
        value: '0.5s',
        outcome: 'misread',
        happens: 'grpc-js reads 0 s and 5 ns',
        instead: 'write {"seconds":0,"nanos":500000000}, or have serviceConfig() write it',
        severity: 'mendable',
      },
    ]);
    expect(checkServiceConfig({ loadBalancingConfig: [{ maglev: {} }, { round_robin: {} }] })).toEqual([
      {
        path: 'loadBalancingConfig[0]',
        value: { maglev: {} },
        outcome: 'ignored',
        happens: 'grpc-js uses round_robin of the same list and logs nothing',
        instead: 'maglev is not registered with grpc-js: call register() of the policy first',
        severity: 'note',
      },
    ]);
  });

  test('is missing for configs that grpc-js and our policies obey', () => {
    expect(checkServiceConfig('{}')).toEqual([]);
    expect(checkServiceConfig({ ...ours, healthCheckConfig: { serviceName: 'a' } })).toEqual([]);
    expect(checkServiceConfig({ methodConfig: [{ name: [{}], timeout: '5s', retryPolicy }] })).toEqual([]);
    expect(checkServiceConfig({ methodConfig: [{ name: [{}], timeout: '0.500000000s' }] })).toEqual([]);
    expect(
      checkServiceConfig({ methodConfig: [{ name: [{}], timeout: { seconds: 0, nanos: 5e8 } }] }),
    ).toEqual([]);
    expect(checkServiceConfig({ retryThrottling: { maxTokens: 10, tokenRatio: 0.1 } })).toEqual([]);
  });
});

describe('what is no service config', () => {
  test.each([
    ['{"loadBalancingConfig": [}', [' throws error']],
    ['', [' ignored error']],
    ['null', [' throws error']],
    ['5', [' throws error']],
    ['"text"', [' throws error']],
    ['[]', [' ignored error']],
    [null, [' throws error']],
    [undefined, [' ignored error']],
    [7, [' throws error']],
    [[], [' ignored error']],
    [Symbol('no JSON'), [' throws error']],
    [{ big: 1n }, [' throws error']],
  ])('is a finding, not an exception: %o', (config, expected) => {
    expect(short(config)).toEqual(expected);
  });

  test('the wrapper of DNS TXT records is recognised', () => {
    const [choice] = checkServiceConfig({ serviceConfig: ours, percentage: 50 });
    expect(choice?.instead).toBe('is for DNS TXT records only: pass the object that stands under it');
  });

  test.each(['methodConfig', 'loadBalancingConfig', 'retryThrottling', 'healthCheckConfig', 'other'])(
    'does not end on a %s that is nested more deeply than the stack has room for',
    (field) => {
      const deep = '['.repeat(50_000) + ']'.repeat(50_000);
      expect(checkServiceConfig(`{"${field}":${deep}}`)).not.toEqual([]);
      expect(checkServiceConfig(deep)).not.toEqual([]);
    },
  );

  test('does not end on an object whose toJSON throws, whatever that is', () => {
    const toJSON = (): never => {
      throw null;
    };
    expect(checkServiceConfig({ toJSON })).toMatchObject([{ instead: 'must be JSON: null' }]);
  });

  test('does not end on a config that is nested without end', () => {
    let entry: object = { round_robin: {} };
    for (let i = 0; i < 200; i++) entry = { outlier_detection: { child_policy: [entry] } };
    expect(checkServiceConfig({ loadBalancingConfig: [entry] }).map(({ instead }) => instead)).toEqual([
      'must not be nested more than 32 levels deep',
    ]);
  });
});

describe('policies', () => {
  test.each([
    [{ round_robin: {} }, ['loadBalancingConfig throws error']],
    [[], ['loadBalancingConfig replaced error']],
    [[{ maglev: {} }], ['loadBalancingConfig[0] replaced error']],
    [
      [{ maglev: {} }, { ring_hash: {} }],
      ['loadBalancingConfig[0] replaced error', 'loadBalancingConfig[1] replaced error'],
    ],
    [
      [{ maglev: {} }, { round_robin: {} }, { pick_first: {} }],
      ['loadBalancingConfig[0] ignored note', 'loadBalancingConfig[2] ignored note'],
    ],
    [[{ pick_first: null }, { round_robin: {} }], ['loadBalancingConfig[0].pick_first ignored error']],
    [[{ pick_first: null }], ['loadBalancingConfig[0].pick_first replaced error']],
    [
      [{ custom_round_robin: { repeatCount: 0 } }, { round_robin: {} }],
      [
        'loadBalancingConfig[0].custom_round_robin.repeatCount fails error',
        'loadBalancingConfig[1] ignored note',
      ],
    ],
    [[{ round_robin: {}, pick_first: {} }], ['loadBalancingConfig[0] throws error']],
    [[{}], ['loadBalancingConfig[0] throws error']],
    [['round_robin'], ['loadBalancingConfig[0] throws error']],
    [
      [{ outlier_detection: { child_policy: ['round_robin'] } }],
      ['loadBalancingConfig[0].outlier_detection.child_policy[0] replaced error'],
    ],
    [
      [{ outlier_detection: { child_policy: [{}, { round_robin: {} }] } }],
      ['loadBalancingConfig[0].outlier_detection.child_policy[0] ignored error'],
    ],
    [
      [{ outlier_detection: { child_policy: { round_robin: {} } } }],
      ['loadBalancingConfig[0].outlier_detection.child_policy replaced error'],
    ],
    [
      [{ outlier_detection: { childPolicy: [{ round_robin: {} }] } }],
      ['loadBalancingConfig[0].outlier_detection.childPolicy ignored mendable'],
    ],
    [
      [{ outlier_detection: { interval: '10s', child_policy: [{ round_robin: {} }] } }],
      ['loadBalancingConfig[0].outlier_detection.interval replaced mendable'],
    ],
    [
      [{ weighted_round_robin: { blackoutPeriod: '10s' } }],
      ['loadBalancingConfig[0].weighted_round_robin.blackoutPeriod ignored mendable'],
    ],
  ])('%j', (loadBalancingConfig, expected) => {
    expect(short({ loadBalancingConfig })).toEqual(expected);
  });

  test('loadBalancingPolicy is never read', () => {
    expect(checkServiceConfig({ loadBalancingPolicy: 'ROUND_ROBIN' })).toEqual([
      {
        path: 'loadBalancingPolicy',
        value: 'ROUND_ROBIN',
        outcome: 'ignored',
        happens: 'grpc-js ignores it and logs nothing',
        instead: 'is never read by grpc-js: write loadBalancingConfig: [{"round_robin": {}}]',
        severity: 'error',
      },
    ]);
    expect(short({ loadBalancingPolicy: null })).toEqual(['loadBalancingPolicy throws mendable']);
  });

  test('RPCs under a bad config of ours fail with the message of the finding', async () => {
    const policy = { custom_round_robin: { repeatCount: 0 } };
    const channel = new TestChannel({ endpoints: [{ addresses: [{ host: '127.0.0.1', port: 1 }] }], policy });
    const [finding] = checkServiceConfig({ loadBalancingConfig: [policy] });
    const details = channel.unary().catch((error) => error.details);
    expect(await details).toContain(finding?.instead as string);
    channel.close();
  });
});

describe('healthCheckConfig', () => {
  const health = (loadBalancingConfig?: object[]) =>
    short({ loadBalancingConfig, healthCheckConfig: { serviceName: '' } });

  test('is obeyed by the policies of this package, wherever they stand', () => {
    expect(health([{ custom_round_robin: {} }])).toEqual([]);
    expect(health([{ least_request: {} }])).toEqual([]);
    expect(health([{ outlier_detection: { child_policy: [{ least_request: {} }] } }])).toEqual([]);
    expect(health([{ maglev: {} }, { least_request: {} }])).toEqual(['loadBalancingConfig[0] ignored note']);
  });

  test('is ignored where another policy is used', () => {
    const ignored = 'healthCheckConfig ignored error';
    expect(health()).toEqual([ignored]);
    expect(health([{ round_robin: {} }])).toEqual([ignored]);
    expect(health([{ round_robin: {} }, { custom_round_robin: {} }])).toContain(ignored);
    expect(health([{ outlier_detection: { child_policy: [{ round_robin: {} }] } }])).toEqual([ignored]);
  });

  test('has no finding exactly when the policies of this package check the health of a service by it', () => {
    const config = fc.oneof(fc.jsonValue(), fc.record({ serviceName: fc.jsonValue() }, { requiredKeys: [] }));
    fc.assert(
      fc.property(config, (healthCheckConfig) => {
        const text = JSON.stringify({ ...ours, healthCheckConfig });
        const findings = checkServiceConfig(text).filter(
          ({ instead }) => !instead.startsWith('unknown field'),
        );
        expect(findings.length === 0).toBe(
          healthCheckServiceOf({ 'grpc.service_config': text }) !== undefined,
        );
        for (const { outcome } of findings) expect(outcome).toBe('ignored');
      }),
    );
    expect(short({ ...ours, healthCheckConfig: {} })).toEqual([
      'healthCheckConfig.serviceName ignored error',
    ]);
  });
});

describe('connectionScaling', () => {
  const scaling = (maxConnectionsPerSubchannel: unknown, policy: object = { least_request: {} }) =>
    checkServiceConfig({
      loadBalancingConfig: [policy],
      connectionScaling: { maxConnectionsPerSubchannel },
    }).map(({ path, outcome, instead }) => `${path} ${outcome}: ${instead}`);

  test.each([0, -1, 1.5, '5', 2 ** 32])('refuses %j connections', (most) => {
    expect(scaling(most)).toEqual([
      `connectionScaling.maxConnectionsPerSubchannel ignored: must be an integer from 1 to 4294967295, got ${JSON.stringify(most)}`,
    ]);
  });

  test('is read by the policies of this package alone', () => {
    expect(scaling(5)).toEqual([]);
    expect(scaling(2 ** 32 - 1)).toEqual([]);
    expect(scaling(5, { round_robin: {} })).toEqual([
      'connectionScaling ignored: needs a policy of @petiole/balancer, such as custom_round_robin: no other makes more connections',
    ]);
    expect(short({ ...ours, connectionScaling: null })).toEqual(['connectionScaling ignored mendable']);
    expect(short({ ...ours, connectionScaling: 5 })).toEqual(['connectionScaling ignored error']);
  });

  test('is as many connections as the policies make by it', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.integer()), (maxConnectionsPerSubchannel) => {
        const config = { ...ours, connectionScaling: { maxConnectionsPerSubchannel } };
        const options = {
          'grpc.service_config': JSON.stringify(config),
          'grpc.max_connections_per_subchannel_cap': 2 ** 32 - 1,
        };
        const isRight = checkServiceConfig(config).length === 0;
        expect(maxConnectionsOf(options)).toBe(isRight ? maxConnectionsPerSubchannel : 1);
      }),
    );
  });
});

describe('methods', () => {
  test.each([
    [{ name: [{}], waitForReady: true }, ['.waitForReady ignored error']],
    [{ name: [{}], waitForReady: 'yes' }, ['.waitForReady throws error']],
    [{ name: [{}], maxRequestMessageBytes: 'much' }, ['.maxRequestMessageBytes ignored error']],
    [{ timeout: '1s' }, ['.name throws error']],
    [{ name: [] }, ['.name ignored error']],
    [{ name: [{ service: '', method: '' }] }, ['.name[0].method throws error']],
    [{ name: [{}], timeout: '5s', retryPolicy: null }, ['.retryPolicy throws mendable']],
    [{ name: [{}], timeout: '2147483648s' }, ['.timeout misread mendable']],
    [{ name: [{}], timeout: '999999999999s' }, ['.timeout misread error']],
    [{ name: [{}], timeout: '0.0001s' }, ['.timeout fails error']],
    [
      { name: [{}], retryPolicy: { ...retryPolicy, maxAttempts: 6 } },
      ['.retryPolicy.maxAttempts replaced note'],
    ],
    [
      { name: [{}], retryPolicy: { ...retryPolicy, initialBackoff: '0s' } },
      ['.retryPolicy.initialBackoff ignored error'],
    ],
    [
      { name: [{}], retryPolicy, hedgingPolicy: {} },
      ['.hedgingPolicy.maxAttempts throws error', '.hedgingPolicy throws error'],
    ],
  ])('%j', (config, expected) => {
    expect(short({ methodConfig: [config] })).toEqual(expected.map((finding) => `methodConfig[0]${finding}`));
  });

  test('maxBackoff does not limit the first pause of retries', async () => {
    const policy = { ...retryPolicy, maxAttempts: 3, initialBackoff: '0.3s', maxBackoff: '0.001s' };
    const methodConfig = [{ name: [{}], retryPolicy: policy }];
    expect(short({ methodConfig })).toEqual(['methodConfig[0].retryPolicy.maxBackoff ignored note']);
    const times: number[] = [];
    const [backend] = await startFleet(1, {
      unary: (_, callback) => {
        times.push(performance.now());
        callback({ code: status.UNAVAILABLE });
      },
    });
    const channel = openChannel({
      endpoints: [backend as Backend].map((one) => one.endpoint()),
      policy: customRoundRobin(),
      serviceConfig: { methodConfig },
      channelOptions: { 'grpc.enable_retries': 1 },
    });
    await expect(channel.unary()).rejects.toThrow('UNAVAILABLE');
    const [first = 0, second = 0, third = 0] = times;
    // ±20 % of jitter.
    expect(second - first).toBeGreaterThan(230);
    expect(third - second).toBeLessThan(second - first);
  });

  test('are ignored by grpc-js unless they stand in an array', () => {
    expect(short({ methodConfig: { name: [{}] } })).toEqual(['methodConfig ignored error']);
    expect(short({ methodConfig: null })).toEqual(['methodConfig ignored mendable']);
  });
});

test('retries with maxAttempts above 5 stop after the fifth, unless the channel option raises the limit', async () => {
  const backend = await Backend.start({ unary: (_, callback) => callback({ code: status.UNAVAILABLE }) });
  const policy = { ...retryPolicy, maxAttempts: 7, initialBackoff: '0.001s', maxBackoff: '0.001s' };
  const options = {
    endpoints: [backend.endpoint()],
    policy: customRoundRobin(),
    serviceConfig: { methodConfig: [{ name: [{}], retryPolicy: policy }] },
  };
  const limited = new TestChannel({ ...options, channelOptions: { 'grpc.enable_retries': 1 } });
  await expect(limited.unary()).rejects.toThrow('UNAVAILABLE');
  expect(backend.calls).toBe(5);
  limited.close();
  const raised = new TestChannel({
    ...options,
    channelOptions: { 'grpc.enable_retries': 1, 'grpc-node.retry_max_attempts_limit': 9 },
  });
  await expect(raised.unary()).rejects.toThrow('UNAVAILABLE');
  expect(backend.calls).toBe(5 + 7);
  raised.close();
  backend.kill();
});

describe('property: for any damage to a config', () => {
  const sound = {
    loadBalancingConfig: [
      {
        outlier_detection: {
          interval: { seconds: 1, nanos: 0 },
          child_policy: [{ custom_round_robin: { repeatCount: 2 } }],
        },
      },
      { least_request: { choiceCount: 2 } },
    ],
    methodConfig: [
      { name: [{ service: 'a.A', method: 'M' }, { service: 'a.A' }], timeout: '1.5s', retryPolicy },
      {
        name: [{}],
        waitForReady: true,
        hedgingPolicy: { maxAttempts: 2, hedgingDelay: '0.1s', nonFatalStatusCodes: [14] },
      },
      { name: [{ service: 'b.B' }], timeout: { seconds: 1, nanos: 5 }, maxRequestBytes: 5 },
    ],
    retryThrottling: { maxTokens: 10, tokenRatio: 0.1 },
    loadBalancingPolicy: 'round_robin',
    healthCheckConfig: { serviceName: 's' },
  };

  const paths: (string | number)[][] = [];
  const collect = (value: unknown, path: (string | number)[]) => {
    paths.push(path);
    if (typeof value !== 'object' || value === null) return;
    for (const [key, inner] of Object.entries(value))
      collect(inner, [...path, Array.isArray(value) ? Number(key) : key]);
  };
  collect(sound, []);

  const junk = fc.oneof(
    fc.constantFrom<unknown[]>(
      null,
      true,
      0,
      -1,
      1,
      3,
      1.5,
      14,
      99,
      1001,
      '',
      'x',
      '1s',
      '0s',
      '.5s',
      '1.5s',
      'OK',
      [],
      [[]],
      {},
      [{}],
      [null],
      { x: {} },
      { round_robin: {} },
      [{ round_robin: {} }],
      [{ custom_round_robin: { repeatCount: 0 } }],
      { seconds: '1', nanos: 0 },
      'remove',
      '__proto__',
    ),
    fc.jsonValue(),
  );
  const damage = fc.array(fc.tuple(fc.constantFrom(...paths), junk), { minLength: 1, maxLength: 3 });

  function damaged(changes: [(string | number)[], unknown][]): unknown {
    const holder = { root: structuredClone(sound) as unknown };
    for (const [path, value] of changes) {
      let at = holder as Record<string | number, unknown>;
      const full = ['root', ...path];
      const last = full.pop() as string | number;
      for (const key of full) {
        const next = at[key];
        if (typeof next !== 'object' || next === null) return holder.root;
        at = next as typeof at;
      }
      if (value === 'remove') delete at[last];
      else at[last] = structuredClone(value);
    }
    return holder.root;
  }

  const refuses = (text: string): boolean => {
    try {
      validateServiceConfig(JSON.parse(text));
      return false;
    } catch {
      return true;
    }
  };

  test('a finding says "throws" exactly when grpc-js throws', () => {
    fc.assert(
      fc.property(damage, (changes) => {
        const text = JSON.stringify(damaged(changes) ?? {});
        expect(checkServiceConfig(text).some(({ outcome }) => outcome === 'throws')).toBe(refuses(text));
      }),
      { numRuns: 500 },
    );
  });

  test('there is an error or something to mend whenever grpc-js would use pick_first unasked', () => {
    fc.assert(
      fc.property(damage, (changes) => {
        const text = JSON.stringify(damaged(changes) ?? {});
        if (refuses(text)) return;
        const { loadBalancingConfig } = validateServiceConfig(JSON.parse(text));
        const used = experimental.selectLbConfigFromList(loadBalancingConfig, true)?.getLoadBalancerName();
        const asked = loadBalancingConfig.some((entry) => 'pick_first' in entry);
        if (used !== 'pick_first' || asked || !text.includes('loadBalancingConfig')) return;
        expect(checkServiceConfig(text).filter(({ severity }) => severity !== 'note')).not.toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test('without a finding, grpc-js keeps every field as it is written', () => {
    const clean = fc
      .subarray(['loadBalancingConfig', 'retryThrottling', 'methodConfig'] as const)
      .chain((fields) =>
        damage.map((changes) => {
          const config = damaged(changes) as Record<string, unknown> | null;
          return Object.fromEntries(
            fields
              .filter((field) => config !== null && typeof config === 'object' && field in config)
              .map((field) => [field, config?.[field]]),
          );
        }),
      );
    let kept = 0;
    fc.assert(
      fc.property(clean, (config) => {
        if (checkServiceConfig(config).length > 0) return;
        kept++;
        expect(validateServiceConfig(JSON.parse(JSON.stringify(config)))).toMatchObject(config);
      }),
      { numRuns: 500 },
    );
    expect(kept).toBeGreaterThan(20);
  });
});

test('what serviceConfig throws at and what checkServiceConfig calls an error is the same', () => {
  const config = { methodConfig: [{ name: [{}], waitForReady: true }] };
  const [finding] = checkServiceConfig({ ...ours, ...config });
  expect(() => serviceConfig({ loadBalancingConfig: [customRoundRobin()], ...(config as object) })).toThrow(
    `serviceConfig: ${finding?.path}: ${finding?.instead}`,
  );
});

test.each([
  [
    { timeout: { seconds: 4e11, nanos: 0 } },
    'timeout',
    'must be a Duration of at most 315576000000 s, got {"seconds":400000000000,"nanos":0}',
  ],
  [
    { hedgingPolicy: { maxAttempts: 2, hedgingDelay: '1s', nonFatalStatusCodes: 'UNAVAILABLE' } },
    'hedgingPolicy.nonFatalStatusCodes',
    'must be an array of status codes such as ["UNAVAILABLE"], got "UNAVAILABLE"',
  ],
])('the process of the real client ends where a finding says so: %j', async (fields, path, instead) => {
  const config = JSON.stringify({ methodConfig: [{ name: [{}], ...fields }] });
  const [finding, ...others] = checkServiceConfig(config);
  expect(others).toEqual([]);
  expect(finding).toMatchObject({ path: `methodConfig[0].${path}`, instead, outcome: 'fails' });
  expect(finding?.happens).toMatch(/ends the process$/);
  const [backend] = await startFleet(1, { unary: (_, callback) => callback({ code: status.UNAVAILABLE }) });
  const client = start(node('test/policy/fatal-service-config-process.ts', `${backend?.port}`, config));
  expect(await client.out.after('ended by ')).toMatch(/some is not a function|Deadline is too far/);
  expect((await client).exitCode).toBe(1);
});

test('the constructor of the real client throws where a finding says so', () => {
  for (const config of [
    '{',
    'null',
    '{"loadBalancingConfig": {}}',
    '{"methodConfig": [{}]}',
    '{"loadBalancingPolicy": 1}',
  ]) {
    expect(checkServiceConfig(config).map(({ outcome }) => outcome)).toContain('throws');
    expect(
      () => new Client('ipv4:127.0.0.1:1', credentials.createInsecure(), { 'grpc.service_config': config }),
    ).toThrow();
  }
});
