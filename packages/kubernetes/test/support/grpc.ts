/** gRPC servers that answer with their names, and clients. They end with the test. */
import {
  Client,
  type ClientOptions,
  credentials,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceError,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { onTestFinished } from 'vitest';

const METHOD = {
  path: '/petiole.test.WhoAmI/Ask',
  requestStream: false,
  responseStream: false,
  requestSerialize: (text: string) => Buffer.from(text),
  requestDeserialize: (bytes: Buffer) => bytes.toString(),
  responseSerialize: (text: string) => Buffer.from(text),
  responseDeserialize: (bytes: Buffer) => bytes.toString(),
} as const;

/** What each server was called by its clients: the `:authority`. */
export type Called = (authority: string) => void;

/**
 * Starts a server that answers with `name`, each RPC after some milliseconds.
 * @param at `127.0.0.1:0` for any port
 */
export async function startServer(
  name: string,
  at: string,
  answerAfter = 0,
  called: Called = () => {},
): Promise<{ readonly server: Server; readonly port: number }> {
  const server = new Server();
  const Ask = (call: ServerUnaryCall<string, string>, answer: sendUnaryData<string>): void => {
    called(call.getHost());
    setTimeout(() => answer(null, name), answerAfter);
  };
  server.addService({ Ask: METHOD }, { Ask });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(at, ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  onTestFinished(() => server.forceShutdown());
  return { server, port };
}

export function makeClient(target: string, options: ClientOptions = {}): Client {
  const client = new Client(target, credentials.createInsecure(), {
    'grpc.enable_http_proxy': 0,
    ...options,
  });
  onTestFinished(() => client.close());
  return client;
}

/** Asks once. Rejects with grpc-js's ServiceError. */
export function ask(client: Client): Promise<string> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      METHOD.path,
      METHOD.requestSerialize,
      METHOD.responseDeserialize,
      'who?',
      { deadline: Date.now() + 10_000 },
      (error: ServiceError | null, answer?: string) => (error ? reject(error) : resolve(answer ?? '')),
    );
  });
}
