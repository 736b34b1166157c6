/** `defineWrapper`: a policy around another one, over simulated subchannels. */
import { experimental, type LoadBalancingConfig, connectivityState as State, setLogger } from '@grpc/grpc-js';
import { rpc, SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { told } from '@petiole/test-kit/told';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  checkServiceConfig,
  customRoundRobin,
  definePolicy,
  defineWrapper,
  failPick,
  integer,
  observePick,
  queuePick,
  type Rpc,
  serviceConfig,
} from '../../src/index.js';

const { IDLE, READY } = State;
const child = { childPolicy: [{ custom_round_robin: { repeatCount: 1 } }] };
const error = vi.fn();

const firstFew = defineWrapper({
  name: 'first_few',
  fields: { size: integer({ min: 1, default: 2 }) },
  select: (endpoints, { config }) => endpoints.slice(0, config.size),
});

let gate: 'open' | 'shut' = 'open';
let openGate: () => void = () => {};
const gated = defineWrapper({
  name: 'gated',
  childPolicy: [{ round_robin: {} }],
  wrapPick(next, _args, { wake }) {
    openGate = () => {
      gate = 'open';
      wake();
    };
    return gate === 'open' ? next() : queuePick();
  },
});

beforeAll(() => {
  customRoundRobin.register();
  firstFew.register();
  gated.register();
  setLogger({ ...console, error });
});
afterEach(() => {
  gate = 'open';
  error.mockClear();
});

function open(policy: Record<string, object>, count = 3): SimulatedChannel {
  const channel = new SimulatedChannel(policy);
  channel.update(SimulatedChannel.endpoints(count));
  channel.all(READY);
  return channel;
}

describe('select', () => {
  test('the child policy gets the endpoints that it returns, and nobody connects to the others', () => {
    const channel = open({ first_few: child });
    expect([...channel.subchannels.keys()]).toEqual(['10.0.0.0:1', '10.0.0.1:1']);
    expect(channel.picks(4)).toEqual(['10.0.0.0:1', '10.0.0.1:1', '10.0.0.0:1', '10.0.0.1:1']);
  });

  test('a new config selects anew, and what is selected still keeps its connection', () => {
    const channel = open({ first_few: child });
    const kept = channel.subchannel('10.0.0.0:1');
    channel.update(SimulatedChannel.endpoints(3), { policy: { first_few: { ...child, size: 1 } } });
    expect(channel.picks(2)).toEqual(['10.0.0.0:1', '10.0.0.0:1']);
    expect(kept.refs).toBeGreaterThan(0);
    expect(channel.subchannel('10.0.0.1:1').refs).toBe(0);
  });

  test('one that throws fails RPCs with what it threw, where there is nothing from before', () => {
    defineWrapper({
      name: 'throwing_select',
      childPolicy: [{ round_robin: {} }],
      select() {
        throw new Error('no idea');
      },
    }).register();
    const channel = new SimulatedChannel({ throwing_select: {} });
    channel.update(SimulatedChannel.endpoints(1));
    expect(channel.pick()).toBe('throwing_select: its select threw Error: no idea');
  });

  test('one that makes endpoints up is refused by name', () => {
    defineWrapper({
      name: 'inventing',
      childPolicy: [{ round_robin: {} }],
      select: () => [{ name: 'x', addresses: [], attributes: {} }],
    }).register();
    const channel = new SimulatedChannel({ inventing: {} });
    channel.update(SimulatedChannel.endpoints(1));
    expect(channel.pick()).toMatch(/^inventing: its select threw TypeError: select\(\) must return some of/);
  });
});

