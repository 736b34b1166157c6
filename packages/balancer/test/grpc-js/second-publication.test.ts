/** The second publication after an update: one for each turn, and none after the end. */
import { expect, test } from 'vitest';
import { SecondPublication } from '../../src/grpc-js/second-publication.js';

const turn = () => new Promise(setImmediate);

test('comes once, in the next turn, however often it is asked for in one', async () => {
  let published = 0;
  const second = new SecondPublication(() => published++);
  second.schedule();
  second.schedule();
  expect(published).toBe(0);
  await turn();
  expect(published).toBe(1);
  second.schedule();
  await turn();
  expect(published).toBe(2);
});

test('does not come once it is cancelled', async () => {
  const second = new SecondPublication(() => expect.fail('it is cancelled'));
  second.schedule();
  second.cancel();
  await turn();
});
