/** The pace of a load. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { runLoad } from '../../src/load/load.js';

test('a rate whose RPCs are further apart than a timer can be long sends one, and no flood', async () => {
  const cancel = new AbortController();
  let sent = 0;
  const load = runLoad({ rate: 1e-9, concurrency: 3 }, { cancel: cancel.signal }, async () => {
    sent += 1;
  });
  // Longer than the timers that are too long, which take a millisecond, and begun after them.
  await delay(2);
  cancel.abort();
  await load;
  expect(sent).toBe(1);
});
