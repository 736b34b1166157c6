/**
 * Which API server is asked. All of it is read anew for each request, because tokens and certificates are replaced under
 * a running process.
 */
import type { Cluster } from './cluster.js';
import { clusterOfContext } from './kubeconfig.js';
import { clusterOfPod, SURROUNDINGS, type Surroundings } from './service-account.js';

/**
 * A context that the target names, and `KUBECONFIG` where it is set, go before the cluster of this pod. Outside of a pod
 * it is the current context of `~/.kube/config`.
 * @throws Error that names the file, field or variable that is wrong.
 */
export function findCluster(
  context: string | undefined,
  surroundings: Surroundings = SURROUNDINGS,
): Promise<Cluster> {
  const { KUBERNETES_SERVICE_HOST: host = '', KUBECONFIG = '' } = surroundings.env;
  return context !== undefined || KUBECONFIG !== '' || host === ''
    ? clusterOfContext(context, KUBECONFIG)
    : clusterOfPod(surroundings);
}
