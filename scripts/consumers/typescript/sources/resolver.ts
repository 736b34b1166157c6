/** What a TypeScript application writes with @petiole/resolver. Only compiled, never run. */
import '@petiole/resolver/register';
import { subscribe } from 'node:diagnostics_channel';
import { status } from '@grpc/grpc-js';
import {
  createManualResolver,
  defineResolver,
  type Endpoint,
  type ManualResolver,
  type ParsedTarget,
  parseTarget,
  type Resolver,
  type ResolverUpdate,
  registerRefreshingDnsResolver,
  registerSrvResolver,
  registerStaticResolver,
  ServiceConfigError,
  staticTarget,
  TargetError,
} from '@petiole/resolver';

registerStaticResolver();
registerSrvResolver({ refreshInterval: 10_000, deadline: 1000 });
registerRefreshingDnsResolver({ families: 'ipv6' });

export const target: string = staticTarget(['[::1]:1+127.0.0.1:1', { addresses: [{ host: 'b', port: 1 }] }]);

export const manual: ManualResolver = createManualResolver({ endpoints: ['127.0.0.1:1'] });
manual.update({ endpoints: [], serviceConfig: { loadBalancingConfig: [{ round_robin: {} }] } });
manual.fail({ code: status.UNAVAILABLE, details: 'gone' });

const parsed: ParsedTarget = parseTarget('srv:_grpc._tcp.echo.example');
export const service: string = parsed.scheme === 'srv' ? parsed.service : parsed.authority;

export const catalogue: Resolver = defineResolver({
  scheme: 'catalogue',
  authority: ({ path }) => path,
  refreshInterval: 10_000,
  async resolve({ target, signal, previous, trace }) {
    signal.throwIfAborted();
    trace(() => target.authority);
    const endpoints: Endpoint[] = [...(previous ?? [])];
    return { endpoints };
  },
});
catalogue.register({ deadline: 1000 });

subscribe('petiole.resolver.update', (message) => {
  const { target: of, added, reason, error }: ResolverUpdate = message as ResolverUpdate;
  console.log(of, added.length, reason === 'periodic refresh', error?.length);
});

export const isOurs = (error: unknown): boolean =>
  error instanceof TargetError || error instanceof ServiceConfigError;

// @ts-expect-error: were the types lost on the way, they would be any, and this no error
registerRefreshingDnsResolver({ families: 'ipv5' });
// @ts-expect-error: a manual resolver that failed without details
manual.fail({});
