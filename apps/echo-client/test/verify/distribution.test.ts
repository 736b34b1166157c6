/** The check itself: it must fail on every departure, and say what was seen. */
import { describe, expect, test } from 'vitest';
import { describePeers, deviation, expectedPeers } from '../../src/verify/distribution.js';

const EXPECTED = { peers: ['a', 'b', 'c'], repeatCount: 3, iterations: 3 };
const KEPT = [...'aaabbbcccaaabbbcccaaabbbccc'];

test('the expected peers are whole iterations in order, nine answers from each', () => {
  expect(expectedPeers(EXPECTED).join('')).toBe('aaabbbcccaaabbbcccaaabbbccc');
});

describe('deviation', () => {
  test('none when every peer answers three times in a row in each of three iterations', () => {
    expect(deviation(KEPT, EXPECTED)).toBeUndefined();
  });

  test.each([
    [
      'plain round robin, the same totals',
      'abcabcabcabcabcabcabcabcabc',
      'RPC 2 of 27 was answered by b, expected a',
    ],
    [
      'everything from one peer, as pick_first does',
      'a'.repeat(27),
      'RPC 4 of 27 was answered by a, expected b',
    ],
    [
      'another order of the peers',
      'bbbaaacccbbbaaacccbbbaaaccc',
      'RPC 1 of 27 was answered by b, expected a',
    ],
    ['a stranger', 'aaabbbcccaaabbbcccaaabbbccx', 'RPC 27 of 27 was answered by x, expected c'],
    ['two iterations only', 'aaabbbcccaaabbbccc', 'RPC 19 of 27 was not answered, expected a'],
    ['one answer too many', 'aaabbbcccaaabbbcccaaabbbccca', '28 RPCs were answered, expected 27'],
    ['nothing', '', 'RPC 1 of 27 was not answered, expected a'],
  ])('%s', (_, seen, message) => {
    expect(deviation([...seen], EXPECTED)).toBe(message);
  });
});

describe('describePeers', () => {
  test('runs in order, then totals', () => {
    expect(describePeers([...'aaabba'])).toBe('a ×3, b ×2, a ×1 (in total a 4, b 2)');
  });

  test('nothing seen', () => {
    expect(describePeers([])).toBe('no answer from any peer');
  });
});
