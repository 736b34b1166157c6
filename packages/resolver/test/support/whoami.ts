/** A gRPC service for tests: each server answers with its own name. Servers and clients end with the test. */
import {
  type ChannelCredentials,
  type ChannelOptions,
  Client,
  credentials,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type ServiceError,
} from '@grpc/grpc-js';
import { onTestFinished } from 'vitest';

const method = {
  path: '/petiole.test.WhoAmI/Ask',
  requestStream: false,
  responseStream: false,
  requestSerialize: (text: string) => Buffer.from(text),
  requestDeserialize: (bytes: Buffer) => bytes.toString(),
  responseSerialize: (text: string) => Buffer.from(text),
  responseDeserialize: (bytes: Buffer) => bytes.toString(),
} as const;
const service: ServiceDefinition = { Ask: method };

export interface WhoAmIServer {
  readonly port: number;
  readonly name: string;
  /** How many connections were made to it. */
  connections(): number;
  kill(): void;
}

/** Starts a server on `host` that answers with `name`. */
export async function startServer(
  name: string,
  host = '127.0.0.1',
  serverCredentials: ServerCredentials = ServerCredentials.createInsecure(),
  atPort = 0,
): Promise<WhoAmIServer> {
  const server = new Server();
  const peers = new Set<string>();
  server.addService(service, {
    Ask: (call: { getPeer(): string }, callback: (error: null, answer: string) => void) => {
      peers.add(call.getPeer());
      callback(null, name);
    },
  });
  const bindTo = host.includes(':') ? `[${host}]:${atPort}` : `${host}:${atPort}`;
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(bindTo, serverCredentials, (error, bound) => (error ? reject(error) : resolve(bound)));
  });
  onTestFinished(() => server.forceShutdown());
  return { port, name, connections: () => peers.size, kill: () => server.forceShutdown() };
}

/** A client that is closed with the test; proxies of the environment do not reach it. */
export function makeClient(
  target: string,
  options: ChannelOptions = {},
  channelCredentials: ChannelCredentials = credentials.createInsecure(),
): Client {
  const client = new Client(target, channelCredentials, { 'grpc.enable_http_proxy': 0, ...options });
  onTestFinished(() => client.close());
  return client;
}

/** Asks once. Rejects with grpc-js's ServiceError. */
export function ask(client: Client, deadlineMs = 5000): Promise<string> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      'who?',
      { deadline: Date.now() + deadlineMs },
      (error: ServiceError | null, answer?: string) => (error ? reject(error) : resolve(answer ?? '')),
    );
  });
}

/** The service config that spreads RPCs over all endpoints with grpc-js's own policy. */
export const ROUND_ROBIN: ChannelOptions = {
  'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
};

/** Asks until each of `names` has answered; fails after `attempts` RPCs. */
export async function askUntilAll(client: Client, names: readonly string[], attempts = 500): Promise<void> {
  const missing = new Set(names);
  for (let attempt = 0; missing.size > 0; attempt += 1) {
    if (attempt === attempts) throw new Error(`never heard from ${[...missing].join(', ')}`);
    missing.delete(await ask(client));
  }
}