describe('while the resolver fails', () => {
  const ofSize = (size: number, below: object = { custom_round_robin: { repeatCount: 1 } }) => ({
    first_few: { size, childPolicy: [below] },
  });
  function failWith(channel: SimulatedChannel, policy: LoadBalancingConfig): void {
    const failure = experimental.statusOrFromError<experimental.Endpoint[]>({ code: 14, details: 'no name' });
    channel.policy.updateAddressList(failure, experimental.parseLoadBalancingConfig(policy), {}, '');
  }

  test('wake() selects among the endpoints that are known, and their failures tell of the resolver', async () => {
    let chosen = 0;
    let wake: () => void = () => {};
    defineWrapper({
      name: 'one_of',
      childPolicy: child.childPolicy,
      select(endpoints, view) {
        wake = view.wake;
        return endpoints.slice(chosen, chosen + 1);
      },
    }).register();
    const channel = open({ one_of: {} });
    channel.fail('no name');
    expect(channel.pick()).toBe('10.0.0.0:1');
    chosen = 1;
    wake();
    await new Promise(setImmediate);
    const { 1: second } = [...channel.subchannels.values()];
    second?.become(State.TRANSIENT_FAILURE, 'refused');
    expect(channel.pick()).toMatch(/refused.*Resolution note: no name/);
    second?.become(READY);
    expect(channel.pick()).toBe('10.0.0.1:1');
  });

  test('a new config selects anew', () => {
    const channel = open(ofSize(2));
    failWith(channel, ofSize(1));
    expect(channel.picks(2)).toEqual(['10.0.0.0:1', '10.0.0.0:1']);
  });

  test('another child policy gets the endpoints that are known', () => {
    const channel = open(ofSize(2));
    failWith(channel, ofSize(2, { round_robin: {} }));
    channel.all(READY);
    expect(channel.state).toBe('READY');
    expect(new Set(channel.picks(4))).toEqual(new Set(['10.0.0.0:1', '10.0.0.1:1']));
  });
});

describe('wrapPick', () => {
  test('RPCs that it lets wait are picked again after wake()', async () => {
    const channel = open({ gated: {} });
    const { length } = channel.publications;
    gate = 'shut';
    expect(channel.pick()).toBe('QUEUE');
    openGate();
    expect(channel.publications).toHaveLength(length);
    await new Promise(setImmediate);
    expect(channel.publications.length).toBeGreaterThan(length);
    expect(channel.pick()).toMatch(/^10\./);
  });

  test('one that throws fails the RPC and is logged', async () => {
    defineWrapper({
      name: 'throwing_pick',
      childPolicy: [{ round_robin: {} }],
      wrapPick() {
        throw new Error('no luck');
      },
    }).register();
    expect(open({ throwing_pick: {} }).pick()).toBe('throwing_pick: its picker threw Error: no luck');
    await new Promise(setImmediate); // lines come when the change is over
    expect(error).toHaveBeenCalledTimes(1);
  });

  test('one that returns nothing fails the RPC and says what it must return, instead of a second pick', () => {
    defineWrapper({
      name: 'forgetful',
      childPolicy: [{ round_robin: {} }],
      wrapPick: (next) => void next() as never,
    }).register();
    expect(open({ forgetful: {} }).pick()).toContain(
      'forgetful: its picker threw TypeError: pick() must return',
    );
  });

  test('observePick hears of start and end beside the child policy', () => {
    const heard: string[] = [];
    defineWrapper({
      name: 'observing',
      childPolicy: [{ gated: {} }],
      wrapPick: (next) =>
        observePick(next(), { started: () => heard.push('started'), ended: (code) => heard.push(`${code}`) }),
    }).register();
    const { picker } = open({ observing: {} }).latest;
    const result = picker.pick(rpc());
    result.onCallStarted?.();
    result.onCallEnded?.(14, 'gone', rpc().metadata);
    expect(heard).toEqual(['started', '14']);
  });

  test('picks that are not used are no attempts of the RPC, though they see each other as such', () => {
    const [A, B, C] = ['10.0.0.0:1', '10.0.0.1:1', '10.0.0.2:1'];
    const told: string[] = [];
    const tell = (what: string, { attempt, tried }: Rpc) =>
      told.push(`${what}: ${attempt} after ${tried.map(({ name }) => name).join()}`);
    definePolicy({
      name: 'untried',
      createPicker: (ready) => ({
        pick(args) {
          tell('pick', args.rpc);
          return ready.find((one) => !args.rpc.tried.includes(one))?.pickResult ?? queuePick();
        },
      }),
      onCallStarted: (_, one) => tell('started', one),
    }).register();
    let use: (picked: readonly experimental.PickResult[]) => experimental.PickResult | undefined;
    defineWrapper({
      name: 'choosy',
      childPolicy: [{ untried: {} }],
      wrapPick: (next) => use([next(), next()]) ?? queuePick(),
    }).register();
    const { picker } = open({ choosy: { childPolicy: [{ choosy: {} }] } }).latest;
    const one = rpc();
    const start = (): string | undefined => {
      const result = picker.pick(one);
      result.onCallStarted?.();
      return result.subchannel?.getAddress();
    };
    use = () => undefined;
    expect(start()).toBe(undefined);
    use = () => failPick('no');
    expect(start()).toBe(undefined);
    told.length = 0;
    use = ([, second]) => second && observePick(second, {});
    expect(start()).toBe(C);
    expect(told).toEqual([
      'pick: 0 after ',
      `pick: 1 after ${A}`,
      `pick: 1 after ${B}`,
      `pick: 2 after ${B},${A}`,
      'started: 0 after ',
    ]);
    told.length = 0;
    use = ([first]) => first;
    expect(start()).toBe(A);
    expect(told[0]).toBe(`pick: 1 after ${C}`);
    expect(told.at(-1)).toBe(`started: 1 after ${C}`);
  });

  test('what the child policy publishes passes, its state and its failures too', () => {
    const channel = open({ gated: {} });
    expect(channel.state).toBe('READY');
    channel.all(State.TRANSIENT_FAILURE, 'refused');
    expect(channel.state).toBe('TRANSIENT_FAILURE');
    expect(channel.pick()).toContain('refused');
    channel.all(IDLE);
    expect(channel.state).not.toBe('READY');
  });
});

