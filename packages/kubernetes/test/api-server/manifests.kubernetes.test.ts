/** Every manifest of the manual is one that Kubernetes accepts, and the role in it is enough, and not too much. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ApiObject } from '@petiole/test-kit/kubernetes/objects';
import { loadAll } from 'js-yaml';
import { beforeAll, expect, it } from 'vitest';
import { useApiServer } from './real.js';

const PAGE = fileURLToPath(new URL('../../../../docs/kubernetes.md', import.meta.url));
const SLICES = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';

const api = useApiServer();
const manifests = [...readFileSync(PAGE, 'utf8').matchAll(/^```yaml\n(.*?)^```$/gms)].flatMap(
  ([, text = '']) => loadAll(text) as ApiObject[],
);

const name = ({ kind, metadata }: ApiObject): string =>
  `${String(kind)} ${(metadata as { name: string }).name}`;

beforeAll(() => api().apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } }));

it.each(manifests.map((manifest) => [name(manifest), manifest] as const))(
  '%s is accepted',
  async (_, manifest) => {
    await api().apply(manifest);
  },
);

it('the ServiceAccount of the manual may list and watch slices where the Service is, and nothing else', async () => {
  expect(manifests.map(name)).toContain('ServiceAccount shop');
  const token = await api().token('default', 'shop', Date.now() / 1000 + 3600);
  const statusOf = async (method: string, path: string): Promise<number> =>
    (await api().ask(method, path, undefined, token)).status;
  expect(await statusOf('GET', SLICES)).toBe(200);
  expect(await statusOf('GET', `${SLICES}?watch=true&timeoutSeconds=1`)).toBe(200);
  expect(await statusOf('GET', SLICES.replace('default', 'kube-system'))).toBe(403);
  expect(await statusOf('DELETE', `${SLICES}/any`)).toBe(403);
  expect(await statusOf('GET', '/api/v1/namespaces/default/pods')).toBe(403);
});
