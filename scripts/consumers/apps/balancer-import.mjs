/** ES module: each of three servers three times, then the next. */
import { customRoundRobin, serviceConfig } from '@petiole/balancer';
import { ask, withServers } from './who-am-i.cjs';

customRoundRobin.register();
await withServers('ABC', async (ports) => {
  const target = `ipv4:${ports.map((port) => `127.0.0.1:${port}`).join(',')}`;
  console.log(
    await ask(
      target,
      { 'grpc.service_config': serviceConfig({ loadBalancingConfig: [customRoundRobin()] }) },
      12,
    ),
  );
});
