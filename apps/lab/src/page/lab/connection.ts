/**
 * The page's line to the lab's process: hears what happens, says what to do. A lost connection is tried again every
 * second, for as long as the page is open. All requests go to where the page came from, with the token that is in it.
 */
import {
  type Action,
  type Checked,
  type Message,
  type Refusal,
  TOKEN_HEADER,
  TOKEN_META,
} from '../../protocol.js';
import { eventsOf } from './event-stream.js';
import { Value } from './value.js';

export type Connected = 'connecting' | 'open' | 'lost';

const AGAIN_MS = 1_000;
/** Ticks come ten times a second: who hears nothing for this long hears no more. */
const SILENCE_MS = 5_000;

export class Connection {
  readonly status = new Value<Connected>('connecting');
  readonly #token = document.querySelector<HTMLMetaElement>(`meta[name="${TOKEN_META}"]`)?.content ?? '';
  #heard = false;

  /** Hears messages for good. */
  async follow(hear: (message: Message) => void): Promise<never> {
    for (;;) {
      await this.#hear(hear).catch(() => undefined);
      this.status.set('lost');
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }

  async #hear(hear: (message: Message) => void): Promise<void> {
    const silent = new AbortController();
    let timer = setTimeout(() => silent.abort(), SILENCE_MS);
    try {
      const answer = await fetch('api/events', { headers: this.#headers(), signal: silent.signal });
      // Another process, with another token: it gives a page of its own.
      if (answer.status >= 400 && this.#heard) location.reload();
      if (!answer.ok || answer.body === null)
        throw new Error(`the events are answered with ${answer.status}`);
      for await (const { data } of eventsOf(answer.body)) {
        clearTimeout(timer);
        timer = setTimeout(() => silent.abort(), SILENCE_MS);
        this.status.set('open');
        this.#heard = true;
        hear(JSON.parse(data) as Message);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Does something. Undefined: it is done; otherwise why not. */
  async act(action: Action): Promise<Refusal | undefined> {
    const answer = await this.#post('api/actions', action);
    if (answer.ok) return undefined;
    return (await answer.json().catch(() => ({ error: `the lab answered ${answer.status}` }))) as Refusal;
  }

  /** The findings for a service config that somebody is typing. */
  async check(json: string): Promise<Checked> {
    const answer = await this.#post('api/check', { json });
    if (!answer.ok) throw new Error(`the check was answered with ${answer.status}`);
    return (await answer.json()) as Checked;
  }

  #headers(): Record<string, string> {
    return { [TOKEN_HEADER]: this.#token };
  }

  #post(path: string, body: object): Promise<Response> {
    return fetch(path, {
      method: 'POST',
      headers: { ...this.#headers(), 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  }
}
