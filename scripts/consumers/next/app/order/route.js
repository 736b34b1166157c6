import { customRoundRobin } from '@petiole/balancer';
import { staticTarget } from '@petiole/resolver';
import { echoClient } from '../../echo-client.mjs';
import { askServers, connectionOf } from '../../order.mjs';

export const dynamic = 'force-dynamic';

export async function GET() {
  const connect = (addresses) => connectionOf(echoClient(staticTarget(addresses), customRoundRobin()));
  return new Response(await askServers(connect));
}
