/** `custom_round_robin` over simulated subchannels: phases, rotation, config. */
import { connectivityState as State, setLogger } from '@grpc/grpc-js';
import { rpc, SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { told } from '@petiole/test-kit/told';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { customRoundRobin } from '../../src/index.js';

const { CONNECTING, IDLE, READY, TRANSIENT_FAILURE } = State;
const ENDPOINTS = SimulatedChannel.endpoints(3);
const [A, B, C] = ['10.0.0.0:1', '10.0.0.1:1', '10.0.0.2:1'] as const;

beforeAll(() => customRoundRobin.register());

function open(config: object = {}, endpoints = ENDPOINTS): SimulatedChannel {
  const channel = new SimulatedChannel({ custom_round_robin: config });
  channel.update(endpoints);
  return channel;
}

function openReady(config: object = {}, endpoints = ENDPOINTS): SimulatedChannel {
  const channel = open(config, endpoints);
  channel.all(READY);
  return channel;
}

/** Until lost connections are being connected again. */
const reconnecting = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

describe('waiting', () => {
  test('RPCs wait while one of the endpoints is not READY yet', () => {
    const channel = open();
    expect(channel.state).toBe('CONNECTING');
    expect(channel.pick()).toBe('QUEUE');
    channel.subchannel(A).become(READY);
    channel.subchannel(B).become(READY);
    expect(channel.state).toBe('CONNECTING');
    channel.subchannel(C).become(READY);
    expect(channel.state).toBe('READY');
  });

  test('publishes CONNECTING once, however many endpoints connect', () => {
    const channel = open();
    for (const address of [A, B]) {
      channel.subchannel(address).become(CONNECTING);
      channel.subchannel(address).become(READY);
    }
    expect(channel.publications).toHaveLength(1);
  });

  test('an endpoint that fails keeps the others waiting', () => {
    const channel = open();
    channel.subchannel(A).become(READY);
    channel.subchannel(B).become(READY);
    channel.subchannel(C).become(TRANSIENT_FAILURE, 'refused');
    expect(channel.state).toBe('CONNECTING');
  });

  test('RPCs fail when all endpoints have failed, with each endpoint and its error', () => {
    const channel = open();
    channel.subchannel(A).become(TRANSIENT_FAILURE, 'Error: connect ECONNREFUSED A');
    channel.subchannel(B).become(TRANSIENT_FAILURE, 'Error: connect ETIMEDOUT B');
    expect(channel.state).toBe('CONNECTING');
    channel.subchannel(C).become(TRANSIENT_FAILURE, 'Error: certificate C');
    expect(channel.state).toBe('TRANSIENT_FAILURE');
    expect(channel.pick()).toBe(
      `custom_round_robin: all 3 endpoints failed: ${A}: connect ECONNREFUSED A; ${B}: connect ETIMEDOUT B; ${C}: certificate C`,
    );
    expect(channel.latest.error).toBe(channel.pick());
  });

  test('an error is one line, and one that is missing is not called undefined', () => {
    const channel = open();
    channel.subchannel(A).become(TRANSIENT_FAILURE, 'Error: wrong version number:\n  ssl3_record.c:350:\n');
    channel.subchannel(B).become(TRANSIENT_FAILURE, 'undefined'); // through an http_proxy
    channel.subchannel(C).become(TRANSIENT_FAILURE, 'refused');
    expect(channel.pick()).toContain(`: ${A}: wrong version number: ssl3_record.c:350:; ${B}: `);
    expect(channel.pick()).toContain(`${B}: no cause was given: is there an http_proxy?; `);
  });

  test('a connection that another channel shares, and that had failed before, is said to have', () => {
    const channel = new SimulatedChannel(customRoundRobin());
    for (const address of [A, B, C]) channel.subchannel(address).state = TRANSIENT_FAILURE;
    channel.update(ENDPOINTS);
    expect(channel.pick()).toContain(
      `: ${A}: an earlier connection attempt failed, the next one waits; ${B}: `,
    );
  });

  test('ends for good: an endpoint that leaves later stops nobody', () => {
    const channel = openReady({ repeatCount: 1 });
    channel.subchannel(B).become(IDLE);
    expect(channel.state).toBe('READY');
    expect(channel.picks(4)).toEqual([A, C, A, C]);
  });

  test('starts with no endpoint at all: a resolver error is what RPCs fail with', () => {
    const channel = new SimulatedChannel(customRoundRobin());
    expect(channel.fail('no such name')).toBe(true);
    expect(channel.state).toBe('TRANSIENT_FAILURE');
    expect(channel.pick()).toBe('no such name');
  });
});

describe('readyTimeout', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test('serves with the READY ones when it has passed, and never waits again', () => {
    const channel = open({ readyTimeout: '2.5s', repeatCount: 1 });
    channel.subchannel(A).become(READY);
    channel.subchannel(B).become(READY);
    vi.advanceTimersByTime(2499);
    expect(channel.state).toBe('CONNECTING');
    vi.advanceTimersByTime(2);
    expect(channel.state).toBe('READY');
    expect(channel.picks(4)).toEqual([A, B, A, B]);
    channel.subchannel(C).become(READY);
    expect(channel.picks(3).sort()).toEqual([A, B, C]);
  });

  test('the first endpoint serves as soon as it is READY, when the time has passed without one', () => {
    const channel = open({ readyTimeout: '1s' });
    vi.advanceTimersByTime(3000);
    expect(channel.state).toBe('CONNECTING');
    channel.subchannel(B).become(READY);
    expect(channel.picks(2)).toEqual([B, B]);
  });

  test('may be longer than any timer', () => {
    const channel = open({ readyTimeout: '315576000000s' });
    channel.subchannel(A).become(READY);
    vi.advanceTimersByTime(4000);
    expect(channel.state).toBe('CONNECTING');
  });

  test('"0s" waits for nobody', () => {
    const channel = open({ readyTimeout: '0s' });
    channel.subchannel(C).become(READY);
    expect(channel.pick()).toBe(C);
  });

  test('a long wait is logged once: who is missing, why, and readyTimeout', async () => {
    const lines: string[] = [];
    setLogger({ error: (line: string) => lines.push(line) });
    const channel = open();
    channel.subchannel(A).become(READY);
    channel.subchannel(B).become(TRANSIENT_FAILURE, 'Error: connect ECONNREFUSED');
    vi.advanceTimersByTime(4999);
    await told();
    expect(lines).toEqual([]);
    vi.advanceTimersByTime(10_000);
    await told();
    setLogger(console);
    expect(lines).toEqual([
      `custom_round_robin: waiting for 2 of 3 endpoints: ${B}: connect ECONNREFUSED; ${C}: no answer yet. ` +
        'readyTimeout is not set: RPCs wait until all endpoints are READY.',
    ]);
  });

  test('no line is logged when everybody was READY in time, and none after destroy', async () => {
    const lines: string[] = [];
    setLogger({ error: (line: string) => lines.push(line) });
    openReady();
    const waiting = open();
    waiting.policy.destroy();
    vi.advanceTimersByTime(60_000);
    await told();
    setLogger(console);
    expect(lines).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('rotation', () => {
  test('the first endpoint repeatCount times, then the second, in the order of the resolver', () => {
    expect(openReady().picks(12)).toEqual([A, A, A, B, B, B, C, C, C, A, A, A]);
    expect(openReady({ repeatCount: 1 }).picks(4)).toEqual([A, B, C, A]);
    expect(openReady({ repeatCount: 2 }, [...ENDPOINTS].reverse()).picks(5)).toEqual([C, C, B, B, A]);
  });

  test('a later attempt of an RPC goes where no earlier one went, and takes nothing from a turn', () => {
    const channel = openReady();
    const hedged = rpc();
    expect([1, 2, 3].map(() => channel.pick(hedged))).toEqual([A, B, C]);
    expect(channel.picks(5)).toEqual([A, A, B, B, B]);
  });

  test('a later attempt takes its turn where the endpoint whose turn it is was not tried', () => {
    const channel = openReady({ repeatCount: 1 });
    const retried = rpc();
    expect([channel.pick(retried), channel.pick(retried), ...channel.picks(2)]).toEqual([A, B, C, A]);
  });

  test('a later attempt goes where an earlier one went when all READY endpoints were tried', () => {
    const channel = openReady();
    const retried = rpc();
    channel.subchannel(B).become(IDLE);
    expect([1, 2, 3].map(() => channel.pick(retried))).toEqual([A, C, A]);
    expect(channel.picks(2)).toEqual([A, C]);
  });

  test('a later attempt skips the next endpoint, too, when its turn has not begun: it then has all of it', () => {
    const channel = openReady({ repeatCount: 1 });
    const retried = rpc();
    expect([channel.pick(retried), ...channel.picks(2), channel.pick(retried)]).toEqual([A, B, C, B]);
    expect(channel.picks(3)).toEqual([A, B, C]);
  });

  test('later attempts out of turn are shared evenly among the other endpoints', () => {
    const channel = openReady({ repeatCount: 9 });
    const second = Array.from({ length: 4 }, () => {
      const retried = rpc();
      channel.pick(retried);
      return channel.pick(retried);
    });
    expect(second).toEqual([B, C, B, C]);
  });

  test('earlier attempts are remembered when the READY endpoints change', () => {
    const channel = openReady();
    const retried = rpc();
    expect(channel.pick(retried)).toBe(A);
    channel.subchannel(C).become(IDLE);
    expect([channel.pick(retried), channel.pick(retried)]).toEqual([B, A]);
  });

  test('an extraPickInfo that is the same for all tells nothing after more picks than an RPC has attempts', () => {
    const channel = openReady();
    const shared = rpc();
    const picks = Array.from({ length: 32 }, () => channel.pick(shared));
    expect(picks.slice(-14).join()).toContain([A, A, A, B, B, B, C, C, C].join());
  });

  test('the endpoint whose turn it is keeps its remaining repeats when another one leaves or joins', async () => {
    const channel = openReady();
    expect(channel.picks(4)).toEqual([A, A, A, B]);
    channel.subchannel(A).become(IDLE);
    expect(channel.picks(3)).toEqual([B, B, C]);
    await reconnecting();
    channel.subchannel(A).become(READY);
    expect(channel.picks(5)).toEqual([C, C, A, A, A]);
  });

  test('when the endpoint whose turn it is leaves, the next one starts with a full count', () => {
    const channel = openReady();
    channel.picks(4);
    channel.subchannel(B).become(IDLE);
    expect(channel.picks(6)).toEqual([C, C, C, A, A, A]);
  });

  test('the last endpoint in the order is followed by the first', () => {
    const channel = openReady();
    channel.picks(7);
    channel.subchannel(C).become(IDLE);
    expect(channel.picks(4)).toEqual([A, A, A, B]);
  });

  test('goes on behind its position after all endpoints were lost', async () => {
    const channel = openReady();
    channel.picks(5);
    channel.all(IDLE);
    await reconnecting();
    expect(channel.state).toBe('CONNECTING');
    channel.subchannel(C).become(READY);
    expect(channel.picks(2)).toEqual([C, C]);
    channel.subchannel(A).become(READY);
    expect(channel.picks(4)).toEqual([C, A, A, A]);
  });

  test('an endpoint alone in the outage returns with a full count', async () => {
    const channel = openReady();
    channel.picks(4);
    for (const address of [A, C, B]) channel.subchannel(address).become(IDLE);
    await reconnecting();
    channel.subchannel(B).become(READY);
    channel.subchannel(C).become(READY);
    expect(channel.picks(4)).toEqual([B, B, B, C]);
  });

  test('an endpoint that the resolver removes during its turn hands over to its successor', () => {
    const channel = openReady();
    channel.picks(4);
    channel.update([ENDPOINTS[0], ENDPOINTS[2]] as typeof ENDPOINTS);
    expect(channel.picks(6)).toEqual([C, C, C, A, A, A]);
  });

  test('an endpoint that the resolver adds joins when it is READY, without a pause', () => {
    const channel = openReady({ repeatCount: 1 });
    channel.pick();
    channel.update(SimulatedChannel.endpoints(4));
    expect(channel.state).toBe('READY');
    expect(channel.picks(3)).toEqual([B, C, A]);
    channel.subchannel('10.0.0.3:1').become(READY);
    expect(channel.picks(4)).toEqual([B, C, '10.0.0.3:1', A]);
  });

  test('a new repeatCount applies at once and drops no connection', () => {
    const channel = openReady();
    channel.picks(2);
    const { created, refs } = channel;
    channel.update(ENDPOINTS, { policy: { custom_round_robin: { repeatCount: 5 } } });
    expect(channel.picks(6)).toEqual([A, A, A, B, B, B]);
    expect({ created: channel.created, refs: channel.refs }).toEqual({ created, refs });
    channel.update(ENDPOINTS, { policy: { custom_round_robin: { repeatCount: 1 } } });
    expect(channel.picks(3)).toEqual([C, A, B]);
  });

  test('randomStart begins anywhere, and then keeps to the order', () => {
    const starts = new Set<string>();
    for (let i = 0; i < 200; i++) {
      const picks = openReady({ repeatCount: 1, randomStart: true }).picks(3);
      starts.add(picks[0] as string);
      expect([A, B, C, A, B].join()).toContain(picks.join());
    }
    expect([...starts].sort()).toEqual([A, B, C]);
  });

  test('a pick allocates no result: the endpoint hands out the one that was made when it connected', () => {
    const channel = openReady({ repeatCount: 2 });
    expect(channel.latest.picker.pick(rpc())).toBe(channel.latest.picker.pick(rpc()));
  });
});

describe('config', () => {
  test('null and absent fields are the defaults, unknown fields are ignored', () => {
    expect(openReady({ repeatCount: null, readyTimeout: null, randomStart: null }).picks(4)).toEqual([
      A,
      A,
      A,
      B,
    ]);
    expect(openReady({ somethingFromTheFuture: [1] }).picks(4)).toEqual([A, A, A, B]);
    expect(customRoundRobin()).toEqual({ custom_round_robin: {} });
    expect(customRoundRobin({ repeatCount: 2 ** 32 - 1 })).toEqual({
      custom_round_robin: { repeatCount: 2 ** 32 - 1 },
    });
  });

  const INTEGER = 'repeatCount must be an integer from 1 to 4294967295';
  const DURATION = 'readyTimeout must be a Duration of 0 s or more such as "5s" or "0.250s"';
  test.each([
    [{ repeatCount: 0 }, `${INTEGER}, got 0`],
    [{ repeatCount: -1 }, `${INTEGER}, got -1`],
    [{ repeatCount: 1.5 }, `${INTEGER}, got 1.5`],
    [{ repeatCount: '3' }, `${INTEGER}, got "3"`],
    [{ repeatCount: 2 ** 32 }, `${INTEGER}, got 4294967296`],
    [{ readyTimeout: 5 }, `${DURATION}, got 5`],
    [{ readyTimeout: '5' }, `${DURATION}, got "5"`],
    [{ readyTimeout: '-1s' }, `${DURATION}, got "-1s"`],
    [{ readyTimeout: '1.0000000001s' }, `${DURATION}, got "1.0000000001s"`],
    [{ randomStart: 'yes' }, 'randomStart must be true or false, got "yes"'],
  ])('%j is refused: the error names the field, the value and what is allowed', (config, message) => {
    expect(() => customRoundRobin(config as never)).toThrow(`custom_round_robin: ${message}`);
  });

  test('a bad config that reaches the policy fails RPCs with that message, and is logged once', async () => {
    const lines: string[] = [];
    setLogger({ error: (line: string) => lines.push(line) });
    const channel = open({ repeatCount: 0 });
    channel.update(ENDPOINTS);
    await told();
    setLogger(console);
    const message = 'custom_round_robin: repeatCount must be an integer from 1 to 4294967295, got 0';
    expect(channel.state).toBe('TRANSIENT_FAILURE');
    expect(channel.pick()).toBe(message);
    expect(lines).toEqual([`Bad load-balancing config: ${message}. RPCs fail until it is mended.`]);
    channel.update(ENDPOINTS, { policy: customRoundRobin() });
    channel.all(READY);
    expect(channel.picks(4)).toEqual([A, A, A, B]);
  });

  test('a bad config later on is logged, and the last good one stays in force', async () => {
    const lines: string[] = [];
    setLogger({ error: (line: string) => lines.push(line) });
    const channel = openReady({ repeatCount: 2 });
    expect(channel.update(ENDPOINTS, { policy: { custom_round_robin: { repeatCount: 'x' } } })).toBe(true);
    await told();
    setLogger(console);
    expect(channel.picks(4)).toEqual([A, A, B, B]);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('The last good config stays in force');
  });
});
