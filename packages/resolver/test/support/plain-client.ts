/**
 * A program that knows nothing of this package, as other people's clients: it asks the target in argv, ten times at least,
 * until each of the names behind it has answered, twenty thousand times at most, and prints who has answered, by name.
 */
import { Client, credentials } from '@grpc/grpc-js';
import { startRpc } from '@petiole/test-kit/rpc';

const [target = '', ...names] = process.argv.slice(2);
const client = new Client(target, credentials.createInsecure(), {
  'grpc.enable_http_proxy': 0,
  'grpc.dns_min_time_between_resolutions_ms': 100,
});
const answered = new Set<string>();
for (let rpc = 0; rpc < 10 || (rpc < 20_000 && !names.every((name) => answered.has(name))); rpc += 1) {
  const { answer, error } = await startRpc(client).ended;
  answered.add(error ? error.details : answer);
}
console.log([...answered].sort().join(' '));
client.close();
