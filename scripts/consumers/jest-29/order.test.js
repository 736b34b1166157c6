/** Jest's own defaults: CommonJS, no transformation of packages. */
const { writeSync } = require('node:fs');
const { move, order } = require('./order.cjs');

afterEach(() => {
  jest.useRealTimers();
});

test('the order', async () => {
  writeSync(1, `${await order()}\n`);
});

// grpc-js itself needs these two.
const fake = () => jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });

test('the order under fake timers', async () => {
  expect(await order(fake)).toBe('AAABBBCCC');
});

test('a manual resolver under fake timers', async () => {
  expect(await move(fake)).toMatch(/^A+B+$/);
});
