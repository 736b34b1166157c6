/** What happens in the lab when a page does something: real servers in their threads, a real client, the real API. */
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Tick } from '../../src/protocol.js';
import { type OpenLab, openLab } from './open-lab.js';

let lab: OpenLab;
beforeAll(async () => {
  lab = await openLab();
});
afterEach(() => lab.reset());
afterAll(() => lab.close());

const policy = (entry: object): string =>
  JSON.stringify({ loadBalancingConfig: [entry], healthCheckConfig: { serviceName: '' } });

/** Of so many RPCs, or of the next ones: what was under way when something was set ends in its own time. */
function eventually(rpcs: number, isSo: () => void): Promise<void> {
  return vi.waitFor(
    async () => {
      await lab.rpcs(rpcs);
      isSo();
    },
    { timeout: 15_000, interval: 1 },
  );
}

describe('The lab begins', () => {
  test('with three servers, IPv4 only, IPv6 only and dual-stack, that get three RPCs each in turn', async () => {
    const { servers, client } = lab.state();
    expect(servers.map(({ addresses }) => addresses.map((address) => address.replace(/\d+$/, '')))).toEqual([
      ['127.0.0.1:'],
      ['[::1]:'],
      ['[::1]:', '127.0.0.1:'],
    ]);
    for (const { id, endpoint, addresses } of servers) {
      const [first, second, ...more] = endpoint?.name.split('+') ?? [];
      expect([first?.replace('[::1]', ''), more]).toEqual([second?.replace('127.0.0.1', ''), []]);
      await lab.until('it is connected', () => lab.server(id).endpoint?.connected === addresses[0]);
    }
    expect(servers.map(({ endpoint }) => endpoint?.health)).toEqual(['SERVING', 'SERVING', 'SERVING']);
    expect(client).toMatchObject({ policy: 'custom_round_robin', checksHealth: true });
    await lab.rpcs(180);
    for (const id of [1, 2, 3]) expect(lab.share(id)).toBeCloseTo(1 / 3, 1);
    const picks = lab.ticks.flatMap((tick) => tick.picks).join('');
    expect(picks).toMatch(/111222333111222333/);
    expect(lab.failed()).toBe(0);
  });

  test('and tells what forms are made of: the fields by which service configs are checked', () => {
    const { policies, bounds } = lab.whole;
    const names = policies.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['custom_round_robin', 'least_request', 'peak_ewma', 'pick_first']),
    );
    expect(names).not.toContain('least_request_experimental');
    const { fields } = policies.find(({ name }) => name === 'custom_round_robin') ?? {};
    expect(fields?.repeatCount).toMatchObject({ type: 'integer', min: 1, default: 3 });
    expect(bounds.servers).toEqual({ min: 1, max: 20 });
  });
});

