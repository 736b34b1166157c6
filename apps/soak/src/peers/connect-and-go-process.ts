/**
 * Peers that nobody can stay connected to. Each listens on a port of its own:
 * odd ones say SETTINGS and GOAWAY, even ones SETTINGS, and close. Arguments:
 * the host and how many. Tells on stdin's word `dials` how often each was dialled.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

const SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
/** Last stream 0, NO_ERROR. */
const GOAWAY = Buffer.from([0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

const [host = '127.0.0.1', count = '2'] = process.argv.slice(2);
const dials = Array.from({ length: Number(count) }, () => 0);

const ports = dials.map(async (_, n) => {
  const server = createServer((socket: Socket) => {
    dials[n] = (dials[n] ?? 0) + 1;
    socket.on('error', () => {});
    socket.resume();
    if (n % 2 === 0) socket.write(Buffer.concat([SETTINGS, GOAWAY]));
    else socket.end(SETTINGS);
  });
  server.listen({ host, port: 0 });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
});
console.log(`ports ${JSON.stringify(await Promise.all(ports))}`);

process.on('SIGINT', () => {});
const lines = createInterface({ input: process.stdin });
lines.on('close', () => process.exit(0));
lines.on('line', () => console.log(`dials ${JSON.stringify(dials)}`));