describe('config', () => {
  test('a wrapper without a default needs childPolicy, and RPCs say so', () => {
    const channel = new SimulatedChannel({ first_few: {} });
    channel.update(SimulatedChannel.endpoints(1));
    expect(channel.pick()).toBe(
      'first_few: childPolicy must be an array of policies such as [{"round_robin": {}}], got nothing',
    );
  });

  test('what is wrong inside is found with its path, by the checker, the writer and the RPC', () => {
    const bad = { childPolicy: [{ custom_round_robin: { repeatCount: 0 } }] };
    const [finding] = checkServiceConfig({ loadBalancingConfig: [{ first_few: bad }] });
    expect(finding).toMatchObject({
      path: 'loadBalancingConfig[0].first_few.childPolicy[0].custom_round_robin.repeatCount',
      outcome: 'fails',
      severity: 'error',
    });
    expect(() => firstFew(bad)).toThrow(
      'first_few: childPolicy[0].custom_round_robin.repeatCount must be an integer from 1 to 4294967295, got 0',
    );
    const channel = new SimulatedChannel({ first_few: bad });
    channel.update(SimulatedChannel.endpoints(1));
    expect(channel.pick()).toContain('childPolicy[0].custom_round_robin.repeatCount must be');
  });

  test('a child policy that nobody registered is an error with the near name', () => {
    expect(() =>
      serviceConfig({ loadBalancingConfig: [{ gated: { childPolicy: [{ custom_round_robbin: {} }] } }] }),
    ).toThrow(/childPolicy\[0\]: custom_round_robbin is not registered.*did you mean custom_round_robin\?/);
  });

  test('a default childPolicy that nobody has registered fails RPCs with its name, in one line of the log, until it is', async () => {
    defineWrapper({ name: 'early', childPolicy: [{ late: {} }] }).register();
    const channel = new SimulatedChannel({ early: {} });
    for (const _ of [1, 2]) expect(channel.update(SimulatedChannel.endpoints(1))).toBe(true);
    const complaint =
      'early: childPolicy[0] late is not registered with grpc-js: call register() of the policy first';
    expect([channel.state, channel.pick()]).toEqual(['TRANSIENT_FAILURE', complaint]);
    await told();
    const line = `Bad load-balancing config: ${complaint}. RPCs fail until it is mended.`;
    const lines = error.mock.calls.flat().filter((text) => String(text).includes('early'));
    expect(lines).toEqual([expect.stringContaining(line)]);
    definePolicy({
      name: 'late',
      createPicker: ([first]) => first && { pick: () => first.pickResult },
    }).register();
    channel.update(SimulatedChannel.endpoints(1));
    channel.all(READY);
    expect(channel.pick()).toBe('10.0.0.0:1');
  });

  test('the child gets the form that grpc-js reads: Durations of outlier_detection as objects', () => {
    const childPolicy = [{ outlier_detection: { interval: '1s', childPolicy: [{ round_robin: {} }] } }];
    const channel = open({ gated: { childPolicy } });
    expect(channel.picks(3).every((pick) => pick.startsWith('10.'))).toBe(true);
  });

  test('a bad definition is refused by the name of its part', () => {
    const define = (parts: object) => () => defineWrapper(parts as Parameters<typeof defineWrapper>[0]);
    expect(define({ name: 'Bad' })).toThrow('defineWrapper: name must be in lower_snake_case, got "Bad"');
    expect(define({ name: 'ok', select: 1 })).toThrow(
      'defineWrapper: select of ok must be a function or absent, got 1',
    );
  });
});

test('wrappers nest, and a resolver error passes through both to the innermost policy', () => {
  const channel = new SimulatedChannel({ gated: { childPolicy: [{ first_few: child }] } });
  channel.fail('name not found');
  expect(channel.pick()).toBe('name not found');
});
