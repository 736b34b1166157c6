import { Client, credentials, type experimental } from '@grpc/grpc-js';
import { expect, it } from 'vitest';
import '../../src/register.js';
import { defineResolver } from '../../src/schemes/define-resolver.js';
import { schemeResolver } from '../../src/schemes/scheme.js';
import { collectUntil } from '../support/collect.js';

it('ends what a resolver has begun when nobody holds that any more, and not while somebody does', async () => {
  const ended: string[] = [];
  const resolverClass = schemeResolver({
    name: 'held',
    tracer: 'held',
    parse: ({ path }) => path,
    authority: () => 'localhost',
    open: (path) => ({ updateResolution: () => {}, destroy: () => ended.push(path) }),
  });
  const make = (path: string): experimental.Resolver =>
    new resolverClass({ scheme: 'held', path }, () => true, {});
  const held = make('held');
  make('let go');
  await collectUntil(() => ended.length > 0);
  expect(ended).toEqual(['let go']);
  held.destroy();
  expect(ended).toEqual(['let go', 'held']);
});

it.each([
  'static:///127.0.0.1:1',
  'dns+refresh:///localhost:1',
  'srv:///nothing.invalid',
  'catalogue:///one',
])('lets go of a client that is closed: %s', async (target) => {
  defineResolver({
    scheme: 'catalogue',
    authority: () => 'localhost',
    resolve: () => ({ endpoints: ['127.0.0.1:1'] }),
  }).register();
  const open = (): WeakRef<object> => {
    // What is in a channel of grpc-js has hold of its options; nothing else has.
    const held = {};
    const client = new Client(target, credentials.createInsecure(), { held });
    client.getChannel().getConnectivityState(true);
    client.close();
    return new WeakRef(held);
  };
  const held = open();
  await collectUntil(() => held.deref() === undefined);
});
