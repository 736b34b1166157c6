import type { experimental } from '@grpc/grpc-js';
import { expect, it } from 'vitest';
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
