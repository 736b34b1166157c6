/**
 * A client of `after-close.test.ts` that closes its channel and has nothing else
 * to do: the process must end by itself. Arguments: policy, ports of servers.
 */
import { customRoundRobin, leastRequest } from '../../src/index.js';
import { attempt } from '../support/load.js';
import { TestChannel } from '../support/test-channel.js';

const [policy, ...ports] = process.argv.slice(2);

customRoundRobin.register();
leastRequest.register();
const channel = new TestChannel({
  endpoints: ports.map((port) => ({ addresses: [{ host: '127.0.0.1', port: Number(port) }] })),
  policy:
    policy === 'least_request' ? leastRequest() : customRoundRobin({ repeatCount: 1, readyTimeout: '0.1s' }),
});
for (let i = 0; i < 10; i++) {
  const { peer, error } = await attempt(channel);
  console.log(error ? `failed ${error.details}` : `served by ${peer}`);
}
channel.close();
console.log('closed');
