/** Configs that a policy above may hand down by mistake: they are refused, as grpc-js's own policies do. */
import { experimental, type LoadBalancingConfig } from '@grpc/grpc-js';
import { SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { expect, test } from 'vitest';
import { definePolicy, type Field, integer, type PolicyDefinition } from '../../src/index.js';
import { PolicyInstance } from '../../src/policy/instance.js';

function define(name: string) {
  const configs: unknown[] = [];
  const definition: PolicyDefinition<Record<string, Field>, undefined, undefined> = {
    name,
    fields: { own: integer() },
    createPicker: (_, { config }) => void configs.push(config),
  };
  definePolicy(definition).register();
  return { definition, configs };
}

const ENDPOINTS = experimental.statusOrFromValue(SimulatedChannel.endpoints(2));

test('a config that this package has not parsed never reaches the policy', () => {
  const { configs } = define('gets_a_foreign_config');
  const channel = new SimulatedChannel({});
  const config: experimental.TypedLoadBalancingConfig = {
    getLoadBalancerName: () => 'gets_a_foreign_config',
    toJsonObject: () => ({}),
  };
  expect(channel.policy.updateAddressList(ENDPOINTS, config, {}, '')).toBe(false);
  expect(configs).toEqual([]);
  expect(channel.created).toBe(0);
});

test('nor does the config of another policy of this package; the last one of its own stays in force', () => {
  const { definition, configs } = define('gets_the_config_of_another');
  define('another');
  const channel = new SimulatedChannel({});
  const policy = new PolicyInstance(definition, channel.helper);
  const update = (config: LoadBalancingConfig): boolean =>
    policy.updateAddressList(ENDPOINTS, experimental.parseLoadBalancingConfig(config), {}, '');
  expect(update({ another: { of: 'another' } })).toBe(false);
  expect(channel.created).toBe(0);
  expect(update({ gets_the_config_of_another: { own: 1 } })).toBe(true);
  const updates = configs.length;
  expect(update({ another: { of: 'another' } })).toBe(false);
  expect(configs.length).toBe(updates);
  expect(configs.at(-1)).toEqual({ own: 1 });
  policy.destroy();
});
