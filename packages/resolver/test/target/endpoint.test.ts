import { setImmediate } from 'node:timers/promises';
import type { experimental } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { createResolverClass } from '../../src/schemes/define-resolver.js';
import { toEndpoints } from '../../src/target/endpoint.js';
import { Probe } from '../support/probe.js';

describe('toEndpoints', () => {
  it('keeps the first of each address and of each set of addresses', () => {
    const [a, b] = [
      { host: '::1', port: 1 },
      { host: '127.0.0.1', port: 1 },
    ];
    const kept = toEndpoints([
      { addresses: [a, b, { ...a }] },
      { addresses: [b, a] },
      { addresses: [b] },
      { addresses: [{ path: '/run/echo' }] },
    ]);
    expect(kept).toEqual([{ addresses: [a, b] }, { addresses: [b] }, { addresses: [{ path: '/run/echo' }] }]);
  });

  it.each([
    ['whose path has a "+"', [{ path: '/a' }, { path: '/b' }], [{ path: '/a+/b' }]],
    ['whose abstract name has a NUL', [{ path: '\0a' }, { path: 'b' }], [{ path: '\0a\0b' }]],
    ['whose path reads like a host and a port', [{ host: '127.0.0.1', port: 1 }], [{ path: '127.0.0.1:1' }]],
  ] satisfies [string, experimental.SubchannelAddress[], experimental.SubchannelAddress[]][])(
    'tells an endpoint from a Unix socket %s',
    (_, some, one) => {
      expect(toEndpoints([{ addresses: some }, { addresses: one }])).toHaveLength(2);
    },
  );

  it('shares nothing with what it was given', () => {
    const given = [{ addresses: [{ host: '::1', port: 1 }] }];
    const [kept] = toEndpoints(given);
    expect(kept).toEqual(given[0]);
    expect(kept?.addresses[0]).not.toBe(given[0]?.addresses[0]);
  });
});

it('a catalogue that changes an address in place is noticed, and changes nothing that the channel was handed', async () => {
  const address = { host: '10.0.0.1', port: 1 };
  const endpoints = [{ addresses: [address] }];
  const inPlace = createResolverClass({
    scheme: 'in-place',
    authority: () => 'in-place',
    refreshInterval: 100,
    resolve: () => ({ endpoints }),
  });
  const channel = new Probe(inPlace, 'in-place:x');
  const before = await channel.ask();
  address.host = '10.0.0.2';
  expect(before.raw).toEqual([{ addresses: [{ host: '10.0.0.1', port: 1 }] }]);
  expect((await channel.next()).endpoints).toEqual(['10.0.0.2:1']);
  await setImmediate();
  expect(channel.calls).toHaveLength(2);
});
