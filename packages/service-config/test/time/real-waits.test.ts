/** Waits of real event loops: of this process, which stalls, and of one that has nothing else to do. */

import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns';
import { once } from 'node:events';
import { node, start } from '@petiole/test-kit/processes/program';
import { expect, it, onTestFinished } from 'vitest';
import { TurningClock } from '../../src/internal.js';
import { stall } from './stalls.js';

it('an answer of the system that comes in a stall comes before the end of a wait', async () => {
  const first = await new Promise((resolve) => {
    new TurningClock().wait(50, () => resolve('the end'));
    lookup('localhost', () => resolve('the answer'));
    stall(200);
  });
  expect(first).toBe('the answer');
});

it('a datagram that comes in a stall comes before the end of a wait', async () => {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  onTestFinished(() => void socket.close());
  await once(socket, 'listening');
  const first = await new Promise((resolve) => {
    socket.once('message', () => resolve('the answer'));
    socket.send('now', socket.address().port, '127.0.0.1', () => {
      new TurningClock().wait(50, () => resolve('the end'));
      stall(200);
    });
  });
  expect(first).toBe('the answer');
});

it('a wait ends also for an event loop that stalls in each of its turns', async () => {
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

it('a process that has nothing to do but wait ends', async () => {
  const { exitCode, stdout } = await start(node('test/time/waiting-process.ts'));
  expect(exitCode).toBe(0);
  expect(stdout).toBe('waits');
});
