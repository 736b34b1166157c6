/**
 * The catalogue of the soak, in a process of its own: HTTP, `GET /CLIENT`
 * answers with that client's records. Told on stdin, with one line for each
 * change: the client and its records as JSON, or `null` for an error.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';

/** Long enough for the client to be told on stdout of a look-up that is under way. */
const ANSWER_MS = 40;

const records = new Map<string, string>();

const server = createServer(({ url }, response) => {
  const client = url?.slice(1) ?? '';
  console.log(`asked ${client}`);
  setTimeout(() => {
    const found = records.get(client) ?? 'null';
    response.writeHead(found === 'null' ? 503 : 200, { connection: 'close' }).end(found);
  }, ANSWER_MS);
});
server.listen(0, '127.0.0.1', () => console.log(`port ${(server.address() as AddressInfo).port}`));

process.on('SIGINT', () => {});
const lines = createInterface({ input: process.stdin });
lines.on('close', () => process.exit(0));
lines.on('line', (line) => {
  const [client = ''] = line.split(' ', 1);
  records.set(client, line.slice(client.length + 1));
});