describe('A server', () => {
  test('that is stopped drains, leaves the shares and the log, and comes back at the same address', async () => {
    const { addresses } = lab.server(2);
    await lab.act({ do: 'stop', server: 2 });
    await lab.until('it is stopped', () => lab.server(2).phase === 'stopped');
    await lab.until('the client knows', () => lab.server(2).endpoint?.state === 'TRANSIENT_FAILURE');
    await eventually(60, () => {
      expect(lab.share(2)).toBe(0);
      expect(lab.failed()).toBe(0);
    });
    const said = lab.events.filter(({ server }) => server === 2).map(({ text }) => text);
    expect(said).toContain('is stopped');
    expect(said.join('\n')).toMatch(/CONNECTING → TRANSIENT_FAILURE: connect ECONNREFUSED/);
    await lab.act({ do: 'start', server: 2 });
    await lab.until('it is back', () => lab.server(2).endpoint?.state === 'READY');
    expect(lab.server(2).addresses).toEqual(addresses);
  });

  test('that is frozen accepts connections and answers nothing, until it has thawed', async () => {
    await lab.act({ do: 'freeze', server: 1 });
    await lab.until('it is frozen', () => lab.server(1).phase === 'frozen');
    await lab.until(
      'RPCs wait for it',
      () => (lab.ticks.at(-1)?.servers.find(({ id }) => id === 1)?.inFlight ?? 0) > 5,
    );
    await lab.until('they fail in the end', () =>
      lab.events.some(
        ({ kind, server, text }) =>
          kind === 'failure' && server === 1 && /\d+ RPCs? failed: DEADLINE_EXCEEDED/.test(text),
      ),
    );
    await lab.act({ do: 'thaw', server: 1 });
    await lab.until('it answers', () => (lab.ticks.at(-1)?.servers.find(({ id }) => id === 1)?.ok ?? 0) > 0);
    expect(lab.server(1).phase).toBe('serving');
  });

  test('that answers late shows in its percentiles; one that fails RPCs in what failed', async () => {
    await lab.act({ do: 'set-server', server: 1, delayMs: 80 });
    await lab.act({ do: 'set-server', server: 2, errorRate: 1 });
    await lab.until(
      'p50 has grown',
      () => (lab.ticks.at(-1)?.servers.find(({ id }) => id === 1)?.p50 ?? 0) >= 80,
    );
    const of = (id: number) => lab.ticks.flatMap(({ servers }) => servers).filter((row) => row.id === id);
    await eventually(60, () => {
      expect(of(2).some(({ failed }) => failed > 0)).toBe(true);
      expect(of(2).every(({ ok }) => ok === 0)).toBe(true);
      expect(of(3).every(({ failed }) => failed === 0)).toBe(true);
      expect(of(2).some(({ arrived }) => arrived > 0)).toBe(true);
    });
  });

  test('that says NOT_SERVING is out, and its connection stays', async () => {
    await lab.act({ do: 'set-server', server: 3, healthy: false });
    await lab.until('it is out', () => lab.server(3).endpoint?.state === 'TRANSIENT_FAILURE');
    expect(lab.server(3).endpoint?.health).toBe('NOT_SERVING');
    await eventually(40, () => expect(lab.share(3)).toBe(0));
    await lab.until('its connection', () => lab.server(3).endpoint?.connected === lab.server(3).addresses[0]);
  });

  test('becomes dual-stack, takes a number of streams, is added and removed', async () => {
    await lab.act({ do: 'set-server', server: 1, dualStack: true, streamLimit: 7 });
    await lab.until(
      'it has two addresses',
      () => lab.server(1).addresses.length === 2 && lab.server(1).endpoint?.state === 'READY',
    );
    expect(lab.server(1)).toMatchObject({ dualStack: true, streamLimit: 7 });
    await lab.act({ do: 'add-server', delayMs: 5 });
    await lab.until('the fourth is READY', () => lab.server(4)?.endpoint?.state === 'READY');
    await lab.act({ do: 'remove', server: 1 });
    await lab.until('the first is gone', () => lab.state().servers.every(({ id }) => id !== 1));
    await eventually(60, () => expect(lab.share(4)).toBeGreaterThan(0.2));
    await lab.act({ do: 'reset' });
    await lab.until(
      'all is as it was',
      () =>
        lab
          .state()
          .servers.map(({ id }) => id)
          .join() === '1,2,3',
    );
    await lab.until('and READY', () =>
      lab.state().servers.every(({ endpoint }) => endpoint?.state === 'READY'),
    );
    expect(lab.server(1)).toMatchObject({ dualStack: false, delayMs: 0 });
  });
});

describe('A server hears what it is told', () => {
  test('while it starts', async () => {
    await lab.act({ do: 'add-server' });
    await lab.until('it is there', () => lab.state().servers.length === 4);
    const id = Math.max(...lab.state().servers.map((server) => server.id));
    await lab.act({ do: 'set-server', server: id, healthy: false });
    await lab.until('the client knows', () => lab.server(id)?.endpoint?.health === 'NOT_SERVING');
  });

  test('while it is frozen, when it has thawed', async () => {
    await lab.act({ do: 'freeze', server: 1 });
    await lab.act({ do: 'set-server', server: 1, dualStack: true, streamLimit: 9 });
    await lab.act({ do: 'thaw', server: 1 });
    await lab.until('it has two addresses', () => lab.server(1).addresses.length === 2);
  });
});

