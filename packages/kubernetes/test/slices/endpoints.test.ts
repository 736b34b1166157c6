import { type EndpointFields, pod, slice, TERMINATING } from '@petiole/test-kit/kubernetes/slices';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ServiceEndpoints } from '../../src/slices/endpoints.js';
import { type PodEndpoint, readSlice, type Slice } from '../../src/slices/slice.js';

/** `fd00::1+10.0.0.1`, each endpoint. */
const names = (endpoints: readonly PodEndpoint[]): string[] =>
  endpoints.map(({ addresses }) => addresses.map(({ host }) => host).join('+'));

/** Their names are in the order in which they are given. */
const named = (slices: readonly Slice[]): ReadonlyMap<string, Slice> =>
  new Map(slices.map((one, index) => [String.fromCharCode(97 + index), one]));

const found = (slices: readonly unknown[], port: number | string = 'grpc') =>
  new ServiceEndpoints(port).of(named(slices.map((one) => readSlice(one, port))));

describe('the endpoints of a Service', () => {
  it('come from all of its slices', () => {
    const { endpoints } = found([slice([pod('a', '10.0.0.1')]), slice([pod('b', '10.0.0.2')])]);
    expect(names(endpoints)).toEqual(['10.0.0.1', '10.0.0.2']);
  });

  it('are pods: addresses of both families are one endpoint, IPv6 first, in whatever slices they stand', () => {
    const ipv4 = slice([pod('a', '10.0.0.1'), pod('b', '10.0.0.2')]);
    const ipv6 = slice([pod('b', 'fd00::2'), pod('a', 'fd00::1')]);
    expect(names(found([ipv4, ipv6]).endpoints)).toEqual(['fd00::1+10.0.0.1', 'fd00::2+10.0.0.2']);
    expect(names(found([ipv6, ipv4]).endpoints)).toEqual(['fd00::2+10.0.0.2', 'fd00::1+10.0.0.1']);
  });

  it('are the same objects while nothing changes, also those of several slices: the resolver then reads them once', () => {
    const ipv4 = readSlice(slice([pod('a', '10.0.0.1'), pod('b', '10.0.0.2')]), 'grpc');
    const ipv6 = readSlice(slice([pod('a', 'fd00::1')]), 'grpc');
    const first = new ServiceEndpoints('grpc').of(named([ipv4, ipv6])).endpoints;
    const later = readSlice(slice([pod('c', 'fd00::3')]), 'grpc');
    const second = new ServiceEndpoints('grpc').of(named([ipv4, ipv6, later])).endpoints;
    expect(second).toHaveLength(3);
    for (const [index, endpoint] of first.entries()) expect(second[index]).toBe(endpoint);
  });

  it('are one for each address where the slices name no pods', () => {
    const plain = { targetRef: undefined };
    const slices = [
      slice([pod('', '10.0.0.1', plain), pod('', '10.0.0.2', plain)]),
      slice([pod('', 'fd00::1', plain)]),
    ];
    expect(names(found(slices).endpoints)).toEqual(['10.0.0.1', '10.0.0.2', 'fd00::1']);
  });

  it('are there once while the control plane moves a pod from one slice to another', () => {
    const { endpoints } = found([
      slice([pod('a', '10.0.0.1')]),
      slice([pod('a', '10.0.0.1'), pod('b', '10.0.0.2')]),
    ]);
    expect(names(endpoints)).toEqual(['10.0.0.1', '10.0.0.2']);
  });

  it('have no address in common, also where one of two slices does not name the pod', () => {
    const nameless = pod('', '10.0.0.1', { targetRef: undefined });
    expect(names(found([slice([pod('a', '10.0.0.1')]), slice([nameless])]).endpoints)).toEqual(['10.0.0.1']);
  });

  it('are ready where nobody says that they are not', () => {
    for (const conditions of [undefined, {}, { ready: null }]) {
      const { endpoints } = found([slice([pod('a', '10.0.0.1', { conditions } as EndpointFields)])]);
      expect(names(endpoints)).toEqual(['10.0.0.1']);
    }
  });

  it('leave pods that are about to end alone while another one is ready, and use them while none is', () => {
    const old = pod('old', '10.0.0.1', TERMINATING);
    expect(names(found([slice([old]), slice([pod('new', '10.0.0.2')])]).endpoints)).toEqual(['10.0.0.2']);
    expect(
      names(found([slice([old, pod('new', '10.0.0.2', { conditions: { ready: false } })])]).endpoints),
    ).toEqual(['10.0.0.1']);
  });

  it('never are pods that serve no longer', () => {
    const conditions = { ready: false, serving: false, terminating: true };
    expect(found([slice([pod('a', '10.0.0.1', { conditions })])]).endpoints).toEqual([]);
  });

  it('prefer the pod that runs to one that is about to end and had the address before', () => {
    const { endpoints } = found([
      slice([pod('old', '10.0.0.1', { ...TERMINATING, zone: 'a' }), pod('new', '10.0.0.1', { zone: 'b' })]),
    ]);
    expect(endpoints).toEqual([
      { addresses: [{ host: '10.0.0.1', port: 50051 }], attributes: { zone: 'b' } },
    ]);
  });

  it('carry zone, hints and node, and the name of a StatefulSet pod as hash key', () => {
    const fields = {
      zone: 'west-1a',
      hints: { forZones: [{ name: 'west-1a' }, { name: 'west-1b' }] },
      nodeName: 'node-7',
      hostname: 'echo-0',
    };
    expect(found([slice([pod('a', '10.0.0.1', fields)])]).endpoints).toEqual([
      {
        addresses: [{ host: '10.0.0.1', port: 50051 }],
        attributes: { zone: 'west-1a', forZones: ['west-1a', 'west-1b'], node: 'node-7', hashKey: 'echo-0' },
      },
    ]);
  });
});

