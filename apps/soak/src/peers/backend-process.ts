/**
 * One server of the soak, in a process of its own: echo and health. Obeys lines
 * on stdin, tells of itself in lines on stdout, and ends when stdin does.
 * Arguments: host and port (0 for any).
 */
import { createInterface } from 'node:readline';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { type EchoHandlers, EchoService } from '@petiole/echo-proto';
import { HealthService } from './health-service.js';

/** A drained server that still has calls after so long is not waited for. */
const DRAIN_MS = 6000;
const MAX_DELAY_MS = 10_000;

const [host = '127.0.0.1', port = '0'] = process.argv.slice(2);
const health = new HealthService();

const handlers: EchoHandlers = {
  // The client asks for a delay in ms: its load is drawn from the seed, here nothing is.
  UnaryEcho({ request }, answer) {
    setTimeout(() => answer(null, request), Math.min(Number(request.message) || 0, MAX_DELAY_MS));
  },
  BidirectionalStreamingEcho(call) {
    call.on('data', (request) => call.write(request));
    call.on('end', () => call.end());
    call.on('error', () => {});
  },
  ServerStreamingEcho: (call) => call.end(),
  ClientStreamingEcho: (_, answer) => answer(null, {}),
};

const server = new Server();
server.addService(EchoService, handlers);
health.addTo(server);
server.bindAsync(`${host}:${port}`, ServerCredentials.createInsecure(), (error, bound) => {
  if (error) throw error;
  console.log(`port ${bound}`);
});

/** The health service's Watch streams never end by themselves, so the drain must not wait for them. */
function drain(): void {
  setTimeout(() => process.exit(0), DRAIN_MS).unref();
  server.tryShutdown(() => process.exit(0));
}

// Ctrl-C goes to the whole group of processes; the client decides when its servers end.
process.on('SIGINT', () => {});
const lines = createInterface({ input: process.stdin });
lines.on('close', () => process.exit(0));
lines.on('line', (line) => {
  const [word, value] = line.split(' ');
  switch (word) {
    case 'drain':
      drain();
      break;
    case 'health':
      health.status = value === 'SERVING' ? 'SERVING' : 'NOT_SERVING';
      console.log(line);
      break;
    case 'cut':
      health.cut(Number(value));
      console.log(line);
      break;
    case 'end-each':
      health.endsEach = value === 'yes';
      console.log(`begun ${JSON.stringify(health.takeBegun())}`);
      break;
  }
});
