/** The targets of this package: `k8s:[//CONTEXT]/SERVICE[.NAMESPACE]:PORT`. */
import { type ResolverTarget, TargetError } from '@petiole/resolver';
import { quote } from '@petiole/service-config/internal';

/** The scheme, without the colon. */
export const KUBERNETES_SCHEME = 'k8s';

/** Which pods a target means. */
export interface ServiceTarget {
  /** The context of the kubeconfig; undefined: the cluster of this pod, or else the current context. */
  readonly context: string | undefined;
  readonly service: string;
  /** Undefined: that of this pod, or of the context. */
  readonly namespace: string | undefined;
  /** As the pods have it: their port's number, or the name that the Service gives it. */
  readonly port: number | string;
}

const GRAMMAR = 'a target is k8s:///SERVICE:PORT or k8s:///SERVICE.NAMESPACE:PORT';
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** @throws {TargetError} that quotes the part that is wrong. */
export function parseServiceTarget({
  authority,
  path,
}: Pick<ResolverTarget, 'authority' | 'path'>): ServiceTarget {
  const [name = '', port, ...more] = path.split(':');
  if (port === undefined || more.length > 0) {
    throw new TargetError(`${quote(path)} must be SERVICE:PORT with one colon; ${GRAMMAR}`);
  }
  const [service = '', namespace, ...rest] = name.split('.');
  if (rest.length > 0) {
    throw new TargetError(
      `${quote(name)} has more than a service and a namespace, as the DNS name of a service has; ${GRAMMAR}`,
    );
  }
  return {
    context: authority === '' ? undefined : contextOf(authority),
    service: label('service', service, path),
    namespace: namespace === undefined ? undefined : label('namespace', namespace, path),
    port: parsePort(port, path),
  };
}

function label(what: string, text: string, within: string): string {
  if (LABEL.test(text)) return text;
  throw new TargetError(
    `${quote(within)} has the ${what} ${quote(text)}; a ${what} is 1 to 63 small letters, digits and "-"; ${GRAMMAR}`,
  );
}

function parsePort(text: string, within: string): number | string {
  if (/^[0-9]+$/.test(text)) {
    const number = Number(text);
    if (number >= 1 && number <= 65_535) return number;
  } else if (/^[a-z0-9-]{1,63}$/.test(text)) {
    return text;
  }
  throw new TargetError(
    `${quote(within)} has the port ${quote(text)}; a port is an integer from 1 to 65535, or a name of small letters, digits and "-"`,
  );
}

/** Names of contexts hold slashes and colons, in Amazon's clusters for instance: in a target these are written as `%2F`. */
function contextOf(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new TargetError(`${quote(text)} is no context: each "%" must begin an escape such as "%2F"`);
  }
}