describe('What somebody does', () => {
  test('is marked, in a few words, and what changes nothing is not', async () => {
    await lab.act({ do: 'set-server', server: 2, delayMs: 250, healthy: true });
    await lab.act({ do: 'set-server', server: 2, delayMs: 250 });
    await lab.act({ do: 'stop', server: 3 });
    await lab.act({ do: 'set-load', rate: 50 });
    await lab.act({ do: 'set-service-config', json: policy({ peak_ewma: {} }) });
    // The one of the reset after the test before may come late.
    const marks = () => lab.marks.map(({ text }) => text).filter((text) => text !== 'reset');
    await lab.until('all are told', () => marks().length >= 4);
    expect(marks()).toEqual(['server 2 +250 ms', 'server 3 stopped', '50/s', 'peak_ewma']);
  });

  test('comes before its effects in the log, which says what is different', async () => {
    const said = (): readonly string[] => lab.events.map(({ text }) => text);
    await lab.act({ do: 'set-service-config', json: policy({ least_request: {} }) });
    await lab.until('its effects', () => said().some((text) => /→ READY/.test(text)));
    expect(said()[0]).toBe('is given another service config: least_request');
    const now = JSON.parse(policy({ least_request: {} }));
    const retryPolicy = { maxAttempts: 3, initialBackoff: '1s', maxBackoff: '1s', backoffMultiplier: 1 };
    const methodConfig = [
      { name: [{}], retryPolicy: { ...retryPolicy, retryableStatusCodes: ['UNAVAILABLE'] } },
    ];
    await lab.act({ do: 'set-service-config', json: JSON.stringify({ ...now, methodConfig }) });
    await lab.until('it is told', () =>
      said().includes('is given another service config: retries, up to 3 attempts'),
    );
  });
});

