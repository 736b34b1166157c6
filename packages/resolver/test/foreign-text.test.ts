/** What DNS, catalogues and configs say, on its way into errors, notes, events and the log: one line, bounded, no escape codes. */
import { describe, expect, it, vi } from 'vitest';
import { createManualResolver, parseTarget, type Resolution, staticTarget } from '../src/index.js';
import { manualResolverClass } from '../src/schemes/manual.js';
import { createSrvResolverClass } from '../src/schemes/srv.js';
import { createStaticResolverClass } from '../src/schemes/static.js';
import { Probe } from './support/probe.js';
import { scripted, turn, useFakeClock } from './support/scripted-resolver.js';
import { updatesFromNow } from './support/update-log.js';

const FORGED = 'down \r\nE 2026-11-28 root logged in\u001b[2K\u009b31m\u2028';
const SHOWN = 'down E 2026-11-28 root logged in\\x1b[2K\\x9b31m';

describe('what a catalogue says', () => {
  useFakeClock();

  it('is one line in errors, notes and events, and cut', async () => {
    const { probe, lookups } = scripted({}, { 'grpc.dns_min_time_between_resolutions_ms': 100 });
    const updates = updatesFromNow();
    await probe.request();
    lookups[0]?.fail(FORGED);
    await turn();
    await vi.advanceTimersByTimeAsync(1001);
    const note = `${FORGED}${' '.repeat(100_000)}`;
    lookups[1]?.answerWith({ endpoints: ['10.0.0.1:1'], note, incomplete: true });
    await turn();
    expect(probe.calls[0]?.error?.details).toContain(SHOWN);
    expect(probe.calls[1]?.note).toBe(`${SHOWN}… (${note.length} characters)`);
    expect(updates.map(({ error }) => error)).toEqual([
      probe.calls[0]?.error?.details,
      undefined,
      probe.calls[1]?.note,
    ]);
  });

  it('is one line in the names of its Unix sockets', async () => {
    const { probe, lookups } = scripted({ unixSockets: true });
    const updates = updatesFromNow();
    await probe.request();
    lookups[0]?.answerWith({ endpoints: [{ addresses: [{ path: `/run/${FORGED}` }] }] });
    await turn();
    expect(updates[0]?.added).toEqual([`/run/${SHOWN}`]);
    expect(probe.calls[0]?.raw).toEqual([{ addresses: [{ path: `/run/${FORGED}` }] }]);
  });

  it('is one line where its service config is bad, whatever is', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    for (const serviceConfig of [
      FORGED,
      { loadBalancingConfig: [{ [FORGED]: 5 }] },
      { loadBalancingConfig: FORGED },
      { methodConfig: [{ name: [{}], timeout: FORGED }] },
    ]) {
      const { probe, lookups } = scripted();
      await probe.request();
      lookups[0]?.answerWith({ endpoints: ['10.0.0.1:1'], serviceConfig } as Resolution);
      await turn();
      expect(probe.calls[0]?.note).toMatch(/^bad service config ignored: [^\p{Cc}\u2028]*$/u);
    }
    expect(log.mock.calls.flat().join('').replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u2028]/u);
    log.mockRestore();
  });
});

it('what a program hands on to a manual resolver is one line, and bounded', async () => {
  const handle = createManualResolver();
  const channel = new Probe(manualResolverClass, handle.target);
  const call = channel.ask();
  handle.fail({ details: `${FORGED}${' '.repeat(100_000)}` });
  expect((await call).error?.details).toContain(`${SHOWN}… (`);
  handle.close();
});

describe('a password in a target', () => {
  const targets = [
    'static://user:pa55word@server.example/10.0.0.1:1',
    'static://user:pa55/word@server.example/10.0.0.1:1',
    'static:user:pa55word@10.0.0.1:1',
    'static:10.0.0.2:1,user:pa55,word@10.0.0.1:1',
    'static:user:pa55+word@10.0.0.1:1',
    'srv://user:pa55word@10.0.0.1/_grpc._tcp.echo.test',
    'http://user:pa55word@echo.example/',
  ];

  it.each(targets)('is in no message about %s', (target) => {
    expect(() => parseTarget(target)).toThrow(/^bad target: (?!.*(?:pa55|word@))/);
  });

  it.each(targets.slice(0, 6))('is in no error and no event of a channel to %s', async (target) => {
    const updates = updatesFromNow();
    const make = target.startsWith('srv') ? createSrvResolverClass : createStaticResolverClass;
    const { error } = await new Probe(make(), target).ask();
    expect(error?.details).toContain('***@');
    expect(JSON.stringify([error?.details, updates])).not.toMatch(/pa55|word@/);
  });

  it('is in no message about an endpoint', () => {
    expect(() => staticTarget(['http://user:pa55word@10.0.0.1:1'])).toThrow(
      /"http:\/\/user:\*\*\*@10\.0\.0\.1:1"/,
    );
  });
});
