/** A target whose answer never changes, when the channel does not take that answer. */
import { expect, it, onTestFinished, vi } from 'vitest';
import { createStaticResolverClass } from '../../src/schemes/static.js';
import { Probe } from '../support/probe.js';
import { keepProcess, timersSetBy } from '../support/timers.js';

const later = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

/** A channel that refuses the answer, on a fake clock. */
function refusing(): Probe {
  vi.useFakeTimers();
  const random = vi.spyOn(Math, 'random').mockReturnValue(0.5); // no jitter
  // Runs after the resolver is destroyed: the real clearImmediate is upset by what the fake setImmediate gave.
  onTestFinished(() => {
    random.mockRestore();
    vi.useRealTimers();
  });
  const options = { 'grpc.initial_reconnect_backoff_ms': 500 };
  const probe = new Probe(createStaticResolverClass(), 'static:10.0.0.1:1', options);
  probe.accept = false;
  return probe;
}

it("an answer that was refused is given again after the channel's back-off, until it is taken", async () => {
  const probe = refusing();
  probe.resolver.updateResolution();
  await later(490);
  expect(probe.calls).toHaveLength(1);
  await later(20);
  expect(probe.calls).toHaveLength(2);
  await later(780); // 1.6 times 500 ms
  expect(probe.calls).toHaveLength(2);
  probe.accept = true;
  await later(20);
  expect(probe.calls.map(({ endpoints }) => endpoints)).toEqual(Array(3).fill(['10.0.0.1:1']));
  await later(300_000);
  expect(probe.calls).toHaveLength(3);
});

it('the wait for that keeps no process, and ends when the channel goes idle', async () => {
  const probe = refusing();
  probe.resolver.updateResolution();
  const timers = await timersSetBy(() => later(1));
  expect(timers).toHaveLength(1);
  expect(keepProcess(timers)).toBe(false);
  probe.resolver.destroy();
  expect(vi.getTimerCount()).toBe(0);
});
