/** What reaches a channel, and what is reported of it. */
import { type experimental, Metadata, status } from '@grpc/grpc-js';
import { told } from '@petiole/test-kit/told';
import { describe, expect, it } from 'vitest';
import type { UpdateReason } from '../../src/index.js';
import { Delivery } from '../../src/resolving/delivery.js';
import { parseStaticTarget } from '../../src/target/static-target.js';
import { uri } from '../support/probe.js';
import { updatesFromNow } from '../support/update-log.js';

const TARGET = uri('static:x');
const result = (path: string) => ({
  endpoints: parseStaticTarget(uri(`static:${path}`)).endpoints.map(({ addresses }) => ({
    addresses: [...addresses],
  })),
  serviceConfig: null,
  note: '',
});

const deliveryTo = (listener: experimental.ResolverListener): Delivery =>
  new Delivery(TARGET, listener, () => {});

describe('petiole.resolver.update', () => {
  it('reports what the channel took: not a result that its policy refused, and that one when it is taken', async () => {
    const updates = updatesFromNow();
    let accepts = true;
    const delivery = deliveryTo(() => accepts);
    const update = async (path: string, reason: UpdateReason): Promise<unknown> => {
      delivery.endpoints(result(path), reason);
      await told();
      const { added, removed, endpoints } = updates.pop() ?? { added: 'nothing' };
      return [added, removed, endpoints];
    };
    expect(await update('10.0.0.1:1', 'first resolution')).toEqual([['10.0.0.1:1'], [], 1]);
    accepts = false;
    expect(await update('10.0.0.2:1', 'periodic refresh')).toEqual(['nothing', undefined, undefined]);
    accepts = true;
    expect(await update('10.0.0.2:1', 'retry')).toEqual([['10.0.0.2:1'], ['10.0.0.1:1'], 1]);
  });

  it('comes when the delivery is over, and tells of that delivery: whoever hears of it may close the channel', async () => {
    const updates = updatesFromNow();
    const delivery = deliveryTo(() => true);
    delivery.endpoints(result('10.0.0.1:1'), 'first resolution');
    delivery.endpoints(result('10.0.0.1:1,10.0.0.2:1'), 'requested');
    delivery.reset();
    expect(updates).toEqual([]);
    await told();
    expect(updates.map(({ endpoints, reason }) => [endpoints, reason])).toEqual([
      [1, 'first resolution'],
      [2, 'requested'],
    ]);
  });
});

it('events have the target of the channel, and messages what is resolved in its stead, where that is a proxy', async () => {
  const updates = updatesFromNow();
  const proxy = uri('dns:proxy.example:3128');
  const delivery = new Delivery(proxy, () => true, undefined, { 'grpc.http_connect_target': 'dns:shop:1' });
  delivery.endpoints(result('10.0.0.1:1'), 'first resolution');
  await told();
  expect(updates.map(({ target }) => target)).toEqual(['dns:shop:1']);
  expect(delivery.shortTarget).toBe('dns:proxy.example:3128');
});

it('an empty list that the policy refuses counts all the same: policies of @petiole/balancer have dropped all', async () => {
  const updates = updatesFromNow();
  let accepts = true;
  const delivery = deliveryTo(() => accepts);
  delivery.endpoints(result('10.0.0.1:1'), 'first resolution');
  accepts = false;
  for (let look = 0; look < 2; look += 1)
    delivery.endpoints({ ...result('10.0.0.1:1'), endpoints: [] }, 'retry');
  accepts = true;
  delivery.endpoints(result('10.0.0.1:1'), 'retry');
  await told();
  expect(updates.slice(1).map(({ added, removed, endpoints }) => [added, removed, endpoints])).toEqual([
    [[], ['10.0.0.1:1'], 0],
    [['10.0.0.1:1'], [], 1],
  ]);
});

it('after the channel was idle, all endpoints are new to it, and an empty list is an error again', async () => {
  const updates = updatesFromNow();
  const heard: Array<number | string> = [];
  const delivery = deliveryTo(
    (endpoints) => heard.push(endpoints.ok ? endpoints.value.length : endpoints.error.details) > 0,
  );
  delivery.endpoints(result('10.0.0.1:1'), 'first resolution');
  delivery.endpoints({ ...result('10.0.0.1:1'), endpoints: [] }, 'requested');
  delivery.endpoints(result('10.0.0.1:1'), 'requested');
  delivery.reset();
  delivery.endpoints({ ...result('10.0.0.1:1'), endpoints: [] }, 'first resolution');
  delivery.endpoints(result('10.0.0.1:1'), 'requested');
  expect(heard).toEqual([1, 0, 1, 'static:x: no endpoints', 1]);
  await told();
  expect(updates.slice(3).map(({ added, removed, endpoints }) => [added, removed, endpoints])).toEqual([
    [[], [], 0],
    [['10.0.0.1:1'], [], 1],
  ]);
});

describe('an error', () => {
  it('comes with metadata of its own each time', () => {
    const given = new Metadata();
    given.set('reason', 'maintenance');
    const seen: Metadata[] = [];
    const listener: experimental.ResolverListener = (endpoints) => {
      if (!endpoints.ok) seen.push(endpoints.error.metadata);
      return true;
    };
    const delivery = new Delivery(TARGET, listener, () => {});
    for (let time = 0; time < 2; time += 1) {
      delivery.error({ code: status.UNAVAILABLE, details: '', metadata: given }, 'update');
      seen.at(-1)?.set('reason', 'changed');
    }
    expect(given.getMap()).toEqual({ reason: 'maintenance' });
    expect(seen[0]).not.toBe(seen[1]);
  });
});
