/** Server-sent events to the pages that are open. A page that does not read is cut off; it asks again, and begins anew. */
import type { ServerResponse } from 'node:http';
import type { Message } from '../../protocol.js';
import type { Lab } from '../lab.js';
import { HttpError } from './guard.js';

const MOST_STREAMS = 20;
/** What may wait for a page that reads slowly, beside the beginning, which may be some megabytes. */
const MOST_WAITING = 16 * 2 ** 20;

export class EventStreams {
  readonly #lab: Lab;
  readonly #streams = new Set<ServerResponse>();
  #stopListening: (() => void) | undefined;

  constructor(lab: Lab) {
    this.#lab = lab;
  }

  /** @throws {HttpError} 503 */
  open(response: ServerResponse): void {
    if (this.#streams.size >= MOST_STREAMS)
      throw new HttpError(503, `${MOST_STREAMS} pages listen already, and no more may`);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(textOf({ kind: 'whole', whole: this.#lab.whole }));
    this.#streams.add(response);
    // Nothing is made text of while nobody listens.
    this.#stopListening ??= this.#lab.listen((message) => this.#send(textOf(message)));
    response.on('close', () => this.#closed(response));
  }

  close(): void {
    for (const stream of this.#streams) stream.destroy();
  }

  #send(text: string): void {
    for (const stream of this.#streams) {
      if (stream.writableLength > MOST_WAITING) stream.destroy();
      else stream.write(text);
    }
  }

  #closed(stream: ServerResponse): void {
    this.#streams.delete(stream);
    if (this.#streams.size > 0) return;
    this.#stopListening?.();
    this.#stopListening = undefined;
  }
}

function textOf(message: Message): string {
  return `event: ${message.kind}\ndata: ${JSON.stringify(message)}\n\n`;
}
