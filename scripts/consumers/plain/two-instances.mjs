/**
 * The ES module and the CommonJS file in one process, as where a bundler or an old Node.js makes two instances of them: each
 * registers, and what one has registered, the other one's configs and checker know. Each event is published once.
 */
import assert from 'node:assert/strict';
import { subscribe } from 'node:diagnostics_channel';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { askServers, connectTo } from './order.mjs';

const require = createRequire(import.meta.url);
const load = async (name) => {
  const folder = dirname(require.resolve(`@petiole/${name}/package.json`));
  return [await import(join(folder, 'dist/index.js')), require(join(folder, 'dist/index.cjs'))];
};
const balancers = await load('balancer');
const resolvers = await load('resolver');
const checkers = await load('service-config');
assert.notEqual(balancers[0].customRoundRobin, balancers[1].customRoundRobin);

for (const { customRoundRobin } of balancers) customRoundRobin.register();
for (const { registerStaticResolver } of resolvers) registerStaticResolver();
const ofOne = balancers[0].definePolicy({
  name: 'of_one',
  fields: { at: balancers[0].integer({ max: 9, default: 0 }) },
  createPicker: (ready, { config: { at } }) => ready[at] && { pick: () => ready[at].pickResult },
});
ofOne.register();
for (const { checkServiceConfig } of [...checkers, ...balancers]) {
  assert.deepEqual(checkServiceConfig({ loadBalancingConfig: [ofOne({ at: 3 })] }), []);
  const [finding] = checkServiceConfig({ loadBalancingConfig: [{ of_one: { at: 10 } }] });
  assert.match(finding.path, /\.of_one\.at$/);
}
assert.throws(() => balancers[1].definePolicy({ name: 'of_one', createPicker: () => undefined }).register());

const events = [];
subscribe('petiole.endpoint.state', ({ endpoint, to }) => events.push(`${endpoint} ${to}`));
const answers = await Promise.all(
  [0, 1].flatMap((i) =>
    [0, 1].map((j) =>
      askServers((addresses) =>
        connectTo(
          resolvers[j].staticTarget(addresses),
          balancers[i].serviceConfig({ loadBalancingConfig: [balancers[i].customRoundRobin()] }),
        ),
      ),
    ),
  ),
);
assert.deepEqual(new Set(answers), new Set([answers[0]]));
assert.equal(new Set(events).size, events.length, events.join('\n'));
console.log(answers[0]);
