/** Hands requests on to the real API server, writes down what passes, and cuts and refuses where a scenario wants it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { purposeOf, type Upstream } from '@petiole/test-kit/kubernetes/gateway';
import type { Passed, Recorded } from '../support/record.js';

export class RealUpstream implements Upstream {
  readonly recorded: Recorded[] = [];
  /** The next bytes of the watch are cut in their middle, and its connection with them. */
  cutsNextEvent = false;
  readonly #port: number;
  readonly #watches = new Set<ServerResponse>();
  #step = 0;
  /** What requests wait for. */
  #held: Promise<void> = Promise.resolve();

  constructor(port: number) {
    this.#port = port;
  }

  nextStep(): void {
    this.#step += 1;
  }

  /** Cuts the connections of all watches. */
  cut(): void {
    for (const watch of this.#watches) this.#cut(watch);
  }

  /** Requests that come meanwhile are handed on afterwards. */
  async holdingRequests(act: () => Promise<void>): Promise<void> {
    this.#held = act();
    await this.#held;
  }

  async handle({ url: path = '', headers }: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = purposeOf(path);
    const refuse = (): void => {
      this.#write({ request, unanswered: true });
      response.destroy();
    };
    await this.#held;
    const forwarded = { ...headers, host: `127.0.0.1:${this.#port}` };
    const target = {
      host: '127.0.0.1',
      port: this.#port,
      path,
      headers: forwarded,
      rejectUnauthorized: false,
    };
    const asked = httpsRequest({ ...target, agent: false }, (answer) => {
      const { statusCode: status = 0 } = answer;
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.flushHeaders();
      if (status === 200 && request.startsWith('watch')) this.#relay(request, answer, response);
      else void this.#answer(request, status, answer, response);
    });
    asked.on('error', refuse);
    asked.end();
    response.on('close', () => asked.destroy());
  }

  async #answer(
    request: string,
    status: number,
    answer: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const body = Buffer.concat((await answer.toArray()) as Buffer[]).toString();
    this.#write({ request, status, body });
    response.end(body);
  }

  #relay(request: string, answer: IncomingMessage, response: ServerResponse): void {
    this.#write({ request, opened: true });
    this.#watches.add(response);
    response.on('close', () => this.#watches.delete(response));
    answer.on('data', (chunk: Buffer) => {
      const text = chunk.toString();
      const data = this.cutsNextEvent ? text.slice(0, text.length / 2) : text;
      this.#write({ data });
      response.write(data, () => {
        if (data !== text) this.#cut(response);
      });
      this.cutsNextEvent = false;
    });
    answer.on('end', () => {
      if (!this.#watches.delete(response)) return;
      this.#write({ end: 'whole' });
      response.end();
    });
    answer.on('error', () => this.#cut(response));
  }

  #cut(watch: ServerResponse): void {
    if (!this.#watches.delete(watch)) return;
    this.#write({ end: 'cut' });
    watch.destroy();
  }

  #write(passed: Passed): void {
    this.recorded.push({ step: this.#step, ...passed });
  }
}
