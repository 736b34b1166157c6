/** Knows nothing of Petiole: the service config comes from outside, `--import @petiole/balancer/register` does the rest. */
import { ask, withServers } from './who-am-i.cjs';

await withServers('ABC', async (ports) => {
  const target = `ipv4:${ports.map((port) => `127.0.0.1:${port}`).join(',')}`;
  const config = JSON.stringify({ loadBalancingConfig: [{ custom_round_robin: {} }] });
  console.log(await ask(target, { 'grpc.service_config': config }, 12));
});
