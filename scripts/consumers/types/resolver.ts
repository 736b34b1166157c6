/** What a TypeScript application writes with @petiole/resolver. Only compiled, never run. */
import '@petiole/resolver/register';
import { type ChannelOptions, experimental, status } from '@grpc/grpc-js';
import {
  createManualResolver,
  type Endpoint,
  type ManualResolver,
  type ParsedTarget,
  PollingResolver,
  parseTarget,
  type Resolution,
  type ResolutionAttempt,
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

export class CatalogueResolver extends PollingResolver {
  constructor(uri: experimental.GrpcUri, listener: experimental.ResolverListener, options: ChannelOptions) {
    super(uri, listener, options, { refreshInterval: 10_000 });
  }
  protected override async resolve({ signal, previous }: ResolutionAttempt): Promise<Resolution> {
    signal.throwIfAborted();
    const endpoints: Endpoint[] = [...(previous ?? [])];
    return { endpoints };
  }
  static getDefaultAuthority(uri: experimental.GrpcUri): string {
    return uri.path;
  }
}
experimental.registerResolver('catalogue', CatalogueResolver);

export const isOurs = (error: unknown): boolean =>
  error instanceof TargetError || error instanceof ServiceConfigError;

// @ts-expect-error: were the types lost on the way, they would be any, and this no error
registerRefreshingDnsResolver({ families: 'ipv5' });
// @ts-expect-error: a manual resolver that failed without details
manual.fail({});
