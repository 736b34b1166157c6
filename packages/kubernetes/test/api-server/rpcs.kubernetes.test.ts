/** RPCs to pods that come and go at the real API server. */
import { leastRequest, serviceConfig } from '@petiole/balancer';
import type { ResolverUpdate } from '@petiole/resolver';
import { openClient } from '@petiole/test-kit/clients';
import { hear } from '@petiole/test-kit/hear';
import { echoSlice } from '@petiole/test-kit/kubernetes/objects';
import { type EndpointFields, TERMINATING } from '@petiole/test-kit/kubernetes/slices';
import { expect, it } from 'vitest';
import { createKubernetesResolver } from '../../src/resolver.js';
import type { RealWorld } from '../support/world.js';
import { Load, type RunningPod, startPod } from './pods.js';
import { openReal, useApiServer } from './real.js';

leastRequest.register();
const LEAST_REQUEST = { 'grpc.service_config': serviceConfig({ loadBalancingConfig: [leastRequest()] }) };
const SEVERAL = 8;

const api = useApiServer();

/** A namespace whose Service `echo` has these pods, and a client of it under load. */
async function underLoad(namespace: string, pods: readonly RunningPod[], callers = SEVERAL) {
  const world = await openReal(api(), namespace);
  createKubernetesResolver(world.surroundings).register({});
  await put(
    world,
    pods.map((pod) => pod.entry()),
  );
  return { world, load: new Load(openClient('k8s:///echo:grpc', LEAST_REQUEST), callers) };
}

const put = ({ namespace }: RealWorld, entries: readonly EndpointFields[]): Promise<void> =>
  api().apply(echoSlice(namespace, 'echo-1', entries));

/** Resolves when the client has heard that an endpoint is gone. */
function removed(pod: RunningPod): Promise<void> {
  const [address] = pod.entry().addresses as string[];
  return new Promise((resolve) => {
    hear<ResolverUpdate>(['petiole.resolver.update'], (update) => {
      if (update.removed.includes(`${address}:50051`)) resolve();
    });
  });
}

it('no RPC fails while a Service is scaled up and down', async () => {
  const pods = await Promise.all([1, 2, 3, 4, 5, 6].map((number) => startPod(number, 5)));
  const [first, second, ...others] = pods as [RunningPod, RunningPod, ...RunningPod[]];
  const { world, load } = await underLoad('scaled-under-load', [first, second]);
  await load.answeredBy(first.name);
  const answered = others.map(({ name }) => load.answeredBy(name));
  await put(
    world,
    pods.map((pod) => pod.entry()),
  );
  await Promise.all(answered);
  const gone = others.map(removed);
  await put(world, [first.entry(), second.entry()]);
  await Promise.all(gone);
  await Promise.all(others.map((pod) => pod.backend.drain()));
  await load.answeredBy(second.name);
  await load.stop();
  expect(load.failures).toEqual([]);
});

it('no RPC fails while all pods are replaced, one after the other, by a rollout whose servers drain', async () => {
  const old = await Promise.all([1, 2, 3, 4].map((number) => startPod(number, 5)));
  const { world, load } = await underLoad('rolled-under-load', old);
  await load.answeredBy('pod-1');
  const running = [...old];
  for (const [index, leaving] of old.entries()) {
    const coming = await startPod(11 + index, 5);
    const answered = load.answeredBy(coming.name);
    running.push(coming);
    await put(
      world,
      running.map((pod) => pod.entry()),
    );
    await answered;
    const told = removed(leaving);
    await put(
      world,
      running.map((pod) => pod.entry(pod === leaving ? TERMINATING : {})),
    );
    await told;
    await leaving.backend.drain();
    running.splice(running.indexOf(leaving), 1);
    await put(
      world,
      running.map((pod) => pod.entry()),
    );
  }
  await load.answeredBy('pod-14');
  await load.stop();
  expect(load.failures).toEqual([]);
  expect([...load.answers.keys()].sort()).toEqual([
    'pod-1',
    'pod-11',
    'pod-12',
    'pod-13',
    'pod-14',
    'pod-2',
    'pod-3',
    'pod-4',
  ]);
});

it('a new pod has its first RPC soon after the API server has answered the write; how soon is printed', async () => {
  const [one, two, three, ...others] = await Promise.all(
    Array.from({ length: 33 }, (_, index) => startPod(index + 1)),
  );
  const staying = [one, two, three] as RunningPod[];
  const { world, load } = await underLoad('new-pod', staying, 2);
  await load.answeredBy('pod-1');
  const times: number[] = [];
  for (const pod of others) {
    const reached = load.answeredBy(pod.name).then(() => performance.now());
    await put(
      world,
      [...staying, pod].map((each) => each.entry()),
    );
    const written = performance.now();
    times.push(Math.max(0, (await reached) - written));
    const gone = removed(pod);
    await put(
      world,
      staying.map((each) => each.entry()),
    );
    await gone;
  }
  await load.stop();
  times.sort((a, b) => a - b);
  const at = (share: number): string => `${(times[Math.ceil(share * times.length) - 1] ?? 0).toFixed(1)} ms`;
  console.log(
    `first RPC of a new pod after the write: median ${at(0.5)}, 90 % ${at(0.9)}, longest ${at(1)}, of ${times.length}`,
  );
  expect(load.failures).toEqual([]);
});
