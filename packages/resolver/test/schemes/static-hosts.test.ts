import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Getaddrinfo } from '../../src/lookup/system.js';
import { createStaticResolverClass } from '../../src/schemes/static.js';
import { Probe } from '../support/probe.js';
import { updatesFromNow } from '../support/update-log.js';

const CHANNEL = { 'grpc.dns_min_time_between_resolutions_ms': 100, 'grpc.initial_reconnect_backoff_ms': 50 };

function notFound(): Promise<never> {
  return Promise.reject(Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }));
}

function probe(
  hosts: Record<string, readonly string[] | 'down' | 'hangs'>,
  target: string,
  options = {},
): Probe {
  const ask: Getaddrinfo = (host) => {
    const entry = hosts[host] ?? 'down';
    if (entry === 'hangs') return new Promise(() => {});
    return entry === 'down' ? notFound() : Promise.resolve(entry);
  };
  return new Probe(createStaticResolverClass(options, ask), target, CHANNEL);
}

afterEach(() => {
  vi.useRealTimers();
});

describe('a host name in static:', () => {
  it('is one endpoint with all its addresses, IPv6 first, in order within a family, each once', async () => {
    const addresses = ['10.0.0.2', 'fd00::2', '10.0.0.1', 'fd00::1', '10.0.0.2'];
    const { endpoints } = await probe(
      { 'echo-1': addresses, 'echo-2': ['10.0.0.9'] },
      'static:echo-1:50051,echo-2:50051',
    ).ask();
    expect(endpoints).toEqual([
      '[fd00::2]:50051+[fd00::1]:50051+10.0.0.2:50051+10.0.0.1:50051',
      '10.0.0.9:50051',
    ]);
  });

  it('goes through the system resolver, /etc/hosts included', async () => {
    const { endpoints } = await new Probe(createStaticResolverClass(), 'static:localhost:50051').ask();
    expect(endpoints).toHaveLength(1);
    expect(endpoints?.[0]).toContain('127.0.0.1:50051');
  });

  it('stands beside addresses, in the order of the target and without doubles', async () => {
    const target = 'static:10.0.0.7:1+echo-1:1+[fd00::7]:1,10.0.0.8:2';
    const { endpoints } = await probe({ 'echo-1': ['10.0.0.7', 'fd00::1'] }, target).ask();
    expect(endpoints).toEqual(['10.0.0.7:1+[fd00::1]:1+[fd00::7]:1', '10.0.0.8:2']);
  });

  it('with the addresses of another one is the same endpoint', async () => {
    const hosts = { 'echo-1': ['10.0.0.1', '10.0.0.2'], 'echo-2': ['10.0.0.2', '10.0.0.1'] };
    const { endpoints } = await probe(hosts, 'static:echo-1:1,echo-2:1,10.0.0.1:1').ask();
    expect(endpoints).toEqual(['10.0.0.1:1+10.0.0.2:1', '10.0.0.1:1']);
  });

  it('is asked for once when several endpoints use it', async () => {
    const ask = vi.fn<Getaddrinfo>(() => Promise.resolve(['10.0.0.1']));
    const { endpoints } = await new Probe(createStaticResolverClass({}, ask), 'static:echo:1,echo:2').ask();
    expect(endpoints).toEqual(['10.0.0.1:1', '10.0.0.1:2']);
    expect(ask).toHaveBeenCalledTimes(1);
  });

  it('is looked up again when the channel asks, at most once per grpc.dns_min_time_between_resolutions_ms', async () => {
    const hosts = { 'echo-1': ['10.0.0.1'] };
    const channel = probe(hosts, 'static:echo-1:1');
    await channel.ask();
    hosts['echo-1'] = ['10.0.0.2'];
    const asked = performance.now();
    expect((await channel.ask()).endpoints).toEqual(['10.0.0.2:1']);
    expect(performance.now() - asked).toBeGreaterThan(50);
  });

  it('has the same order as long as it has the same addresses: a rotation is no change', async () => {
    const hosts = { echo: ['10.0.0.2', 'fd00::2', '10.0.0.1', 'fd00::1'] };
    const updates = updatesFromNow();
    const channel = probe(hosts, 'static:echo:1');
    const first = await channel.ask();
    expect(first.endpoints).toEqual(['[fd00::2]:1+[fd00::1]:1+10.0.0.2:1+10.0.0.1:1']);
    hosts.echo = ['fd00::1', 'fd00::2', '10.0.0.1', '10.0.0.2'];
    const rotated = await channel.ask();
    expect(rotated.raw?.[0]).toBe(first.raw?.[0]);
    expect(updates).toHaveLength(1);
    hosts.echo = ['fd00::3', 'fd00::1', '10.0.0.1', '10.0.0.2'];
    expect((await channel.ask()).endpoints).toEqual(['[fd00::3]:1+[fd00::1]:1+10.0.0.1:1+10.0.0.2:1']);
  });

  it('drops out with a note when it was never found, and joins by itself later', async () => {
    const hosts: Record<string, readonly string[] | 'down'> = { 'echo-1': ['10.0.0.1'], 'echo-2': 'down' };
    const channel = probe(hosts, 'static:echo-1:1,echo-2:1');
    const first = await channel.ask();
    expect(first.endpoints).toEqual(['10.0.0.1:1']);
    expect(first.note).toBe('system look-up of "echo-2" failed: ENOTFOUND (no such name)');
    hosts['echo-2'] = ['10.0.0.2'];
    expect((await channel.next()).endpoints).toEqual(['10.0.0.1:1', '10.0.0.2:1']);
  });

  it('that is never found does not keep the others from being looked up when the channel asks', async () => {
    vi.useFakeTimers();
    const hosts: Record<string, readonly string[] | 'down'> = { 'echo-1': ['10.0.0.1'], 'echo-2': 'down' };
    const channel = probe(hosts, 'static:echo-1:1,echo-2:1');
    channel.resolver.updateResolution();
    await vi.advanceTimersByTimeAsync(3_600_000);
    hosts['echo-1'] = ['10.0.0.9'];
    channel.resolver.updateResolution();
    await vi.advanceTimersByTimeAsync(10);
    expect(channel.calls.at(-1)?.endpoints).toEqual(['10.0.0.9:1']);
  });

  it('keeps its last addresses, and its place, when it fails', async () => {
    const hosts: Record<string, readonly string[] | 'down'> = {
      'echo-1': ['10.0.0.1'],
      'echo-2': ['10.0.0.2'],
    };
    const channel = probe(hosts, 'static:echo-1:1,echo-2:1');
    await channel.ask();
    hosts['echo-1'] = 'down';
    hosts['echo-2'] = ['10.0.0.3'];
    expect((await channel.ask()).endpoints).toEqual(['10.0.0.1:1', '10.0.0.3:1']);
  });

  it('fails with every cause when all fail', async () => {
    const { error } = await probe({}, 'static:echo-1:1,echo-2:1').ask();
    expect(error?.code).toBe(14);
    expect(error?.details).toContain('look-up of "echo-1" failed: ENOTFOUND');
    expect(error?.details).toContain('look-up of "echo-2" failed: ENOTFOUND');
  });

  it('that hangs is given up at the deadline, and not asked a second time while it hangs', async () => {
    vi.useFakeTimers();
    const ask = vi.fn<Getaddrinfo>((host) =>
      host === 'hung' ? new Promise(() => {}) : Promise.resolve(['10.0.0.1']),
    );
    const channel = new Probe(createStaticResolverClass({}, ask), 'static:good:1,hung:1', CHANNEL);
    channel.resolver.updateResolution();
    await vi.advanceTimersByTimeAsync(5001);
    expect(channel.calls[0]?.endpoints).toEqual(['10.0.0.1:1']);
    expect(channel.calls[0]?.note).toContain(
      '"hung" failed: ECANCELLED (the deadline of the resolution passed)',
    );
    await vi.advanceTimersByTimeAsync(60_000);
    expect(ask.mock.calls.filter(([host]) => host === 'hung')).toHaveLength(1);
    expect(ask.mock.calls.filter(([host]) => host === 'good').length).toBeGreaterThan(2);
  });

  it('that answers after the deadline is known to the next attempt: a dead first name server costs 5 s each time', async () => {
    vi.useFakeTimers();
    const ask: Getaddrinfo = () => new Promise((resolve) => setTimeout(() => resolve(['10.0.0.1']), 5100));
    const options = { 'grpc.initial_reconnect_backoff_ms': 1000 };
    const channel = new Probe(createStaticResolverClass({}, ask), 'static:slow:1', options);
    channel.resolver.updateResolution();
    await vi.advanceTimersByTimeAsync(5050);
    expect(channel.calls[0]?.error?.details).toContain('ECANCELLED');
    await vi.advanceTimersByTimeAsync(1100);
    expect(channel.calls[1]?.endpoints).toEqual(['10.0.0.1:1']);
  });

  it('is asked for again after an answer that a second attempt had waited for', async () => {
    vi.useFakeTimers();
    let answer = ['10.0.0.1'];
    const ask = vi.fn<Getaddrinfo>(() => new Promise((resolve) => setTimeout(() => resolve(answer), 8000)));
    const options = { 'grpc.initial_reconnect_backoff_ms': 1000 };
    const channel = new Probe(createStaticResolverClass({}, ask), 'static:slow:1', {
      ...CHANNEL,
      ...options,
    });
    channel.resolver.updateResolution();
    await vi.advanceTimersByTimeAsync(8010);
    expect(channel.calls.map(({ endpoints }) => endpoints)).toEqual([undefined, ['10.0.0.1:1']]);
    answer = ['10.0.0.2'];
    ask.mockResolvedValue(answer);
    channel.resolver.updateResolution();
    await vi.advanceTimersByTimeAsync(200);
    expect(channel.calls[2]?.endpoints).toEqual(['10.0.0.2:1']);
    expect(ask).toHaveBeenCalledTimes(2);
  });

  it('is found in the end when the deadline is too short to ask for all at once', async () => {
    vi.useFakeTimers();
    const ask: Getaddrinfo = (host) =>
      new Promise((resolve) => setTimeout(() => resolve([`10.0.0.${host.slice(1)}`]), 2000));
    const names = Array.from({ length: 100 }, (_, index) => `h${index}:1`);
    const channel = new Probe(createStaticResolverClass({}, ask), `static:${names.join(',')}`, CHANNEL);
    channel.resolver.updateResolution();
    await vi.advanceTimersByTimeAsync(5001);
    expect(channel.calls[0]?.endpoints).toHaveLength(64);
    await vi.advanceTimersByTimeAsync(5500);
    expect(channel.calls.at(-1)?.endpoints).toEqual(names.map((name) => `10.0.0.${name.slice(1)}`));
  });

  it('beyond the 32nd is not asked for any more once the deadline has passed', async () => {
    vi.useFakeTimers();
    const ask = vi.fn<Getaddrinfo>(() => new Promise(() => {}));
    const names = Array.from({ length: 100 }, (_, index) => `h${index}:1`);
    const channel = new Probe(createStaticResolverClass({}, ask), `static:${names.join(',')}`, CHANNEL);
    channel.resolver.updateResolution();
    await vi.advanceTimersByTimeAsync(5001);
    expect(ask).toHaveBeenCalledTimes(32);
    expect(channel.calls[0]?.error?.details).toMatch(/"h0" failed.*; and 90 more/);
  });

  it('that answers more than 30 s before the next attempt is asked again', async () => {
    vi.useFakeTimers();
    const answers: Array<(found: readonly string[]) => void> = [];
    const ask: Getaddrinfo = () => new Promise((resolve) => answers.push(resolve));
    const options = { 'grpc.initial_reconnect_backoff_ms': 31_000 };
    const channel = new Probe(createStaticResolverClass({}, ask), 'static:slow:1', options);
    channel.resolver.updateResolution();
    await vi.advanceTimersByTimeAsync(5500);
    expect(channel.calls[0]?.error?.details).toContain('ECANCELLED');
    answers[0]?.(['10.0.0.1']);
    await vi.advanceTimersByTimeAsync(31_000);
    expect(answers).toHaveLength(2);
    answers[1]?.(['10.0.0.2']);
    await vi.advanceTimersByTimeAsync(1);
    expect(channel.calls[1]?.endpoints).toEqual(['10.0.0.2:1']);
  });

  it('that is never found leaves the addresses of the target, with a note', async () => {
    const { endpoints, note } = await probe({}, 'static:10.0.0.7:1,echo-1:1,echo-2:1+[fd00::7]:1').ask();
    expect(endpoints).toEqual(['10.0.0.7:1', '[fd00::7]:1']);
    expect(note).toContain('look-up of "echo-1" failed: ENOTFOUND');
    expect(note).toContain('look-up of "echo-2" failed: ENOTFOUND');
  });

  it('that is never found is a failed resolution, and no empty one, when the target has nothing else', async () => {
    const { error } = await probe({}, 'static:echo-1:1').ask();
    expect(error?.details).toBe(
      'Name resolution failed for target static:echo-1:1: system look-up of "echo-1" failed: ENOTFOUND (no such name)',
    );
  });
});
