/** What one pod that changes costs the others: from the event of the watch to the children of a policy, over simulated subchannels. */
import type { ServerResponse } from 'node:http';
import { experimental } from '@grpc/grpc-js';
import { leastRequest } from '@petiole/balancer';
import { Condition } from '@petiole/test-kit/condition';
import { hear } from '@petiole/test-kit/hear';
import { echoSlice } from '@petiole/test-kit/kubernetes/objects';
import { type EndpointFields, pod } from '@petiole/test-kit/kubernetes/slices';
import { SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { expect, it, onTestFinished } from 'vitest';
import { createKubernetesResolver } from '../src/resolver.js';
import { events, list, serve, watch } from './support/scripted-api.js';

const SLICES = 5;
const PODS_PER_SLICE = 20;

const podsOf = (index: number): EndpointFields[] =>
  Array.from({ length: PODS_PER_SLICE }, (_, number) =>
    pod(`${index}-${number}`, `10.0.${index}.${number}`, { zone: `zone-${number % 3}` }),
  );

function sliceOf(index: number, pods: readonly EndpointFields[]): object {
  const { metadata, ...fields } = echoSlice('shop', `echo-${index}`, pods);
  return { metadata: { ...(metadata as object), resourceVersion: '8' }, ...fields };
}

it('one pod that is replaced touches one child, and the endpoints of all others stay the same objects', async () => {
  let open: ServerResponse | undefined;
  const { world } = await serve({
    list: [list(...Array.from({ length: SLICES }, (_, index) => sliceOf(index, podsOf(index))))],
    watch: [
      (response, request) => {
        watch()(response, request);
        open = response;
        news.changed();
      },
    ],
  });
  createKubernetesResolver(world.surroundings).register({});
  leastRequest.register();
  const channel = new SimulatedChannel(leastRequest());
  const lists: experimental.Endpoint[][] = [];
  const news = new Condition();
  const resolver = experimental.createResolver(
    { scheme: 'k8s', path: 'echo:grpc' },
    (endpoints) => {
      if (!endpoints.ok) throw new Error(endpoints.error.details);
      lists.push(endpoints.value);
      const accepted = channel.update(endpoints.value);
      news.changed();
      return accepted;
    },
    {},
  );
  onTestFinished(() => {
    resolver.destroy();
    channel.policy.destroy();
  });
  resolver.updateResolution();
  await news.until(
    () => lists.length === 1 && open !== undefined,
    10_000,
    () => 'the list never came',
  );
  expect(channel.created).toBe(SLICES * PODS_PER_SLICE);

  const told: string[] = [];
  hear<{ endpoint: string; to: string }>(['petiole.endpoint.state'], ({ endpoint, to }) => {
    told.push(`${endpoint} ${to}`);
  });
  const pods = podsOf(2);
  pods[7] = pod('new', '10.0.9.9', { zone: 'zone-1' });
  open?.write(events({ type: 'MODIFIED', object: sliceOf(2, pods) }));
  await news.until(
    () => lists.length === 2,
    10_000,
    () => 'the change never came',
  );
  await new Promise(setImmediate);

  expect(told).toEqual(['10.0.9.9:50051 CONNECTING', '10.0.2.7:50051 SHUTDOWN']);
  expect(channel.created).toBe(SLICES * PODS_PER_SLICE + 1);
  const [before = [], after = []] = lists;
  expect(after.flatMap((endpoint, index) => (endpoint === before[index] ? [] : [index]))).toEqual([47]);
});
