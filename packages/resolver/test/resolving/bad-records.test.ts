/** One bad record of a catalogue costs that record, and never the list. */
import { describe, expect, it } from 'vitest';
import type { Resolution } from '../../src/index.js';
import { later, scripted, turn, useFakeClock } from '../support/scripted-resolver.js';
import { updatesFromNow } from '../support/update-log.js';

useFakeClock();

const GOOD = ['10.0.0.1:1', '10.0.0.2:1'] as const;

/** What JSON may hold beside two good endpoints. */
function answer(bad: unknown): Resolution {
  return { endpoints: [GOOD[0], bad, GOOD[1]] } as Resolution;
}

/** An array in an array in an array …: more levels than the stack has room for. */
function deep(levels: number): unknown {
  let value: unknown = [];
  for (let level = 0; level < levels; level += 1) value = [value];
  return value;
}

describe('a bad record', () => {
  it.each([
    [
      { addresses: [{ host: '10.0.0.9', port: 0 }] },
      'port of "10.0.0.9" must be an integer from 1 to 65535, got 0',
    ],
    [{ addresses: [{ host: '10.0.0.9', port: '80' }] }, 'port of "10.0.0.9" must be an integer'],
    [{ addresses: [{ host: '10.0.0.9' }] }, 'port of "10.0.0.9" must be an integer'],
    [{ addresses: [{ host: '::1 ', port: 1 }] }, '"::1 " has a blank'],
    [{ addresses: [{ host: 'fe80::1%\u001b[2K', port: 1 }] }, 'no host name'],
    [{ addresses: [{ host: 'undefined', port: 1 }] }, '"undefined" is what an unset variable gives'],
    [{ addresses: [] }, 'an endpoint is a string or { addresses: [at least one] }'],
    [{ addresses: 'x' }, 'an endpoint is a string or'],
    [{ address: '10.0.0.9:1' }, 'an endpoint is a string or'],
    ['10.0.0.9:99999', '"10.0.0.9:99999" has port "99999"'],
    ['', 'an address is empty'],
    [null, 'got null'],
    [5, 'got 5'],
    [deep(100_000), 'an endpoint is a string or'],
    [{ addresses: [deep(100_000)] }, 'an address is a string'],
  ])('is left out of the answer, which is incomplete and says why: %#', async (bad, why) => {
    const { probe, lookups } = scripted();
    const updates = updatesFromNow();
    await probe.request();
    lookups[0]?.answerWith(answer(bad));
    await turn();
    const [call] = probe.calls;
    expect(call?.endpoints).toEqual(GOOD);
    expect(call?.note).toContain('endpoints[1]: ');
    expect(call?.note).toContain(why);
    expect(updates.map(({ error }) => error)).toEqual([undefined, call?.note]);
    await later(1001);
    expect(lookups).toHaveLength(2); // as after any incomplete answer
  });

  it('costs its endpoint no other address', async () => {
    const { probe, lookups } = scripted();
    await probe.request();
    lookups[0]?.answerWith(answer('[::1 ]:1+10.0.0.9:1'));
    await turn();
    expect(probe.calls[0]?.endpoints).toEqual([GOOD[0], '10.0.0.9:1', GOOD[1]]);
    expect(probe.calls[0]?.note).toContain('endpoints[1]: "[::1 ]:1" has a blank');
  });

  it('hides neither good servers that come with it nor the end of others', async () => {
    const { probe, lookups } = scripted();
    await probe.request();
    lookups[0]?.answerWith({ endpoints: [...GOOD] });
    await later(30_001);
    lookups[1]?.answerWith({ endpoints: [GOOD[1], '10.0.0.9:0', '10.0.0.3:1'] });
    await turn();
    expect(probe.calls.at(-1)?.endpoints).toEqual([GOOD[1], '10.0.0.3:1']);
  });

  it('is forgotten when it is gone', async () => {
    const { probe, lookups } = scripted();
    await probe.request();
    lookups[0]?.answerWith(answer('10.0.0.9:0'));
    await later(1001);
    lookups[1]?.answerWith({ endpoints: [...GOOD] });
    await turn();
    expect(probe.calls.map(({ note }) => note !== '')).toEqual([true, false]);
  });

  it('is a failure where nothing else is left, and the last good answer stays', async () => {
    const { probe, lookups } = scripted({}, { 'grpc.dns_min_time_between_resolutions_ms': 100 });
    await probe.request();
    lookups[0]?.answerWith({ endpoints: ['10.0.0.9:0'] });
    await turn();
    expect(probe.calls[0]?.error?.details).toContain('endpoints[0]: "10.0.0.9:0" has port "0"');
    await later(1001);
    lookups[1]?.answerWith({ endpoints: [...GOOD] });
    await later(101);
    await probe.request();
    lookups[2]?.answerWith({ endpoints: ['10.0.0.9:0'] });
    await turn();
    expect(probe.calls.at(-1)).toMatchObject({
      endpoints: GOOD,
      note: expect.stringContaining('was kept: endpoints[0]'),
    });
  });

  it('is one of ten that are named, where there are many', async () => {
    const { probe, lookups } = scripted();
    await probe.request();
    lookups[0]?.answerWith({ endpoints: [...GOOD, ...Array.from({ length: 100 }, () => '10.0.0.9:0')] });
    await turn();
    expect(probe.calls[0]?.note).toMatch(/endpoints\[11\]: .*; and 90 more$/);
  });
});

describe('a Unix socket, which is one of this machine', () => {
  const endpoints: Resolution['endpoints'] = [{ addresses: [{ path: '/run/secrets.sock' }] }, GOOD[0]];

  it('is a bad record of a catalogue', async () => {
    const { probe, lookups } = scripted();
    await probe.request();
    lookups[0]?.answerWith({ endpoints });
    await turn();
    expect(probe.calls[0]?.endpoints).toEqual([GOOD[0]]);
    expect(probe.calls[0]?.note).toBe(
      'endpoints[0]: "/run/secrets.sock" is a Unix socket of this machine, which the option unixSockets would allow',
    );
  });

  it('is an address where the option says so', async () => {
    const { probe, lookups } = scripted({ unixSockets: true });
    await probe.request();
    lookups[0]?.answerWith({ endpoints });
    await turn();
    expect(probe.calls[0]?.endpoints).toEqual(['/run/secrets.sock', GOOD[0]]);
  });
});
