/** A peer that answers no connection attempt: a listener in a stopped process whose queue is full. Linux then drops each SYN. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { launch } from '@petiole/test-kit/processes/program';

const LISTEN = `
  const server = require('node:net').createServer();
  server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => console.log(server.address().port));`;
/** What the queue of that backlog holds. */
const QUEUE_LENGTH = 2;

/** `127.0.0.1:PORT`; silent until the test is over. */
export async function silentPeer(onTestFinished: (stop: () => void) => void): Promise<string> {
  const listener = launch(['node', '-e', LISTEN]);
  const port = Number(await listener.out.next());
  listener.kill('SIGSTOP');
  const sockets = Array.from({ length: QUEUE_LENGTH }, () => connect({ host: '127.0.0.1', port }));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    listener.kill('SIGKILL');
  });
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  return `127.0.0.1:${port}`;
}
