import { serviceConfig } from '@petiole/balancer';
import { registerStaticResolver, staticTarget } from '@petiole/resolver';
import { askServers, connectTo } from '../../order.mjs';
import { always } from '../../policy.mjs';

export const dynamic = 'force-dynamic';

registerStaticResolver();

export async function GET() {
  const config = serviceConfig({ loadBalancingConfig: [always()] });
  return new Response(await askServers((addresses) => connectTo(staticTarget(addresses), config)));
}
