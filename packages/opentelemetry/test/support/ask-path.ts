/** An RPC to a path, by a client that nobody generated: how it ends. */
import type { Client, status } from '@grpc/grpc-js';

export function askPath(client: Client, path: string): Promise<status | undefined> {
  return new Promise((resolve) =>
    client.makeUnaryRequest(
      path,
      (value: Buffer) => value,
      String,
      Buffer.from(''),
      (error) => resolve(error?.code),
    ),
  );
}
