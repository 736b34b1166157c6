/** The cluster of this pod, by the environment and the files that Kubernetes gives it. */
import { readFileSync } from 'node:fs';
import { quote } from '@petiole/service-config/internal';
import { type Cluster, readText } from './cluster.js';

/** Where they are; tests have others. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder of `token`, `ca.crt` and `namespace`. */
  readonly serviceAccount: string;
}

export const SURROUNDINGS: Surroundings = {
  env: process.env,
  serviceAccount: '/var/run/secrets/kubernetes.io/serviceaccount',
};

/** @throws Error that names the file or variable that is wrong. */
export async function clusterOfPod({ env, serviceAccount }: Surroundings): Promise<Cluster> {
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' } = env;
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  if (!URL.canParse(server)) {
    throw new Error(
      `KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be a host and a port, got ${quote(host)} and ${quote(port)}`,
    );
  }
  const [token, ca, namespace] = await Promise.all(
    ['token', 'ca.crt', 'namespace'].map((name) => readText(`${serviceAccount}/${name}`)),
  );
  return {
    server: new URL(server),
    namespace: namespace?.trim() ?? '',
    token: token?.trim(),
    tls: { ca },
    source: 'the service account of this pod',
  };
}

/** The namespace of this pod; `default` outside of one. */
export function namespaceOfPod({ serviceAccount }: Surroundings): string {
  try {
    return readFileSync(`${serviceAccount}/namespace`, 'utf8').trim();
  } catch {
    return 'default';
  }
}
