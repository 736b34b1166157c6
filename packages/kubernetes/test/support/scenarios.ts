/** What happens in clusters, and what the channels of a target must hear of it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ApiObject } from '@petiole/test-kit/kubernetes/objects';
import { echoSlice, roleBinding } from '@petiole/test-kit/kubernetes/objects';
import { type EndpointFields, pod, TERMINATING } from '@petiole/test-kit/kubernetes/slices';
import { dump } from 'js-yaml';
import { expect } from 'vitest';
import { Follower } from './follower.js';
import type { OpenWorld, World } from './world.js';

export type Scenario = (open: OpenWorld) => Promise<void>;

/** Follows the Service `echo` of the pod's own namespace. */
const follow = ({ surroundings }: World): Follower => new Follower('echo:grpc', surroundings);

type SliceArguments = readonly [name: string, endpoints: readonly EndpointFields[], fields?: ApiObject];

/** Puts slices of `echo` into the cluster, in their order. */
const put = (world: World, ...slices: readonly SliceArguments[]): Promise<void> =>
  world.step(async ({ api }) => {
    for (const [name, endpoints, fields] of slices) {
      await api.apply(echoSlice(world.namespace, name, endpoints, fields));
    }
  });

const remove = (world: World, name: string) =>
  world.step(({ api }) => api.delete(echoSlice(world.namespace, name, [])));

