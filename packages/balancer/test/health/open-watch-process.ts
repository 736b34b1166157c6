/**
 * A process that makes one RPC and then has nothing left to do. Its timer does
 * not keep it alive: it says `still alive` only if something else does.
 *
 * Arguments: the server's `host:port`, and the health service to watch or nothing.
 */
import { customRoundRobin } from '../../src/index.js';
import { TestChannel } from '../support/test-channel.js';

customRoundRobin.register();

const [, , server = '', serviceName] = process.argv;
const [host = '', port] = server.split(':');
const channel = new TestChannel({
  endpoints: [{ addresses: [{ host, port: Number(port) }] }],
  policy: customRoundRobin(),
  serviceConfig: serviceName === undefined ? {} : { healthCheckConfig: { serviceName } },
});
console.log(`served by ${await channel.unary()}`);
setTimeout(() => {
  console.log('still alive');
  channel.close();
}, 500).unref();
