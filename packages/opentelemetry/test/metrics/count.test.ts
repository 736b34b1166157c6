/** What happens often in a turn of the event loop is counted by one record. */
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { Count } from '../../src/metrics/count.js';
import { Turn } from '../../src/metrics/turn.js';

test('one record counts what happens in a turn with the same labels, counter and context', () => {
  const records: unknown[] = [];
  const counter = (name: string): { add(count: number, labels?: object): void } => ({
    add: (count, labels) => void records.push([name, count, labels]),
  });
  const [picks, others] = [counter('picks'), counter('others')];
  const [a, b] = [{ endpoint: 'a' }, { endpoint: 'b' }];
  const turn = new Turn(100);
  const further = ROOT_CONTEXT.setValue(Symbol('span'), 1);
  Count.add(turn, picks, a, ROOT_CONTEXT);
  Count.add(turn, picks, b, ROOT_CONTEXT);
  Count.add(turn, picks, a, ROOT_CONTEXT);
  Count.add(turn, picks, a, further);
  Count.add(turn, others, a, further);
  turn.end();
  Count.add(turn, picks, a, ROOT_CONTEXT);
  turn.end();
  expect(records).toEqual([
    ['picks', 2, a],
    ['picks', 1, b],
    ['picks', 1, a],
    ['others', 1, a],
    ['picks', 1, a],
  ]);
});
