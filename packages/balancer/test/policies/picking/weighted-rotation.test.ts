import fc from 'fast-check';
import { expect, test } from 'vitest';
import { WeightedRotation } from '../../../src/policies/picking/weighted-rotation.js';

const membersOf = (...weights: number[]) => weights.map((weight, index) => ({ weight, index }));
const rotationOf = (members: ReturnType<typeof membersOf>, start: number) =>
  new WeightedRotation(members, ({ weight }) => weight, start);
const take = <Member>(rotation: WeightedRotation<Member>, picks: number) =>
  Array.from({ length: picks }, () => rotation.next());

const members = fc
  .array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 20 })
  .map((weights) => membersOf(...weights));
const start = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test('in each full turn everyone is picked exactly as often as their weight says', () => {
  fc.assert(
    fc.property(members, start, fc.integer({ min: 1, max: 4 }), (list, start, turns) => {
      const rotation = rotationOf(list, start);
      const total = list.reduce((sum, { weight }) => sum + weight, 0);
      for (let turn = 0; turn < turns; turn++) {
        const picks = take(rotation, total);
        for (const member of list) expect(picks.filter((each) => each === member).length).toBe(member.weight);
      }
    }),
  );
});

test('at no time is anyone further from their share than a pick of their own and their part of one pick of each member', () => {
  fc.assert(
    fc.property(members, start, (list, start) => {
      const rotation = rotationOf(list, start);
      const total = list.reduce((sum, { weight }) => sum + weight, 0);
      const counts = new Map(list.map((member) => [member, 0]));
      const tooFar: unknown[] = [];
      for (let picks = 1; picks <= total; picks++) {
        const picked = rotation.next();
        counts.set(picked, (counts.get(picked) ?? 0) + 1);
        for (const [{ weight }, count] of counts) {
          const share = weight / total;
          if (Math.abs(count - picks * share) > 1 + list.length * share) tooFar.push({ picks, count, share });
        }
      }
      expect(tooFar).toEqual([]);
    }),
  );
});

test('equal weights are a plain rotation, from the member that the start says', () => {
  for (const weight of [1, 7, 4_294_967_295]) {
    const order = (start: number) => take(rotationOf(membersOf(weight, weight, weight, weight), start), 10);
    expect(order(0).map(({ index }) => index)).toEqual([0, 1, 2, 3, 0, 1, 2, 3, 0, 1]);
    expect(order(0.3).map(({ index }) => index)).toEqual([3, 0, 1, 2, 3, 0, 1, 2, 3, 0]);
  }
});

test('light members are spread between the picks of a heavy one', () => {
  const order = take(rotationOf(membersOf(8, 1, 1, 1, 1), 0), 12).map(({ index }) => index);
  expect(order.join('')).toBe('001002030040');
});

test('starts that are spread over a turn begin equally often with each of equal members', () => {
  const firsts = [0, 0, 0];
  for (let i = 0; i < 300; i++) {
    const { index } = rotationOf(membersOf(2, 2, 2), (i + 0.5) / 300).next();
    firsts[index] = (firsts[index] ?? 0) + 1;
  }
  expect(firsts).toEqual([100, 100, 100]);
});

test('the largest weights of a service config keep their shares', () => {
  const list = membersOf(4_294_967_295, 2_147_483_648, 1);
  const counts = [0, 0, 0];
  for (const { index } of take(rotationOf(list, 0.5), 30_000)) counts[index] = (counts[index] ?? 0) + 1;
  expect(counts[0]).toBeGreaterThanOrEqual(19_990);
  expect(counts[1]).toBeGreaterThanOrEqual(9_990);
});