describe('the port', () => {
  const withPorts = (address: string, ...ports: unknown[]) => slice([pod(address, address)], { ports });

  it('may have another number in each slice when it is given by name', () => {
    const slices = [
      withPorts('10.0.0.1', { name: 'grpc', port: 50051, protocol: 'TCP' }),
      withPorts(
        '10.0.0.2',
        { name: 'grpc', port: 60051, protocol: 'TCP' },
        { name: 'http', port: 80, protocol: 'TCP' },
      ),
    ];
    expect(found(slices).endpoints.flatMap(({ addresses }) => addresses.map(({ port }) => port))).toEqual([
      50051, 60051,
    ]);
  });

  it('must be one of the slice when it is given by number, unless the slice restricts nothing', () => {
    const slices = [
      withPorts('10.0.0.1', { name: 'grpc', port: 50051 }),
      withPorts('10.0.0.2', { name: 'http', port: 80 }),
      slice([pod('c', '10.0.0.3')], { ports: null }),
    ];
    expect(names(found(slices, 50051).endpoints)).toEqual(['10.0.0.1', '10.0.0.3']);
  });

  it('is one of TCP', () => {
    const dns = withPorts('10.0.0.1', { name: 'grpc', port: 50051, protocol: 'UDP' });
    expect(found([dns]).endpoints).toEqual([]);
  });
});

describe('where there is no endpoint, the reason says', () => {
  it('that the Service has no pods', () => {
    expect(found([slice([])]).reason).toBe('the Service has no pods');
  });

  it('that none of them is ready', () => {
    const conditions = { ready: false, serving: false, terminating: false };
    const a = pod('a', '10.0.0.1', { conditions });
    expect(found([slice([a])]).reason).toBe('its only pod is not ready');
    expect(found([slice([a, pod('b', '10.0.0.2', { conditions })])]).reason).toBe(
      'none of its 2 pods is ready',
    );
  });

  it('which ports there are instead', () => {
    const slices = [
      slice([pod('a', '10.0.0.1')], {
        ports: [
          { name: 'http', port: 80 },
          { name: '', port: 9090 },
        ],
      }),
    ];
    expect(found(slices).reason).toBe('its pods have no TCP port named "grpc"; they have "http" (80), 9090');
    expect(found(slices, 443).reason).toBe(
      'its pods have no TCP port with the number 443; they have "http" (80), 9090',
    );
  });
});

