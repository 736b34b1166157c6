import { expect, it } from 'vitest';
import { HostTurns } from '../../src/lookup/host-turns.js';

const NEVER = new AbortController().signal;

it('looks up each host once, and no more at a time than the bound allows', async () => {
  let inFlight = 0;
  let most = 0;
  const ended: string[] = [];
  await new HostTurns().each(new Set(['aaaaa', 'b', 'ccc', 'dd', 'eeee']), 2, NEVER, async (host) => {
    inFlight += 1;
    most = Math.max(most, inFlight);
    for (let turn = 0; turn < host.length; turn += 1) await null;
    inFlight -= 1;
    ended.push(host);
  });
  expect(ended.sort()).toEqual(['aaaaa', 'b', 'ccc', 'dd', 'eeee']);
  expect(most).toBe(2);
});

it('begins with those that have waited longest, where a look was cut short', async () => {
  const turns = new HostTurns();
  const hosts = new Set(['a', 'b', 'c', 'd']);
  const begunIn = async (signal: AbortSignal, abortAfter?: () => void): Promise<string[]> => {
    const begun: string[] = [];
    await turns.each(hosts, 1, signal, async (host) => {
      begun.push(host);
      if (begun.length === 2) abortAfter?.();
    });
    return begun;
  };
  const cut = new AbortController();
  await begunIn(cut.signal, () => cut.abort());
  expect(await begunIn(NEVER)).toEqual(['b', 'c', 'd', 'a']);
});
