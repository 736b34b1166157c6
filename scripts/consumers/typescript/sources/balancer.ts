/** What a TypeScript application writes with @petiole/balancer. Only compiled, never run. */
import '@petiole/balancer/register';
import { subscribe } from 'node:diagnostics_channel';
import * as grpc from '@grpc/grpc-js';
import {
  type CustomRoundRobinConfig,
  checkServiceConfig,
  customRoundRobin,
  definePolicy,
  type EndpointEvent,
  EndpointSharding,
  type EndpointShardingOptions,
  type EndpointState,
  failPick,
  leastRequest,
  queuePick,
  type ServiceConfigFinding,
  serviceConfig,
  string,
} from '@petiole/balancer';

customRoundRobin.register();
leastRequest.register();

const config: CustomRoundRobinConfig = { repeatCount: 1, readyTimeout: '2s' };
export const client: grpc.Client = new grpc.Client('dns:///echo.example', grpc.credentials.createInsecure(), {
  'grpc.service_config': serviceConfig({
    loadBalancingConfig: [customRoundRobin(config), leastRequest({ choiceCount: 3 })],
    healthCheckConfig: { serviceName: '' },
    methodConfig: [{ name: [{}], timeout: '0.5s' }],
    retryThrottling: { maxTokens: 10, tokenRatio: 0.1 },
  }),
});

export const findings: string[] = checkServiceConfig('{}').map(
  ({ path, happens }: ServiceConfigFinding) => path + happens,
);

// No type annotation: a declaration file of this module has to be able to name what is inferred.
export const byHeader = definePolicy({
  name: 'by_header',
  fields: { header: string({ default: 'x-endpoint' }) },
  createMemory: () => ({ next: 0 }),
  createData: (endpoint) => ({ addresses: endpoint.addresses.length }),
  createPicker(ready, { config: { header }, memory, endpoints }) {
    if (ready.length === 0) return undefined;
    return {
      pick({ metadata }) {
        const wanted = metadata.get(header)[0];
        const found = endpoints.find(({ name, data }) => name === wanted && data.addresses > memory.next);
        return found?.pickResult ?? (wanted === undefined ? queuePick() : failPick('none'));
      },
    };
  },
  onCallEnded: (endpoint, { code }) => console.log(endpoint.data.addresses, code === grpc.status.OK),
});
export const config2: object = byHeader({ header: 'x-server' });

export function shard(options: EndpointShardingOptions<undefined>): number {
  return new EndpointSharding(options).readyCount;
}

// @ts-expect-error: were the types lost on the way, they would be any, and this no error
customRoundRobin({ repeatCount: '3' });
// @ts-expect-error: neither is a picker that returns nothing
definePolicy({ name: 'x', createPicker: () => ({ pick: () => undefined }) });

subscribe('petiole.endpoint.state', (message) => {
  const { endpoint, from, to, reason } = message as EndpointEvent;
  console.log(endpoint, from, to satisfies EndpointState, reason);
});
