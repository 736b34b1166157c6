import assert from 'node:assert/strict';
import test, { mock } from 'node:test';
import { move, order } from './order.mjs';

const fake = () => mock.timers.enable();

test('the order and a manual resolver under mocked timers', async () => {
  const answers = await order(fake);
  assert.equal(answers, 'AAABBBCCC');
  mock.timers.reset();
  assert.match(await move(fake), /^A+B+$/);
  console.log(answers);
});
