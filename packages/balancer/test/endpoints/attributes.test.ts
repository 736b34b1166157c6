/** What a resolver knows of an endpoint reaches the policy, and a change of it is news and nothing else. */
import { type experimental, connectivityState as State } from '@grpc/grpc-js';
import { type EndpointAttributes, withAttributes } from '@petiole/service-config/internal';
import { startFleet } from '@petiole/test-kit/servers';
import { SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import {
  definePolicy,
  defineWrapper,
  type PolicyEndpoint,
  queuePick,
  serviceConfig,
} from '../../src/index.js';
import { openChannel } from '../support/fleet.js';

type Noted = PolicyEndpoint<{ readonly zone: unknown }>;

const A = '10.0.0.0:1';
const at = (address: string, attributes: EndpointAttributes): experimental.Endpoint =>
  withAttributes(SimulatedChannel.endpoint(address), attributes);

/** The attributes of all endpoints, a line for each call of `createPicker`. */
const seen: EndpointAttributes[][] = [];
let endpoints: readonly Noted[] = [];

beforeAll(() => {
  definePolicy({
    name: 'notes_attributes',
    createData: ({ attributes }) => ({ zone: attributes.zone }),
    createPicker(ready, view) {
      endpoints = view.endpoints;
      seen.push(endpoints.map(({ attributes }) => attributes));
      return ready.length < endpoints.length
        ? undefined
        : { pick: () => ready.find(({ attributes }) => attributes.weight === 2)?.pickResult ?? queuePick() };
    },
  }).register();
});
beforeEach(() => {
  seen.length = 0;
});

function open(...list: experimental.Endpoint[]): SimulatedChannel {
  const channel = new SimulatedChannel({ notes_attributes: {} });
  channel.update(list);
  channel.all(State.READY);
  return channel;
}

test('an endpoint has the attributes that its resolver gave, createData gets them, and without any they are empty', () => {
  open(at(A, { zone: 'a', rack: [1] }), SimulatedChannel.endpoint('10.0.0.1:1'));
  expect(endpoints.map(({ attributes }) => attributes)).toEqual([{ zone: 'a', rack: [1] }, {}]);
  expect(endpoints.map(({ data }) => data.zone)).toEqual(['a', undefined]);
});

test('other attributes are the same endpoint with its connection and data, and createPicker is called once', () => {
  const channel = open(at(A, { zone: 'a' }), at('10.0.0.1:1', {}));
  const before = [...endpoints];
  const { created } = channel;
  seen.length = 0;
  channel.update([at(A, { zone: 'b' }), at('10.0.0.1:1', { weight: 2 })]);
  expect(seen).toEqual([[{ zone: 'b' }, { weight: 2 }]]);
  expect(endpoints).toEqual(before);
  expect(endpoints[0]).toMatchObject({ state: 'READY', data: { zone: 'a' } });
  expect(channel.created).toBe(created);
  expect(channel.pick()).toBe('10.0.0.1:1');
});

test('the same attributes in fresh objects are no news', () => {
  const channel = open(at(A, { hints: ['a'] }));
  seen.length = 0;
  channel.update([at(A, { hints: ['a'] })]);
  expect(seen).toEqual([]);
});

test('other attributes in a list that changes, too, or with another order of addresses, are taken', () => {
  const channel = open(at(A, { zone: 'a' }));
  channel.update([at(A, { zone: 'b' }), at('10.0.0.1:1', {})]);
  expect(seen.at(-1)).toEqual([{ zone: 'b' }, {}]);
  const both = SimulatedChannel.endpoint(A, '10.0.0.2:1');
  const dual = open(withAttributes(both, { zone: 'a' }));
  const { created } = dual;
  seen.length = 0;
  dual.update([withAttributes({ addresses: [...both.addresses].reverse() }, { zone: 'b' })]);
  expect(seen).toEqual([[{ zone: 'b' }]]);
  expect(dual.created).toBe(created);
});

test('a wrapper chooses by them', () => {
  defineWrapper({
    name: 'zone_a_only',
    select: (all) => all.filter(({ attributes }) => attributes.zone === 'a'),
  }).register();
  const channel = new SimulatedChannel({ zone_a_only: { childPolicy: [{ notes_attributes: {} }] } });
  channel.update([at(A, { zone: 'b' }), at('10.0.0.1:1', { zone: 'a' })]);
  expect(seen.at(-1)).toEqual([{ zone: 'a' }]);
});

test('outlier_detection passes them on, and a change of them goes to other servers without a new connection', async () => {
  const [one, two] = await startFleet(2);
  const list = (first: number, second: number): experimental.Endpoint[] => [
    withAttributes(one?.endpoint() ?? { addresses: [] }, { weight: first }),
    withAttributes(two?.endpoint() ?? { addresses: [] }, { weight: second }),
  ];
  const text = serviceConfig({
    loadBalancingConfig: [{ outlier_detection: { childPolicy: [{ notes_attributes: {} }] } }],
  });
  const channel = openChannel({ endpoints: list(2, 1), policy: JSON.parse(text).loadBalancingConfig[0] });
  expect(await channel.unary()).toBe(one?.peer);
  channel.resolver.push(list(1, 2));
  expect(seen.at(-1)).toEqual([{ weight: 1 }, { weight: 2 }]);
  expect(await channel.unary()).toBe(two?.peer);
  expect([one?.connections, two?.connections]).toEqual([1, 1]);
});