const many = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => pod(`pod-${from + index}`, `10.77.1.${from + index}`));
const manyNames = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `10.77.1.${from + index}`);

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'scaled up and down, also to nothing and back': async (open) => {
    const world = await open();
    const follower = follow(world);
    await follower.says(`there is no Service "echo" in namespace "${world.namespace}"`);
    await put(world, ['echo-1', [pod('a', '10.77.0.1')]]);
    await follower.has('10.77.0.1');
    await put(world, ['echo-1', [pod('a', '10.77.0.1'), pod('b', '10.77.0.2'), pod('c', '10.77.0.3')]]);
    await follower.has('10.77.0.1', '10.77.0.2', '10.77.0.3');
    await put(world, ['echo-1', [pod('b', '10.77.0.2')]]);
    await follower.has('10.77.0.2');
    await put(world, ['echo-1', []]);
    await follower.says('the Service has no pods');
    await follower.has();
    await put(world, ['echo-1', [pod('d', '10.77.0.4')]]);
    await follower.has('10.77.0.4');
    await remove(world, 'echo-1');
    await follower.has();
  },

  'all pods are replaced, one after the other': async (open) => {
    const world = await open();
    await put(world, ['echo-1', [pod('old-1', '10.77.0.1'), pod('old-2', '10.77.0.2')]]);
    const follower = follow(world);
    await follower.has('10.77.0.1', '10.77.0.2');
    const old1 = pod('old-1', '10.77.0.1', TERMINATING);
    const old2 = pod('old-2', '10.77.0.2', TERMINATING);
    const new1 = pod('new-1', '10.77.0.3');
    const new2 = pod('new-2', '10.77.0.4');
    await put(world, ['echo-1', [pod('old-1', '10.77.0.1'), pod('old-2', '10.77.0.2'), new1]]);
    await follower.has('10.77.0.1', '10.77.0.2', '10.77.0.3');
    await put(world, ['echo-1', [old1, pod('old-2', '10.77.0.2'), new1]]);
    await follower.has('10.77.0.2', '10.77.0.3');
    await put(world, ['echo-1', [old1, old2, new1, new2]]);
    await follower.has('10.77.0.3', '10.77.0.4');
    await put(world, ['echo-1', [new1, new2]]);
    await put(world, [
      'echo-1',
      [pod('new-1', '10.77.0.3', TERMINATING), pod('new-2', '10.77.0.4', { conditions: { ready: false } })],
    ]);
    await follower.has('10.77.0.3');
  },

  'both families of a pod are one endpoint, from two slices': async (open) => {
    const world = await open();
    await put(
      world,
      ['echo-ipv4', [pod('a', '10.77.0.1'), pod('b', '10.77.0.2')]],
      ['echo-ipv6', [pod('b', 'fd77::2'), pod('a', 'fd77::1')]],
    );
    const follower = follow(world);
    await follower.has('fd77::1+10.77.0.1', 'fd77::2+10.77.0.2');
    await put(world, ['echo-ipv6', [pod('a', 'fd77::1')]]);
    await follower.has('fd77::1+10.77.0.1', '10.77.0.2');
  },

  '150 endpoints over two slices, which the control plane splits and merges': async (open) => {
    const world = await open();
    await put(world, ['echo-1', many(0, 100)], ['echo-2', many(100, 150)]);
    const follower = follow(world);
    await follower.has(...manyNames(0, 150));
    const before = follower.told.length;
    await put(world, ['echo-3', many(50, 100)], ['echo-1', many(0, 50)]);
    await put(world, ['echo-1', [...many(0, 50), ...many(100, 151)]]);
    await follower.has(...manyNames(0, 151));
    await remove(world, 'echo-2');
    await put(world, ['echo-1', many(0, 151)]);
    await remove(world, 'echo-3');
    await put(world, ['echo-1', many(0, 150)]);
    await follower.has(...manyNames(0, 150));
    // Nobody has seen a pod go that only moved.
    for (const told of follower.told.slice(before)) {
      expect('endpoints' in told && told.endpoints.length).toBeGreaterThanOrEqual(150);
    }
  },

  'more slices than a page of the list has': async (open) => {
    const world = await open();
    const slices = many(0, 60).map((one, index): SliceArguments => [`echo-${index}`, [one]]);
    await put(world, ...slices);
    await follow(world).has(...manyNames(0, 60));
  },

  'zones, hints, nodes and the names of a StatefulSet': async (open) => {
    const world = await open();
    const fields = {
      zone: 'west-1a',
      nodeName: 'node-1',
      hostname: 'echo-0',
      hints: { forZones: [{ name: 'west-1a' }] },
    };
    await put(world, ['echo-1', [pod('a', '10.77.0.1', fields)]]);
    const follower = follow(world);
    await follower.has('10.77.0.1');
    const attributes = { zone: 'west-1a', node: 'node-1', hashKey: 'echo-0', forZones: ['west-1a'] };
    expect(follower.told.at(-1)).toMatchObject({ endpoints: [{ attributes }], note: '' });
  },

  'etcd has forgotten what the watch would go on from': async (open) => {
    const world = await open();
    await put(world, ['echo-1', [pod('a', '10.77.0.1')]], ['echo-2', [pod('b', '10.77.0.2')]]);
    const follower = follow(world);
    await follower.has('10.77.0.1', '10.77.0.2');
    await world.step(async ({ api, upstream }) => {
      upstream.cut();
      await upstream.holdingRequests(async () => {
        await api.apply(echoSlice(world.namespace, 'echo-1', [pod('c', '10.77.0.3')]));
        await api.delete(echoSlice(world.namespace, 'echo-2', []));
        await api.compact();
      });
    });
    await follower.has('10.77.0.3');
    expect(follower.told.filter((one) => 'failure' in one)).toEqual([]);
  },

  'the API server restarts, and what changed before and after is seen': async (open) => {
    const world = await open();
    await put(world, ['echo-1', [pod('a', '10.77.0.1')]]);
    const follower = follow(world);
    await follower.has('10.77.0.1');
    await world.step(({ api }) => api.stopApiServer());
    expect(await follower.says('cannot be reached')).toMatch(
      /^the API server 127\.0\.0\.1:\d+ cannot be reached: /,
    );
    expect(follower.names).toEqual(['10.77.0.1']);
    await world.step(({ api }) => api.startApiServer());
    await put(world, ['echo-1', [pod('a', '10.77.0.1'), pod('b', '10.77.0.2')]]);
    await follower.has('10.77.0.1', '10.77.0.2');
  },

  'a token expires under a watch, and a new one is in its place': async (open) => {
    const world = await open();
    await put(world, ['echo-1', [pod('a', '10.77.0.1')]]);
    // The API server allows for clocks that are a minute apart.
    let expired = '';
    await world.step(async ({ api, setToken }) => {
      expired = await api.token(world.namespace, 'client', Date.now() / 1000 - 57);
      setToken(expired);
    });
    const follower = follow(world);
    await follower.has('10.77.0.1');
    await world.step(async ({ api, upstream }) => {
      const path = `/apis/discovery.k8s.io/v1/namespaces/${world.namespace}/endpointslices`;
      while ((await api.ask('GET', path, undefined, expired)).status !== 401) await new Promise(setImmediate);
      upstream.cut();
    });
    expect(await follower.says('401')).toMatch(
      /^the API server 127\.0\.0\.1:\d+ says 401: Unauthorized: the token or certificate of the service account of this pod is not valid, or no longer$/,
    );
    expect(follower.names).toEqual(['10.77.0.1']);
    await world.step(async ({ api, setToken }) => {
      setToken(await api.token(world.namespace, 'client', Date.now() / 1000 + 3600));
      await api.apply(echoSlice(world.namespace, 'echo-1', [pod('b', '10.77.0.2')]));
    });
    await follower.has('10.77.0.2');
  },

  'the role is taken away, and given back': async (open) => {
    const world = await open();
    await put(world, ['echo-1', [pod('a', '10.77.0.1')]]);
    const follower = follow(world);
    await follower.has('10.77.0.1');
    await world.step(async ({ api, upstream }) => {
      await api.delete(roleBinding(world.namespace));
      const path = `/apis/discovery.k8s.io/v1/namespaces/${world.namespace}/endpointslices`;
      while ((await api.ask('GET', path, undefined, world.token)).status !== 403)
        await new Promise(setImmediate);
      upstream.cut();
    });
    expect(await follower.says('403')).toMatch(
      /says 403: endpointslices\.discovery\.k8s\.io is forbidden: User "system:serviceaccount:[\w-]+:client" cannot watch .*: it takes a Role with apiGroups \["discovery\.k8s\.io"\], resources \["endpointslices"\] and verbs \["list", "watch"\], and a RoleBinding$/,
    );
    expect(follower.names).toEqual(['10.77.0.1']);
    await world.step(async ({ api }) => {
      await api.apply(roleBinding(world.namespace));
      await api.apply(echoSlice(world.namespace, 'echo-1', [pod('b', '10.77.0.2')]));
    });
    await follower.has('10.77.0.2');
  },

  'a proxy cuts the watch in the middle of an event': async (open) => {
    const world = await open();
    await put(world, ['echo-1', [pod('a', '10.77.0.1')]]);
    const follower = follow(world);
    await follower.has('10.77.0.1');
    await world.step(async ({ api, upstream }) => {
      upstream.cutsNextEvent = true;
      await api.apply(echoSlice(world.namespace, 'echo-1', [pod('a', '10.77.0.1'), pod('b', '10.77.0.2')]));
    });
    await follower.has('10.77.0.1', '10.77.0.2');
    // It went on from the version before: nothing had failed.
    expect(follower.told.filter((one) => 'failure' in one)).toEqual([]);
  },

  'two contexts of a kubeconfig, at a time': async (open) => {
    const worlds = [await open(), await open()];
    const [first, second] = worlds as [World, World];
    await put(first, ['echo-1', [pod('a', '10.77.0.1')]]);
    await put(second, ['echo-1', [pod('b', '10.77.0.2')]]);
    const named = worlds.map((world, index) => ({ world, name: `context/${index}` }));
    const path = join(first.folder, 'kubeconfig');
    writeFileSync(
      path,
      dump({
        'current-context': 'context/0',
        contexts: named.map(({ name, world: { namespace } }) => ({
          name,
          context: { cluster: name, user: name, namespace },
        })),
        clusters: named.map(({ name, world: { gateway } }) => ({
          name,
          cluster: { server: gateway.url, 'certificate-authority-data': btoa(gateway.ca.cert) },
        })),
        users: named.map(({ name, world: { token } }) => ({ name, user: { token } })),
      }),
    );
    const surroundings = { env: { KUBECONFIG: path }, serviceAccount: '/nowhere' };
    const current = new Follower('echo:grpc', surroundings);
    const other = new Follower('context%2F1/echo:grpc', surroundings);
    await current.has('10.77.0.1');
    await other.has('10.77.0.2');
    await put(second, ['echo-1', [pod('b', '10.77.0.2'), pod('c', '10.77.0.3')]]);
    await other.has('10.77.0.2', '10.77.0.3');
    expect(current.names).toEqual(['10.77.0.1']);
  },

  'a port that no pod has': async (open) => {
    const world = await open();
    await put(world, ['echo-1', [pod('a', '10.77.0.1')]]);
    const follower = new Follower('echo:http', world.surroundings);
    await follower.says('its pods have no TCP port named "http"; they have "grpc" (50051)');
  },
};
