/** Servers on the loopback that answer with their letter, and a client that asks them: which letters, in which order. */
const { Client, credentials, Server, ServerCredentials } = require('@grpc/grpc-js');

const PATH = '/petiole.consumer.WhoAmI/Ask';
const toBytes = (text) => Buffer.from(text);
const toText = (bytes) => bytes.toString();

/** Calls `use` with the ports of one server for each letter, and stops the servers when it is done. */
exports.withServers = async function withServers(letters, use) {
  const servers = [];
  try {
    await use(await Promise.all([...letters].map((letter) => start(letter, servers))));
  } finally {
    for (const server of servers) server.forceShutdown();
  }
};

/** The answers to `count` RPCs, one after the other. `Constructor` may be the Client of another copy of grpc-js. */
exports.ask = async function ask(
  target,
  options,
  count,
  Constructor = Client,
  insecure = credentials.createInsecure(),
) {
  const client = new Constructor(target, insecure, { 'grpc.enable_http_proxy': 0, ...options });
  try {
    let answers = '';
    for (let i = 0; i < count; i += 1) answers += await one(client);
    return answers;
  } finally {
    client.close();
  }
};

function start(letter, servers) {
  const server = new Server();
  servers.push(server);
  server.addService(
    {
      Ask: {
        path: PATH,
        requestStream: false,
        responseStream: false,
        requestSerialize: toBytes,
        requestDeserialize: toText,
        responseSerialize: toBytes,
        responseDeserialize: toText,
      },
    },
    { Ask: (_call, respond) => respond(null, letter) },
  );
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
}

function one(client) {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      PATH,
      toBytes,
      toText,
      'who?',
      { deadline: Date.now() + 10_000 },
      (error, answer) => (error ? reject(error) : resolve(answer)),
    );
  });
}
