/** Which name is meant. */
import { expect, test } from 'vitest';
import { nearMiss } from '../../src/internal.js';

const NAMES = ['loadBalancingConfig', 'methodConfig', 'retryThrottling', 'healthCheckConfig', 'name'];

test.each([
  ['methodconfig', 'methodConfig'],
  ['method_config', 'methodConfig'],
  ['metodConfg', 'methodConfig'],
  ['loadBalancing', 'loadBalancingConfig'],
  ['health-check', 'healthCheckConfig'],
  ['throttling', 'retryThrottling'],
  ['nam', undefined],
  ['config', undefined],
  ['somethingElse', undefined],
])('%s stands for %s', (name, meant) => {
  expect(nearMiss(name, NAMES)).toBe(meant);
});
