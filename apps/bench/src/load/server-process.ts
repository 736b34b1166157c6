/**
 * The benchmark's servers, in a process of their own: a unary method that answers with the bytes it was sent, a health
 * service whose status the parent sets, and a listener that accepts connections and never speaks.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { answer, machineMs } from './child.js';
import { method, UNARY, WATCH } from './wire.js';

const watches: Set<ServerWritableStream<Buffer, Buffer>> = new Set();
/** As `grpc.health.v1.HealthCheckResponse` in bytes: SERVING is 1, NOT_SERVING 2. */
let health: Buffer = Buffer.from([0x08, 1]);

const handlers = {
  /** Serves on each of these ports (0: a free one) of the host. */
  async listen({ host, ports }: { host: string; ports: readonly number[] }): Promise<number[]> {
    const server = new Server();
    server.addService(
      { unary: method(UNARY) },
      {
        unary: (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) =>
          callback(null, call.request),
      },
    );
    server.addService(
      { watch: method(WATCH, { responseStream: true }) },
      {
        watch: (call: ServerWritableStream<Buffer, Buffer>) => {
          watches.add(call);
          call.on('cancelled', () => watches.delete(call));
          call.on('error', () => watches.delete(call));
          call.write(health);
        },
      },
    );
    const bound: number[] = [];
    for (const wanted of ports) {
      bound.push(
        await new Promise<number>((resolve, reject) => {
          server.bindAsync(`${host}:${wanted}`, ServerCredentials.createInsecure(), (error, port) =>
            error ? reject(error) : resolve(port),
          );
        }),
      );
    }
    return bound;
  },

  /** Accepts connections and says nothing, on a free port. */
  async listenInSilence(host: string): Promise<number> {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.resume();
    });
    server.listen(0, host);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  },

  /** Answers every open Watch. Returns the moment before the first byte was written. */
  setHealth(serving: boolean): number {
    health = Buffer.from([0x08, serving ? 1 : 2]);
    const at = machineMs();
    for (const call of watches) call.write(health);
    return at;
  },
};

export type ServerHandlers = typeof handlers;

answer(handlers);
