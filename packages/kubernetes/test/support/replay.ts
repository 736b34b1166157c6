/**
 * Plays what was recorded of the real API server, in its order: an answer waits for its request, and whatever belongs to a
 * later step waits for that. A request that differs from the recorded one is a failure of the test.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { purposeOf, type Upstream } from '@petiole/test-kit/kubernetes/gateway';
import type { Recorded } from './record.js';

interface Waiting {
  readonly purpose: string;
  readonly response: ServerResponse;
}

export class Replay implements Upstream {
  /** Requests that were not those of the record. */
  readonly surprises: string[] = [];
  readonly #left: Recorded[];
  #step = 0;
  #waiting: Waiting | undefined;
  #watch: ServerResponse | undefined;

  constructor(recorded: readonly Recorded[]) {
    this.#left = [...recorded];
  }

  /** The next step of the scenario begins. */
  nextStep(): void {
    this.#step += 1;
    this.#play();
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    this.#waiting = { purpose: purposeOf(request.url ?? ''), response };
    this.#play();
  }

  #play(): void {
    for (let next = this.#left[0]; next !== undefined && next.step <= this.#step; next = this.#left[0]) {
      if ('request' in next) {
        if (this.#waiting === undefined) return;
        this.#answer(next, this.#waiting);
        this.#waiting = undefined;
      } else if ('data' in next) {
        this.#watch?.write(next.data);
      } else if (next.end === 'whole') {
        this.#watch?.end();
      } else {
        this.#cut(this.#watch);
      }
      this.#left.shift();
    }
  }

  #answer(next: Extract<Recorded, { request: string }>, { purpose, response }: Waiting): void {
    if (purpose !== next.request) this.surprises.push(`${purpose} instead of ${next.request}`);
    if ('unanswered' in next) {
      response.destroy();
    } else if ('opened' in next) {
      this.#watch = response.writeHead(200, { 'Content-Type': 'application/json' });
      response.flushHeaders();
    } else {
      response.writeHead(next.status, { 'Content-Type': 'application/json' }).end(next.body);
    }
  }

  /** What was written before must arrive, so the connection is cut when it has left. */
  #cut(response: ServerResponse | undefined): void {
    response?.write('', () => response.destroy());
  }
}
