/** Stalls of this process's own event loop: what has arrived meanwhile is read before a wait ends. */

import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { TurningClock } from '../../src/internal.js';

function stall(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** What came first: the end of a wait of 50 ms, or what `ask` waits for. The event loop stalls for 200 ms. */
function race(ask: (answered: () => void) => void): Promise<'the end' | 'the answer'> {
  return new Promise((resolve) => {
    new TurningClock().wait(50, () => resolve('the end'));
    ask(() => resolve('the answer'));
    stall(200);
  });
}

it('an answer of the system that comes in a stall comes before the end of the wait', async () => {
  expect(await race((answered) => lookup('localhost', answered))).toBe('the answer');
});

it('a datagram that comes in a stall comes before the end of the wait', async () => {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  onTestFinished(() => void socket.close());
  await once(socket, 'listening');
  const outcome = await race((answered) => {
    socket.once('message', answered);
    socket.send('now', socket.address().port, '127.0.0.1');
  });
  expect(outcome).toBe('the answer');
});

it('silence ends it, also for a loop that stalls in each of its turns', async () => {
  let turns = 0;
  await new Promise<void>((resolve) => {
    const clock = new TurningClock();
    const busy = (): void => {
      turns++;
      stall(5);
      if (clock.isWaiting) setImmediate(busy);
    };
    clock.wait(32, resolve);
    busy();
  });
  expect(turns).toBeGreaterThan(1);
  expect(turns).toBeLessThanOrEqual(19);
});
