/** A proxy of the environment, as grpc-js asks one: by CONNECT. */
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { onTestFinished, vi } from 'vitest';

/** Stands in the environment until the test ends. It refuses what does not listen. */
export async function startHttpProxy(): Promise<void> {
  const sockets = new Set<Socket>();
  const proxy = createServer().on('connect', ({ url }, client: Socket) => {
    const { hostname, port } = new URL(`http://${url}`);
    const server = connect(Number(port), hostname);
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => other.destroy()).on('close', () => other.destroy());
    }
    server.once('connect', () => {
      client.write('HTTP/1.1 200 OK\r\n\r\n');
      client.pipe(server).pipe(client);
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  for (const name of ['no_grpc_proxy', 'no_proxy']) vi.stubEnv(name, '');
  vi.stubEnv('grpc_proxy', `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
  onTestFinished(() => {
    vi.unstubAllEnvs();
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });
}
