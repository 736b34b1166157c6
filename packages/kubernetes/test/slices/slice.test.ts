import { pod, slice } from '@petiole/test-kit/kubernetes/slices';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSlice as readFor, type Slice } from '../../src/slices/slice.js';

const readSlice = (object: unknown, port: number | string = 'grpc') => readFor(object, port);
const hosts = ({ addresses }: Slice) => addresses.map(({ endpoint }) => endpoint.addresses[0]?.host);

describe('an EndpointSlice', () => {
  it('loses an entry that has no address of its family, and says which', () => {
    const read = readSlice(
      slice([pod('a', '10.0.0.1'), pod('b', 'fd00::1'), { addresses: [] }, null, pod('c', '10.0.0.3')]),
    );
    expect(hosts(read)).toEqual(['10.0.0.1', '10.0.0.3']);
    expect(read.refused).toEqual([
      'endpoints[1].addresses must begin with an IPv4 address, got "fd00::1"',
      'endpoints[2].addresses must begin with an IPv4 address, got undefined',
      'endpoints[3].addresses must begin with an IPv4 address, got undefined',
    ]);
  });

  it('is read with its first address of each entry only, as kube-proxy does', () => {
    const read = readSlice(slice([pod('a', '10.0.0.1', { addresses: ['10.0.0.1', '10.0.0.2'] })]));
    expect(hosts(read)).toEqual(['10.0.0.1']);
  });

  it('has one number for a name, the first, however often the name is there', () => {
    const ports = [50051, 50052, 50053].map((port) => ({ name: 'grpc', port }));
    const { addresses } = readSlice(slice([pod('a', '10.0.0.1'), pod('b', '10.0.0.2')], { ports }));
    expect(addresses.map(({ key }) => key)).toEqual(['50051 10.0.0.1', '50051 10.0.0.2']);
  });

  it('is refused whole, with the field that is wrong, where it holds no IP addresses or is no slice', () => {
    expect(() => readSlice(slice([], { addressType: 'FQDN' }))).toThrow(
      'addressType must be "IPv4" or "IPv6", got "FQDN"',
    );
    expect(() => readSlice(slice('none', { addressType: 'IPv4' }))).toThrow(
      'endpoints must be an array, got "none"',
    );
    expect(() => readSlice(slice([pod('a', '10.0.0.1')], { ports: 50051 }))).toThrow(
      'ports must be an array, got 50051',
    );
    expect(() => readSlice([])).toThrow('an EndpointSlice must be an object, got []');
  });

  it('may say null for what is empty', () => {
    const read = readSlice({ addressType: 'IPv4', endpoints: null, ports: null });
    expect(read).toEqual({ ports: 'any', size: 0, addresses: [], refused: [] });
  });

  it('has no ports, names or zones that cannot be', () => {
    const ports = [{ port: 0 }, { port: 1.5 }, { port: '80' }, { name: 'x' }, null, { name: null, port: 80 }];
    const read = readSlice(
      slice([pod('a', '10.0.0.1', { zone: 7, nodeName: '', hostname: 'x'.repeat(254) })], { ports }),
      80,
    );
    expect(read.ports).toEqual([{ name: '', port: 80 }]);
    expect(read.addresses[0]?.endpoint.attributes).toEqual({});
  });

  it('throws nothing but a TypeError, whatever it is', () => {
    const fields = {
      addressType: fc.constantFrom('IPv4', 'IPv6', 'FQDN', null),
      endpoints: fc.jsonValue(),
      ports: fc.jsonValue(),
    };
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.record(fields)), (object) => {
        try {
          readSlice(object);
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
        }
      }),
    );
  });

  it('gives the same objects again for pods that are as they were, and others for those that are not', () => {
    const all = [pod('a', '10.0.0.1', { zone: 'x' }), pod('b', '10.0.0.2'), pod('c', '10.0.0.3')];
    const before = readFor(slice(all), 'grpc');
    const hints = { forZones: [{ name: 'x' }] };
    const changed = [all[0], pod('b', '10.0.0.2', { hints }), pod('d', '10.0.0.4'), pod('c', '10.0.0.3')];
    const after = readFor(structuredClone(slice(changed)), 'grpc', before);
    const [a, b, c] = before.addresses.map(({ endpoint }) => endpoint);
    const now = after.addresses.map(({ endpoint }) => endpoint);
    expect([now[0] === a, now[1] === b, now[3] === c]).toEqual([true, false, true]);
    expect(after).toEqual(readFor(slice(changed), 'grpc'));
    // Another port is another address.
    expect(readFor(slice(all, { ports: [{ name: 'grpc', port: 1 }] }), 'grpc', before)).toEqual(
      readFor(slice(all, { ports: [{ name: 'grpc', port: 1 }] }), 'grpc'),
    );
  });
});
