import type { experimental } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { isAnyOf, sameEnds } from '../../src/endpoint/ends.js';

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

/** `10.0.0.1:1+10.0.0.2:1`, or the path of a Unix socket. */
const endpoint = (text: string): experimental.Endpoint => ({
  addresses: text.split('+').map((one) => {
    const [host = '', port] = one.split(':');
    return port === undefined ? { path: host } : { host, port: Number(port) };
  }),
});

test.each([
  ['10.0.0.1:1', '10.0.0.1:1', true],
  ['10.0.0.1:1', '10.0.0.1:2', false],
  ['10.0.0.1:1+10.0.0.2:1', '10.0.0.2:1+10.0.0.1:1', true],
  ['10.0.0.1:1+10.0.0.2:1', '10.0.0.1:1', false],
  ['10.0.0.1:1', '10.0.0.2:1+10.0.0.1:1', false],
  ['/run/a', '/run/a', true],
  ['/run/a', '/run/b', false],
])('%s is one of a list with %s: %s', (one, other, expected) => {
  const few = [endpoint('10.9.9.9:9'), endpoint(one)];
  const many = [endpoint('10.0.0.7:1'), endpoint(other), { addresses: [] }];
  expect(isAnyOf(few, many)).toBe(expected);
});
