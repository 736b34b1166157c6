/** Jest's own defaults: CommonJS, no transformation of packages. */
const { writeSync } = require('node:fs');
const { move, order } = require('./order.cjs');

afterEach(() => {
  jest.useRealTimers();
});

test('the order', async () => {
  writeSync(1, `${await order()}\n`);
});

test('the order and a manual resolver under fake timers', async () => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] }); // grpc-js itself needs these two
  expect(await order()).toBe('AAABBBCCC');
  expect(await move()).toBe('ABBBBBBBB');
});
