/** Pods at addresses of the test's own network namespace, and load on them. */
import type { Client } from '@grpc/grpc-js';
import type { Backend } from '@petiole/test-kit/backend';
import { type EndpointFields, pod } from '@petiole/test-kit/kubernetes/slices';
import { ask } from '@petiole/test-kit/rpc';
import { startBackend } from '@petiole/test-kit/servers';
import { onTestFinished } from 'vitest';

/** A server that slices may name. */
export interface RunningPod {
  readonly backend: Backend;
  readonly name: string;
  /** As a slice has it. */
  entry(fields?: EndpointFields): EndpointFields;
}

/** Starts a server on port 50051 of `10.77.0.NUMBER` that answers with its name, each RPC after some milliseconds. */
export async function startPod(number: number, answerAfter = 0): Promise<RunningPod> {
  const host = `10.77.0.${number}`;
  const name = `pod-${number}`;
  const backend = await startBackend({
    host,
    port: 50051,
    unary: (_, answer) => void setTimeout(() => answer(null, Buffer.from(name)), answerAfter),
  });
  return { backend, name, entry: (fields) => pod(name, host, fields) };
}

/** So many callers, each with one RPC after the other, and who answered. */
export class Load {
  readonly failures: Error[] = [];
  /** How many RPCs each pod has answered. */
  readonly answers = new Map<string, number>();
  #stopped = false;
  readonly #callers: Promise<void>[];
  readonly #waiting = new Map<string, () => void>();

  constructor(client: Client, callers: number) {
    this.#callers = Array.from({ length: callers }, () => this.#call(client));
    onTestFinished(() => this.stop());
  }

  /** Resolves when that pod answers the next time. */
  answeredBy(name: string): Promise<void> {
    return new Promise((resolve) => this.#waiting.set(name, resolve));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#callers);
  }

  async #call(client: Client): Promise<void> {
    while (!this.#stopped) {
      try {
        const name = await ask(client);
        this.answers.set(name, (this.answers.get(name) ?? 0) + 1);
        this.#waiting.get(name)?.();
        this.#waiting.delete(name);
      } catch (error) {
        this.failures.push(error as Error);
      }
    }
  }
}
