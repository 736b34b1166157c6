import { describe, expect, test } from 'vitest';
import { Fingerprints, sameEnds } from '../../src/endpoint/ends.js';
import { endpointKey } from '../../src/endpoint/identity.js';

const ends = (list: string, other: string) => {
  const { head, tail } = sameEnds([...list], [...other], Object.is);
  return [list.slice(0, head), list.slice(list.length - tail)];
};

describe('two lists have the same ends', () => {
  test.each([
    ['abcde', 'abxde', 'ab', 'de'],
    ['abcde', 'abde', 'ab', 'de'],
    ['abde', 'abcde', 'ab', 'de'],
    ['abc', 'abc', 'abc', ''],
    ['aa', 'aaa', 'aa', ''],
    ['aaba', 'aba', 'a', 'ba'],
    ['abc', '', '', ''],
    ['xbc', 'abc', '', 'bc'],
  ])('%s and %s', (list, other, head, tail) => {
    expect(ends(list, other)).toEqual([head, tail]);
  });
});

/** Of `10.0.0.1:1+10.0.0.2:1`, or of the path of a Unix socket. */
const keyOf = (text: string): string => {
  const addresses = text.split('+').map((one) => {
    const [host = '', port] = one.split(':');
    return port === undefined ? { path: host } : { host, port: Number(port) };
  });
  return endpointKey({ addresses });
};

describe('an endpoint between the ends of a list is seen to stand in an end, too', () => {
  test.each([
    ['10.0.0.1:1', '10.0.0.1:1', true],
    ['10.0.0.1:1', '10.0.0.1:2', false],
    ['10.0.0.1:1+10.0.0.2:1', '10.0.0.2:1+10.0.0.1:1', true],
    ['10.0.0.1:1+10.0.0.2:1', '10.0.0.1:1', false],
    ['10.0.0.1:1', '10.0.0.2:1+10.0.0.1:1', false],
    ['/run/a', '/run/a', true],
    ['/run/a', '/run/b', false],
  ])('%s in a list with %s: %s', (one, other, expected) => {
    const between = [keyOf('10.9.9.9:9'), keyOf(one)];
    const [first, last] = [keyOf('10.0.0.7:1'), keyOf(other)];
    for (const list of [
      [last, first],
      [first, last],
    ])
      expect(Fingerprints.of(list).replaced({ head: 1, tail: 1 }, between) === undefined).toBe(expected);
    // What it replaces is in neither end.
    expect(Fingerprints.of([first, last]).replaced({ head: 1, tail: 0 }, between)).toBeDefined();
  });

  test('whatever was replaced before', () => {
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(keyOf) as [string, string, string, string];
    const later = Fingerprints.of([a, b, c]).replaced({ head: 1, tail: 1 }, [d]);
    const isSeen = (one: string) => later?.replaced({ head: 3, tail: 0 }, [one]) === undefined;
    expect([a, b, c, d].map(isSeen)).toEqual([true, false, true, true]);
  });
});
