/** Listens with the shortest queue there is, and is frozen by its parent. Arguments: host and port. */
import { createServer } from 'node:net';

const [host, port] = process.argv.slice(2);
createServer().listen({ host, port: Number(port), backlog: 1 }, () => console.log('listening'));
process.on('SIGINT', () => {});
process.stdin.resume().on('end', () => process.exit(0));
