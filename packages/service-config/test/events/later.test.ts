import { channel } from 'node:diagnostics_channel';
import { setLogger } from '@grpc/grpc-js';
import { hear } from '@petiole/test-kit/hear';
import { told } from '@petiole/test-kit/told';
import { expect, it, onTestFinished, vi } from 'vitest';
import { logError, publishLater } from '../../src/internal.js';

const one = channel('test.one');
const other = channel('test.other');

it('tells when the frames are over, in the order of the calls, over all channels and the log', async () => {
  const heard: unknown[] = [];
  hear(['test.one'], (message) => heard.push(message));
  hear(['test.other'], (message) => heard.push(message));
  setLogger({ error: (line: string) => heard.push(line) });
  onTestFinished(() => setLogger(console));
  publishLater(one, () => ({ is: 1 }));
  logError('2');
  publishLater(other, () => ({ is: 3 }));
  publishLater(one, () => ({ is: 4 }));
  expect(heard).toEqual([]);
  await told();
  expect(heard).toEqual([{ is: 1 }, '2', { is: 3 }, { is: 4 }]);
});

it('tells what was so at the time of the call', async () => {
  const heard: unknown[] = [];
  hear(['test.one'], (message) => heard.push(message));
  let state = 'READY';
  publishLater(one, () => ({ state }));
  state = 'SHUTDOWN';
  await told();
  expect(heard).toEqual([{ state: 'READY' }]);
});

it('makes and schedules nothing while nobody subscribes, and tells nothing when there is nothing to tell', async () => {
  const ticks = vi.spyOn(process, 'nextTick');
  onTestFinished(() => ticks.mockRestore());
  const event = vi.fn(() => ({}));
  publishLater(one, event);
  const heard = vi.fn();
  hear(['test.one'], heard);
  publishLater(one, () => undefined);
  expect(event).not.toHaveBeenCalled();
  expect(ticks).not.toHaveBeenCalled();
  await told();
  expect(heard).not.toHaveBeenCalled();
});

it('does not tell those who have unsubscribed in between, and goes on telling others', async () => {
  const [gone, stays] = [vi.fn(), vi.fn()];
  const stop = hear(['test.one'], gone);
  publishLater(one, () => ({}));
  stop();
  await told();
  expect(gone).not.toHaveBeenCalled();
  const stopAgain = hear(['test.one'], gone);
  hear(['test.one'], stays);
  publishLater(one, () => ({}));
  stopAgain();
  await told();
  expect(gone).not.toHaveBeenCalled();
  expect(stays).toHaveBeenCalledOnce();
});
