/**
 * A client of `check-service-config.test.ts` with a service config that grpc-js
 * accepts and cannot live with. Arguments: port of a server that fails RPCs, the config.
 */
import { Client, credentials } from '@grpc/grpc-js';
import { UNARY } from '@petiole/test-kit/backend';

const [port, config] = process.argv.slice(2) as [string, string];

const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
  'grpc.service_config': config,
});
for (const event of ['uncaughtException', 'unhandledRejection']) {
  process.on(event, (error: Error) => {
    console.log(`ended by ${error.message}`);
    process.exit(1);
  });
}
const same = (value: Buffer): Buffer => value;
client.makeUnaryRequest(UNARY, same, same, Buffer.from('x'), (error) => {
  console.log(`answered ${error?.code}`);
  client.close();
});
