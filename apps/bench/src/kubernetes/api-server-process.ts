/** Stands for the API server of a cluster with one Service, `echo` in `shop`, whose pods stand in slices of a hundred. */
import type { ServerResponse } from 'node:http';
import { Gateway } from '@petiole/test-kit/kubernetes/gateway';
import { echoSlice } from '@petiole/test-kit/kubernetes/objects';
import { type EndpointFields, pod } from '@petiole/test-kit/kubernetes/slices';
import { answer } from '../load/child.js';

/** As many as the control plane puts into one. */
const PODS_PER_SLICE = 100;

/** What happens to a pod: another one takes its place; or it is not ready, or ready again. */
export type Change = 'replaced' | 'not ready' | 'ready';

/** By the number of the slice. */
const slices: EndpointFields[][] = [];
let pods = 0;
let version = 1;
let watch: ServerResponse | undefined;

function nextPod(): EndpointFields {
  const number = pods++;
  const uid = `4c1f7d0e-5b7a-4f0e-9c55-${number.toString(16).padStart(12, '0')}`;
  const address = `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`;
  const zone = `eu-west-1${'abc'[number % 3]}`;
  return pod(uid, address, { nodeName: `ip-10-0-0-${number % 250}.${zone}.compute.internal`, zone });
}

function sliceOf(index: number): object {
  const { metadata, ...fields } = echoSlice('shop', `echo-${index}`, slices[index] ?? []);
  return { metadata: { ...(metadata as object), resourceVersion: String(version) }, ...fields };
}

const handlers = {
  /** Answers with a kubeconfig. */
  async listen(size: number): Promise<string> {
    while (pods < size) slices.push(Array.from({ length: Math.min(PODS_PER_SLICE, size - pods) }, nextPod));
    const gateway = await Gateway.start({
      handle({ url }, response) {
        response.writeHead(200, { 'Content-Type': 'application/json' });
        response.flushHeaders();
        if (url?.includes('watch=true')) watch = response;
        else {
          const items = [...slices.keys()].map(sliceOf);
          response.end(JSON.stringify({ metadata: { resourceVersion: String(version) }, items }));
        }
      },
    });
    const cluster = { server: gateway.url, 'certificate-authority-data': btoa(gateway.ca.cert) };
    return JSON.stringify({
      'current-context': 'bench',
      contexts: [{ name: 'bench', context: { cluster: 'bench', user: 'bench', namespace: 'shop' } }],
      clusters: [{ name: 'bench', cluster }],
      users: [{ name: 'bench', user: { token: 'bench' } }],
    });
  },

  /** The slice of the pod goes to whoever watches. */
  change({ what, number }: { what: Change; number: number }): void {
    const index = number % slices.length;
    const all = slices[index] ?? [];
    const place = number % all.length;
    const isReady = what !== 'not ready';
    const conditions = { ready: isReady, serving: isReady, terminating: false };
    all[place] = what === 'replaced' ? nextPod() : { ...all[place], conditions };
    version++;
    watch?.write(`${JSON.stringify({ type: 'MODIFIED', object: sliceOf(index) })}\n`);
  },
};

export type ApiServerHandlers = typeof handlers;

answer(handlers);