describe('however pods are spread over slices', () => {
  const CONDITIONS = [
    { ready: true, serving: true, terminating: false },
    { ready: false, serving: true, terminating: true },
    { ready: false, serving: false, terminating: false },
  ] as const;
  const pods = fc.array(
    fc.record({
      conditions: fc.constantFrom(...CONDITIONS),
      families: fc.constantFrom('4', '6', '46'),
      /** In which slices of its family it is. */
      places: fc.array(fc.nat({ max: 4 }), { minLength: 1, maxLength: 3 }),
    }),
    { maxLength: 30 },
  );

  it('each pod that may be used is one endpoint with all its addresses, and no other pod is any', () => {
    fc.assert(
      fc.property(pods, (drawn) => {
        const slices = new Map<string, EndpointFields[]>();
        for (const [index, { conditions, families, places }] of drawn.entries()) {
          for (const family of families) {
            const address = family === '4' ? `10.0.0.${index}` : `fd00::${index}`;
            for (const place of places) {
              const key = `${family} ${place}`;
              slices.set(key, [...(slices.get(key) ?? []), pod(`pod-${index}`, address, { conditions })]);
            }
          }
        }
        const { endpoints, reason } = found([...slices.values()].map((entries) => slice(entries)));

        const wanted = CONDITIONS.slice(0, 2).find((one) =>
          drawn.some(({ conditions }) => conditions === one),
        );
        const expected = drawn.flatMap(({ conditions, families }, index) => {
          const both = [
            families.includes('6') ? `fd00::${index}` : [],
            families.includes('4') ? `10.0.0.${index}` : [],
          ];
          return conditions === wanted ? both.flat().join('+') : [];
        });
        expect(names(endpoints).sort()).toEqual(expected.sort());
        expect(reason === '').toBe(expected.length > 0);
      }),
    );
  });
});

/** A Service that is followed: each call tells what its slices hold now. */
function followed(): (slices: Readonly<Record<string, readonly EndpointFields[]>>) => readonly PodEndpoint[] {
  const endpoints = new ServiceEndpoints('grpc');
  let known: ReadonlyMap<string, Slice> = new Map();
  return (slices) => {
    const entries = Object.entries(slices).sort(([a], [b]) => (a < b ? -1 : 1));
    known = new Map(entries.map(([name, pods]) => [name, readSlice(slice(pods), 'grpc', known.get(name))]));
    return endpoints.of(known).endpoints;
  };
}

