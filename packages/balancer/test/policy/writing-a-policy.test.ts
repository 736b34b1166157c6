/** The policy that docs/writing-a-policy.md builds step by step, `near_first`: does it do what the page says? */
import { readFileSync } from 'node:fs';
import { connectivityState as State } from '@grpc/grpc-js';
import { SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { beforeEach, expect, test } from 'vitest';
import { nearFirst } from './near-first-policy.js';

const [NEAR_1, NEAR_2, FAR_1, FAR_2] = ['10.1.0.1:1', '10.1.0.2:1', '10.2.0.1:1', '10.2.0.2:1'] as const;

beforeEach(() => nearFirst.register());

function openReady(preferred: string[]): SimulatedChannel {
  const channel = new SimulatedChannel(nearFirst({ preferred }));
  channel.update([FAR_1, NEAR_1, FAR_2, NEAR_2].map((address) => SimulatedChannel.endpoint(address)));
  channel.all(State.READY);
  return channel;
}

test('stands on the page, but for line breaks', () => {
  const page = readFileSync(new URL('../../../../docs/writing-a-policy.md', import.meta.url), 'utf8');
  const blocks = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, text = '']) => text);
  const text = readFileSync(new URL('near-first-policy.ts', import.meta.url), 'utf8');
  const withoutBreaks = (code: string): string => code.replaceAll(/\s+|,(?=\s*\))/g, '');
  expect(withoutBreaks(text)).toBe(withoutBreaks(blocks[0] ?? ''));
});

test('RPCs take turns among the endpoints that are near, and go elsewhere only while none of them is up', async () => {
  const channel = openReady(['10.1.']);
  expect(channel.picks(4)).toEqual([NEAR_1, NEAR_2, NEAR_1, NEAR_2]);
  channel.subchannel(NEAR_1).become(State.IDLE);
  expect(channel.picks(2)).toEqual([NEAR_2, NEAR_2]);
  channel.subchannel(NEAR_2).become(State.IDLE);
  expect(channel.picks(4)).toEqual([FAR_1, FAR_2, FAR_1, FAR_2]);
  // Until lost connections are being connected again.
  await new Promise<void>((resolve) => process.nextTick(resolve));
  channel.subchannel(NEAR_2).become(State.READY);
  expect(channel.picks(2)).toEqual([NEAR_2, NEAR_2]);
});

test('what happens to other endpoints does not start the turns again', () => {
  const channel = openReady(['10.1.']);
  const picks = Array.from({ length: 6 }, (_, pick) => {
    channel.subchannel(FAR_1).become(pick % 2 === 0 ? State.IDLE : State.READY);
    return channel.pick();
  });
  expect(picks).toEqual([NEAR_1, NEAR_2, NEAR_1, NEAR_2, NEAR_1, NEAR_2]);
});

test('the first endpoint that is up serves, wherever it is; with none, RPCs wait or fail', async () => {
  const channel = new SimulatedChannel(nearFirst({ preferred: ['10.1.'] }));
  channel.update([FAR_1, NEAR_1].map((address) => SimulatedChannel.endpoint(address)));
  expect(channel.pick()).toBe('QUEUE');
  channel.all(State.TRANSIENT_FAILURE, 'Error: refused');
  expect(channel.pick()).toBe(`near_first: all 2 endpoints failed: ${FAR_1}: refused; ${NEAR_1}: refused`);
  channel.subchannel(FAR_1).become(State.READY);
  expect(channel.pick()).toBe(FAR_1);
});

test('an endpoint is near by any of its addresses', () => {
  const channel = new SimulatedChannel(nearFirst({ preferred: ['10.1.'] }));
  channel.update([SimulatedChannel.endpoint(FAR_1), SimulatedChannel.endpoint(FAR_2, NEAR_1)]);
  channel.all(State.READY);
  expect(channel.picks(2)).toEqual([FAR_2, FAR_2]);
});

test('without a preference all take turns', () => {
  expect(openReady([]).picks(5)).toEqual([FAR_1, NEAR_1, FAR_2, NEAR_2, FAR_1]);
});

test('its bad config names field and value', () => {
  expect(() => nearFirst({ preferred: '10.1.' as never })).toThrow(
    'near_first: preferred must be an array, got "10.1."',
  );
});
