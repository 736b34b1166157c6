/** Sends the load that it was told to, from one setting to the next: RPCs of the old one may finish. */

import { runLoad } from '@petiole/echo-client/load';
import { unaryEcho } from '@petiole/echo-client/unary-echo';
import type { EchoClient } from '@petiole/echo-proto';
import { type LoadSettings, RPC_TIMEOUT_MS } from '../../protocol.js';
import { echoStream } from './echo-stream.js';

export class LoadDriver {
  readonly #client: EchoClient;
  readonly #cancel = new AbortController();
  #stop = new AbortController();
  readonly #runs = new Set<Promise<void>>();

  constructor(client: EchoClient) {
    this.#client = client;
  }

  /** From now on. */
  send({ rate, concurrency, kind }: LoadSettings): void {
    this.#stop.abort();
    if (rate === 0) return;
    this.#stop = new AbortController();
    const signals = { stop: this.#stop.signal, cancel: this.#cancel.signal };
    const send = kind === 'unary' ? () => this.#unary() : () => echoStream(this.#client, this.#cancel.signal);
    const run: Promise<void> = runLoad({ rate, concurrency }, signals, send).finally(() =>
      this.#runs.delete(run),
    );
    this.#runs.add(run);
  }

  /** Cancels what is in flight. */
  async end(): Promise<void> {
    this.#stop.abort();
    this.#cancel.abort();
    await Promise.all(this.#runs);
  }

  async #unary(): Promise<void> {
    await unaryEcho(this.#client, {
      message: 'lab',
      deadline: Date.now() + RPC_TIMEOUT_MS,
      signal: this.#cancel.signal,
    });
  }
}
