/** A channel to an `srv:` target: of a DNS server on the loopback, or of look-ups that the test answers. */
import { DnsError } from '../../src/lookup/dns-error.js';
import type { Family, OpenDnsSession } from '../../src/lookup/dns-session.js';
import { createSrvResolverClass, type SrvResolverOptions } from '../../src/schemes/srv.js';
import type { DnsServer } from './dns-server.js';
import { Probe } from './probe.js';

export const NAME = 'echo.test';
export const SERVICE = `_grpc._tcp.${NAME}`;
export const FAST = { refreshInterval: 100 };
/** One look only, so that a test sees what it asked for. */
export const ONCE = { refreshInterval: Number.POSITIVE_INFINITY };

export function probe(dns: DnsServer, options: SrvResolverOptions = ONCE, channelOptions = {}): Probe {
  return new Probe(createSrvResolverClass(options), `srv://${dns.address}/${SERVICE}`, {
    'grpc.dns_min_time_between_resolutions_ms': 100,
    'grpc.initial_reconnect_backoff_ms': 50,
    'grpc.max_reconnect_backoff_ms': 50,
    ...channelOptions,
  });
}

export const record = (name: string, priority: number) => ({ name, port: 1, priority, weight: 0 });

/** A channel of which the test answers the look-ups itself. */
export function injected(
  records: ReadonlyArray<ReturnType<typeof record>>,
  addresses: (host: string, family: Family, signal: AbortSignal) => Promise<readonly string[]>,
  options: SrvResolverOptions = {},
): Probe {
  const open: OpenDnsSession = (_server, _deadline, signal) => ({
    srv: () => Promise.resolve(records),
    addresses: (host, family) => addresses(host, family, signal),
    txt: (name) => Promise.reject(new DnsError('ENOTFOUND', 'TXT', name)),
  });
  const resolverClass = createSrvResolverClass({ ...ONCE, ...options }, { open });
  return new Probe(resolverClass, `srv:${SERVICE}`);
}
