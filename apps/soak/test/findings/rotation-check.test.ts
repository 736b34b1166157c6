import { describe, expect, test } from 'vitest';
import { rotationError } from '../../src/findings/rotation-check.js';

describe('the check of a rotation', () => {
  const order = ['a', 'b', 'c'];

  test.each(['aaabbbcccaaabbb', 'abbbcccaaab', 'bbcccaaabbbccca', 'cccaaa'])('%s is a rotation', (peers) => {
    expect(rotationError([...peers], order, 3)).toBeUndefined();
  });

  test.each([
    ['aaaabbb', 'RPC 4 went to a after 3 to a'],
    ['aabbccc', 'RPC 5 went to c after 2 to b'],
    ['aaaccc', 'RPC 4 went to c after 3 to a'],
    ['aaabbba', 'RPC 7 went to a after 3 to b'],
    ['xaaa', 'x is not among a, b, c'],
  ])('%s is none: %s', (peers, error) => {
    expect(rotationError([...peers], order, 3)).toContain(error);
  });
});