describe('The client', () => {
  test('takes another policy without a new connection: shares move, and no RPC fails', async () => {
    await lab.until('it is known what is connected', () => lab.server(1).endpoint?.connected !== undefined);
    const before = lab.server(1).endpoint?.connected;
    await lab.act({ do: 'set-server', server: 1, delayMs: 60 });
    await lab.act({ do: 'set-service-config', json: policy({ least_request: { choiceCount: 3 } }) });
    await lab.until('it has it', () => lab.state().client.policy === 'least_request');
    await eventually(300, () => expect(lab.share(1)).toBeLessThan(0.2));
    expect(lab.failed()).toBe(0);
    await lab.until('the same', () => lab.server(1).endpoint?.connected === before);
    await lab.act({
      do: 'set-service-config',
      json: JSON.stringify({ loadBalancingConfig: [{ pick_first: {} }] }),
    });
    await lab.until('pick_first', () => lab.state().client.policy === 'pick_first');
    expect(lab.state().client.checksHealth).toBe(false);
    await eventually(60, () => expect(Math.max(lab.share(1), lab.share(2), lab.share(3))).toBe(1));
  });

  test('retries by its service config: the RPCs of a server that fails all of them end well elsewhere', async () => {
    const retryPolicy = {
      maxAttempts: 3,
      initialBackoff: '0.001s',
      maxBackoff: '0.01s',
      backoffMultiplier: 2,
      retryableStatusCodes: ['UNAVAILABLE'],
    };
    await lab.act({ do: 'set-server', server: 2, errorRate: 1 });
    await lab.act({
      do: 'set-service-config',
      json: JSON.stringify({
        loadBalancingConfig: [{ custom_round_robin: {} }],
        methodConfig: [{ name: [{}], retryPolicy }],
      }),
    });
    const sum = (of: (tick: Tick) => number): number => lab.ticks.reduce((all, tick) => all + of(tick), 0);
    const second = (tick: Tick) => tick.servers.find(({ id }) => id === 2);
    await eventually(150, () => {
      expect(lab.failed()).toBe(0);
      // Each attempt that fails there is counted, though its RPC ends well.
      expect(Math.abs(lab.share(2) - 1 / 4)).toBeLessThan(0.08);
      expect(sum((tick) => second(tick)?.ok ?? 0)).toBe(0);
      expect(sum((tick) => second(tick)?.failed ?? 0)).toBeGreaterThan(30);
      expect(sum(({ failedPicks }) => failedPicks.length)).toBeGreaterThan(30);
      // A third of the RPCs goes there first; how many of them end in these ticks is up to their edges.
      expect(Math.abs(sum(({ attempts }) => attempts) / sum(({ ok }) => ok) - 4 / 3)).toBeLessThan(0.15);
      expect(Math.abs(sum(({ repeated }) => repeated) / sum(({ ok }) => ok) - 1 / 3)).toBeLessThan(0.15);
    });
    await lab.until('the log says so', () =>
      lab.events.some(
        ({ kind, server, text }) =>
          kind === 'failure' && server === 2 && /^\d+ attempts failed, and no RPC: UNAVAILABLE: /.test(text),
      ),
    );
  });

  test.each(['round_robin', 'pick_first'])('attempts are seen under %s of grpc-js, too', async (name) => {
    const methodConfig = [
      { name: [{}], hedgingPolicy: { maxAttempts: 2, hedgingDelay: '0.01s', nonFatalStatusCodes: [] } },
    ];
    for (const server of [1, 2, 3]) await lab.act({ do: 'set-server', server, delayMs: 150 });
    const json = JSON.stringify({ loadBalancingConfig: [{ [name]: {} }], methodConfig });
    await lab.act({ do: 'set-service-config', json });
    await lab.until('it has it', () => lab.state().client.policy === name);
    const sum = (of: (tick: Tick) => number): number => lab.ticks.reduce((all, tick) => all + of(tick), 0);
    await eventually(100, () => {
      expect(sum(({ attempts }) => attempts) / sum(({ ok }) => ok)).toBeGreaterThan(1.8);
      const sent = sum(({ servers }) => servers.reduce((all, server) => all + server.sent, 0));
      expect(sent / sum(({ started }) => started)).toBeGreaterThan(1.8);
    });
    // The hedge that lost was cancelled: it has not failed.
    expect(sum(({ servers }) => servers.reduce((all, { failed }) => all + failed, 0))).toBe(0);
  });

  test('under round_robin the picks are in turn, also where one server answers late', async () => {
    await lab.act({ do: 'set-server', server: 2, delayMs: 150 });
    const json = JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] });
    await lab.act({ do: 'set-service-config', json });
    await lab.until('it has it', () => lab.state().client.policy === 'round_robin');
    await eventually(100, () => {
      const picks = lab.ticks.flatMap((tick) => tick.picks).join('');
      expect(picks).toMatch(/^\d?\d?((123)+|(132)+)\d?\d?$/);
    });
  });

  test('sends streams, none, and what it is told', async () => {
    await lab.act({ do: 'set-load', kind: 'streams', rate: 20, concurrency: 30 });
    await lab.until('streams are open', () => (lab.ticks.at(-1)?.inFlight ?? 0) >= 15);
    expect(lab.state().client.load).toEqual({ kind: 'streams', rate: 20, concurrency: 30 });
    await lab.act({ do: 'set-load', rate: 0 });
    await lab.until('they have ended', () => lab.ticks.at(-1)?.inFlight === 0);
  });

  test('says when RPCs wait for a stream, because the server allows no more of them', async () => {
    await lab.act({ do: 'set-server', server: 2, streamLimit: 2 });
    await lab.until(
      'it is back',
      () => lab.server(2).streamLimit === 2 && lab.server(2).endpoint?.state === 'READY',
    );
    await lab.act({ do: 'set-load', kind: 'streams', rate: 50, concurrency: 40 });
    const says = (text: RegExp): boolean =>
      lab.events.some((event) => event.server === 2 && text.test(event.text));
    await lab.until('the log says so', () =>
      says(/^RPCs wait for a stream: the server allows 2 at a time on a connection$/),
    );
    const second = () => lab.ticks.at(-1)?.servers.find(({ id }) => id === 2);
    await lab.until('those that wait are told from the others', () => {
      const { inFlight = 0, waiting = 0 } = second() ?? {};
      return waiting > 2 && inFlight - waiting <= 2;
    });
    await lab.act({ do: 'set-load', rate: 0 });
    await lab.until('the log says that it is over', () =>
      says(/^no RPC waits for a stream any more; \d+ did at most$/),
    );
  });

  test('with all servers stopped: RPCs that no endpoint took are counted apart', async () => {
    for (const server of [1, 2, 3]) await lab.act({ do: 'stop', server });
    await lab.until('nobody takes them', () => (lab.ticks.at(-1)?.unplaced ?? 0) > 0);
    expect(lab.ticks.at(-1)?.picks).toContain(0);
    expect(lab.ticks.at(-1)?.failedPicks).not.toEqual([]);
    await lab.until('the log says so', () =>
      lab.events.some(({ kind, server }) => kind === 'failure' && server === undefined),
    );
  });
});
