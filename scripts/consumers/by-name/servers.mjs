/** Servers A, B and C at the three addresses that the hosts file gives to three.test, for clients that take an address and no target. */
import { Server, ServerCredentials } from '@grpc/grpc-js';

const bytes = (value) => value;

/** Calls `use` with `three.test:PORT`; the result are the servers that have answered at `path`. Each RPC is unary, each answer empty. */
export async function askByName(path, use) {
  let answers = '';
  const servers = [];
  let port = 0;
  for (const [i, letter] of ['A', 'B', 'C'].entries()) {
    const server = new Server();
    const method = (at) => ({
      path: at,
      requestStream: false,
      responseStream: false,
      requestSerialize: bytes,
      requestDeserialize: bytes,
      responseSerialize: bytes,
      responseDeserialize: bytes,
    });
    const counts = (_call, respond) => {
      answers += letter;
      respond(null, Buffer.alloc(0));
    };
    server.addService({ counts: method(path) }, { counts });
    port = await new Promise((resolve, reject) => {
      const done = (error, bound) => (error ? reject(error) : resolve(bound));
      server.bindAsync(`127.0.0.${i + 1}:${port}`, ServerCredentials.createInsecure(), done);
    });
    servers.push(server);
  }
  try {
    await use(`three.test:${port}`);
    return answers;
  } finally {
    for (const server of servers) server.forceShutdown();
  }
}