describe('when slices change, the endpoints follow', () => {
  const [a4, a6] = [pod('a', '10.0.0.1'), pod('a', 'fd00::1')];
  const b4 = pod('b', '10.0.0.2');
  const unready: EndpointFields = { conditions: { ready: false, serving: false, terminating: false } };

  it('a pod that moves from one slice to another, by way of both', () => {
    const now = followed();
    expect(names(now({ x: [a4, b4], y: [] }))).toEqual(['10.0.0.1', '10.0.0.2']);
    expect(names(now({ x: [a4, b4], y: [a4] }))).toEqual(['10.0.0.1', '10.0.0.2']);
    expect(names(now({ x: [b4], y: [a4] }))).toEqual(['10.0.0.2', '10.0.0.1']);
    expect(names(now({ y: [a4] }))).toEqual(['10.0.0.1']);
    expect(names(now({}))).toEqual([]);
  });

  it('a pod of two families that stands in two slices, of which one loses it', () => {
    const now = followed();
    expect(names(now({ x: [a4, b4], y: [a6] }))).toEqual(['fd00::1+10.0.0.1', '10.0.0.2']);
    expect(names(now({ x: [a4, b4], y: [] }))).toEqual(['10.0.0.1', '10.0.0.2']);
    expect(names(now({ x: [a4, b4], y: [a6] }))).toEqual(['fd00::1+10.0.0.1', '10.0.0.2']);
    expect(names(now({ x: [b4], y: [a6] }))).toEqual(['10.0.0.2', 'fd00::1']);
    expect(names(now({ x: [{ ...a4, ...unready }, b4], y: [a6] }))).toEqual(['10.0.0.2', 'fd00::1']);
  });

  it('a pod that takes an address away from one of two families, which stands in a third slice', () => {
    const now = followed();
    expect(names(now({ x: [a6], y: [], z: [a4] }))).toEqual(['fd00::1+10.0.0.1']);
    const other = pod('other', '10.0.0.1');
    expect(names(now({ x: [a6], y: [other], z: [a4] }))).toEqual(['fd00::1', '10.0.0.1']);
    expect(names(now({ x: [a6], z: [a4] }))).toEqual(['fd00::1+10.0.0.1']);
  });

  it('pods that are about to end, which count while none is ready, and not for longer', () => {
    const now = followed();
    const ending = { ...a4, ...TERMINATING };
    expect(names(now({ x: [ending], y: [b4] }))).toEqual(['10.0.0.2']);
    for (let round = 0; round < 2; round++) {
      expect(names(now({ x: [ending], y: [{ ...b4, ...unready }] }))).toEqual(['10.0.0.1']);
      expect(names(now({ x: [ending], y: [b4] }))).toEqual(['10.0.0.2']);
    }
  });

  it('and those that stay as they were are the same objects, also where a pod of two families leaves their slice', () => {
    const now = followed();
    const c = [pod('c', '10.0.0.3'), pod('c', 'fd00::3')] as const;
    const before = now({ x: [a4, b4, c[0]], y: [a6, c[1]] });
    const after = now({ x: [b4, c[0]], y: [c[1]] });
    expect(names(after)).toEqual(['10.0.0.2', 'fd00::3+10.0.0.3']);
    for (const [index, endpoint] of after.entries()) expect(endpoint).toBe(before[index + 1]);
  });

  it('the same pods in all of the slices that a Service may have, which takes no more than a look at each', () => {
    const pods = Array.from({ length: 20 }, (_, index) => pod(`pod-${index}`, `10.0.0.${index}`));
    const slices = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`slice-${index}`, pods]));
    const now = followed();
    expect(now(slices)).toHaveLength(20);
    expect(now({ ...slices, 'slice-500': pods.slice(1) })).toHaveLength(20);
    expect(now({})).toEqual([]);
  });

  it('however they change, as those of a Service that nothing is known of', () => {
    const conditions = fc.constantFrom<EndpointFields>({}, {}, TERMINATING, unready);
    const entries = (family: string) =>
      fc
        .array(
          fc.record({ uid: fc.constantFrom('a', 'b', 'c', 'd'), host: fc.nat({ max: 4 }), conditions }),
          { maxLength: 4 },
        )
        .map((all) => all.map(({ uid, host, conditions: of }) => pod(uid, `${family}${host}`, of)));
    const states = fc.record(
      {
        v: entries('10.0.0.'),
        w: entries('fd00::'),
        x: entries('10.0.0.'),
        y: entries('fd00::'),
        z: entries('10.0.0.'),
      },
      { requiredKeys: [] },
    );
    /** As a rule, some of the slices change, the others stay. */
    const steps = fc.array(fc.record({ state: states, stay: fc.subarray(['v', 'w', 'x', 'y', 'z']) }), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(steps, (drawn) => {
        const now = followed();
        let slices: Readonly<Record<string, readonly EndpointFields[]>> = {};
        for (const { state, stay } of drawn) {
          const kept = Object.entries(slices).filter(([name]) => stay.includes(name));
          slices = { ...state, ...Object.fromEntries(kept) };
          expect(now(slices)).toEqual(followed()(slices));
        }
      }),
      { numRuns: 500 },
    );
  });
});
