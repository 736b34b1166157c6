/**
 * An application whose dependency brings a grpc-js of its own, and makes the channel with it: the policy is
 * registered with the other copy. Stays alive a little longer than the second look for foreign copies takes.
 */
import { setTimeout } from 'node:timers/promises';
import { Client, credentials } from 'petiole-consumer-orders';
import { ask, withServers } from './who-am-i.cjs';

await withServers('ABC', async (ports) => {
  const target = `ipv4:${ports.map((port) => `127.0.0.1:${port}`).join(',')}`;
  const config = JSON.stringify({ loadBalancingConfig: [{ custom_round_robin: {} }] });
  console.log(await ask(target, { 'grpc.service_config': config }, 12, Client, credentials.createInsecure()));
  await setTimeout(1500);
});
