import assert from 'node:assert/strict';
import test, { mock } from 'node:test';
import { move, order } from './order.mjs';

test('the order and a manual resolver under mocked timers', async () => {
  mock.timers.enable();
  assert.equal(await order(), 'AAABBBCCC');
  assert.equal(await move(), 'ABBBBBBBB');
  console.log(await order());
});
