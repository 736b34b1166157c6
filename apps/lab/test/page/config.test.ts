/** Form and JSON are two views of one service config. */
import { expect, it } from 'vitest';
import { format, parseObject, withField } from '../../src/page/config/json.js';
import {
  attemptsOf,
  checksHealth,
  HEDGING,
  policyList,
  policyOf,
  RETRIES,
  withAttempts,
  withHealthChecks,
} from '../../src/page/config/service-config.js';

const isOurs = (name: string): boolean => name === 'least_request';

it('the form shows the first policy that is known, as a client takes it', () => {
  const list = [{ newest: { a: 1 } }, { least_request: { choiceCount: 3 } }, { round_robin: {} }];
  expect(policyOf(list, isOurs)).toEqual({ name: 'least_request', config: { choiceCount: 3 } });
  expect(policyOf([{ newest: {} }], isOurs)).toEqual({ name: 'newest', config: {} });
  expect(policyOf('nonsense', isOurs)).toBeUndefined();
});

it('a field that is emptied is taken out, and others stay', () => {
  const { name, config } = policyOf([{ least_request: { choiceCount: 3, other: 1 } }], isOurs) ?? {
    name: '',
    config: {},
  };
  expect(policyList({ name, config: withField(config, 'choiceCount', undefined) })).toEqual([
    { least_request: { other: 1 } },
  ]);
});

it('there is no form of a text that is no object, or has more levels than the lab applies', () => {
  for (const text of ['{', '[]', 'null', `{"a":${'['.repeat(15_000)}${']'.repeat(15_000)}}`])
    expect(parseObject(text)).toBeUndefined();
  expect(parseObject(`{"a":${'['.repeat(99)}${']'.repeat(99)}}`)).toBeDefined();
});

it('what the form writes is JSON that the form reads', () => {
  const config = withAttempts(
    withHealthChecks({ loadBalancingConfig: [{ least_request: {} }] }, true),
    RETRIES,
  );
  expect(parseObject(format(config))).toEqual(config);
  expect(checksHealth(config)).toBe(true);
  expect(checksHealth(withHealthChecks(config, false))).toBe(false);
});

it('short objects stay on one line, texts keep their spaces and brackets', () => {
  expect(format({ loadBalancingConfig: [{ least_request: {} }] })).toBe(
    '{\n  "loadBalancingConfig": [{ "least_request": {} }]\n}',
  );
  const text = { note: 'a {\n  "b": 1\n} [\n 2\n ]', list: ['{ "x": 1 }'] };
  expect(parseObject(format(text))).toEqual(text);
});

it.each([RETRIES, HEDGING, { kind: 'one' } as const])(
  'the client’s control shows what it wrote: $kind',
  (attempts) => {
    expect(attemptsOf(withAttempts({}, attempts))).toEqual(attempts);
  },
);

it('a methodConfig that the control did not write is left alone', () => {
  const config = { methodConfig: [{ name: [{}], timeout: '1s' }] };
  expect(attemptsOf(config)).toEqual({ kind: 'other' });
  expect(withAttempts(config, attemptsOf(config))).toBe(config);
});

it('what is no JSON object gives no form', () => {
  expect(parseObject('[1]')).toBeUndefined();
  expect(parseObject('{')).toBeUndefined();
});
