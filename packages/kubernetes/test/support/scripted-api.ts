/** An API server that answers as a test wants it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { purposeOf } from '@petiole/test-kit/kubernetes/gateway';
import { echoSlice } from '@petiole/test-kit/kubernetes/objects';
import { pod } from '@petiole/test-kit/kubernetes/slices';
import { onTestFinished } from 'vitest';
import { openWith, type PodWorld } from './world.js';

export type Answer = (response: ServerResponse, request: IncomingMessage) => void;

export const say =
  (status: number, body: unknown): Answer =>
  (response) =>
    void response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));

/** A list of slices, each of which may be anything. */
export const list = (...items: unknown[]): Answer => say(200, { metadata: { resourceVersion: '7' }, items });

export const events = (...lines: unknown[]): string =>
  lines.map((line) => `${JSON.stringify(line)}\n`).join('');

/** A watch that goes on. */
export const watch =
  (...lines: unknown[]): Answer =>
  (response) => {
    response.writeHead(200);
    response.flushHeaders();
    if (lines.length > 0) response.write(events(...lines));
  };

/** A slice of `echo` with one pod. */
export function of(name: string, address: string, version = '8', port = 50051): object {
  const { metadata, ...fields } = echoSlice('shop', name, [pod(address, address)]);
  const ports = [{ name: 'grpc', port, protocol: 'TCP' }];
  return { metadata: { ...(metadata as object), resourceVersion: version }, ...fields, ports };
}

/** An API server that gives these answers, the last one of each kind again and again; and what it was asked. */
export async function serve(answers: {
  readonly list: readonly Answer[];
  readonly watch?: readonly Answer[];
}): Promise<{ readonly world: PodWorld; readonly asked: readonly string[] }> {
  const asked: string[] = [];
  const left = { list: [...answers.list], watch: [...(answers.watch ?? [watch()])] };
  const world = await openWith('shop', {
    handle(request, response) {
      asked.push(purposeOf(request.url ?? ''));
      const kind = asked.at(-1)?.startsWith('watch') ? 'watch' : 'list';
      const next = left[kind].length > 1 ? left[kind].shift() : left[kind][0];
      next?.(response, request);
    },
  });
  onTestFinished(() => world.close());
  return { world, asked };
}
