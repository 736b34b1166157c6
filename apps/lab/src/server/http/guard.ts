/**
 * Who may ask: the lab's own page. A foreign page that a browser has open may send requests to the loopback too, under a name
 * of its own that leads there, or without reading the answer. Each request is told by its Host; one to the API by
 * its origin and by the token that is in the page as well.
 */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { TOKEN_HEADER } from '../../protocol.js';

/** An answer other than 200: a status and one sentence. */
export class HttpError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** @throws {HttpError} 403 */
export function assertLoopbackHost({ headers: { host = '' } }: IncomingMessage, port: number): void {
  const own = ['127.0.0.1', 'localhost', '[::1]'].map((name) => new URL(`http://${name}:${port}`).host);
  if (!own.includes(host)) throw new HttpError(403, `Host must be one of ${own.join(', ')}`);
}

/** @throws {HttpError} 403 */
export function assertOwnPage({ headers }: IncomingMessage, token: string): void {
  const { origin, 'sec-fetch-site': site = 'same-origin' } = headers;
  if (origin !== undefined && origin !== `http://${headers.host}`)
    throw new HttpError(403, 'Origin must be that of the page of the lab');
  if (site !== 'same-origin') throw new HttpError(403, 'only the page of the lab may ask');
  if (!isSame(headers[TOKEN_HEADER], token))
    throw new HttpError(403, `${TOKEN_HEADER} must be the token that is in the page`);
}

function isSame(given: string | string[] | undefined, token: string): boolean {
  const one = Buffer.from(typeof given === 'string' ? given : '');
  const other = Buffer.from(token);
  return one.length === other.length && timingSafeEqual(one, other);
}
