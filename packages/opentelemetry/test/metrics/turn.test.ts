/** What is put off to the end of a turn of the event loop. */
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Turn } from '../../src/metrics/turn.js';

function late(recorded: string[], name: string): { record(): void } {
  return { record: () => void recorded.push(name) };
}

test('records are made in their order when the turn is over, each once', async () => {
  const recorded: string[] = [];
  const turn = new Turn(10);
  turn.add(late(recorded, 'a'));
  turn.add(late(recorded, 'b'));
  expect(recorded).toEqual([]);
  await setImmediate();
  turn.add(late(recorded, 'c'));
  await setImmediate();
  expect(recorded).toEqual(['a', 'b', 'c']);
});

test('a turn with as many records as may wait ends at once', () => {
  const recorded: string[] = [];
  const turn = new Turn(2);
  for (const name of ['a', 'b', 'c']) turn.add(late(recorded, name));
  expect(recorded).toEqual(['a', 'b']);
});

test('what has a key is found by it until the turn is over', () => {
  const turn = new Turn(10);
  const key = {};
  const found = late([], 'a');
  turn.add(found, key);
  turn.add(late([], 'b'));
  expect(turn.find(key)).toBe(found);
  turn.end();
  expect(turn.find(key)).toBeUndefined();
});
