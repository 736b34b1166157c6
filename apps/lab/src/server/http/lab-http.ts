/** The lab's page and its API, on the loopback addresses of this machine and nowhere else. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { check, perform, Refused, readAction, readCheck } from '../actions.js';
import type { Lab } from '../lab.js';
import { EventStreams } from './event-streams.js';
import { assertLoopbackHost, assertOwnPage, HttpError } from './guard.js';
import { type PageFile, pageFiles } from './page-files.js';

const MOST_BODY = 64 * 2 ** 10;
/** A body comes from this machine: it is there at once. */
const REQUEST_MS = 10_000;

/** The page loads nothing from elsewhere, and nobody shows it in a frame. */
const HEADERS = {
  'content-security-policy':
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

type Api = (request: IncomingMessage, response: ServerResponse) => Promise<object> | undefined;

interface Route {
  readonly method: 'GET' | 'POST';
  readonly answer: Api;
}

export class LabHttp {
  readonly #lab: Lab;
  readonly #token = randomBytes(32).toString('hex');
  readonly #files: ReadonlyMap<string, PageFile>;
  readonly #streams: EventStreams;
  readonly #servers: Server[] = [];
  readonly #routes: Readonly<Record<string, Route>>;
  #port = 0;

  /**
   * @param folder the page as it was built
   * @throws {Error} if it was not
   */
  constructor(lab: Lab, folder: string) {
    this.#lab = lab;
    this.#files = pageFiles(folder, this.#token);
    this.#streams = new EventStreams(lab);
    this.#routes = {
      '/api/events': { method: 'GET', answer: (_, response) => void this.#streams.open(response) },
      '/api/actions': { method: 'POST', answer: (request) => this.#act(request) },
      '/api/check': { method: 'POST', answer: async (request) => check(readCheck(await bodyOf(request))) },
    };
  }

  /** `http://127.0.0.1:7357/` */
  get url(): string {
    return `http://127.0.0.1:${this.#port}/`;
  }

  /**
   * @param port 0: any free one
   * @throws {Error} (rejects) if the port is taken
   */
  async open(port: number): Promise<void> {
    this.#port = await this.#listen('127.0.0.1', port);
    // `localhost` may be this one. Not every machine has it, and a stranger may have the same port of it.
    await this.#listen('::1', this.#port).catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#streams.close();
    await Promise.all(
      this.#servers.map((server) => {
        const closed = once(server, 'close');
        server.close();
        server.closeAllConnections();
        return closed;
      }),
    );
  }

  async #listen(host: string, port: number): Promise<number> {
    const server = createServer({ requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS });
    server.on('request', (request, response) => void this.#answer(request, response));
    server.listen({ host, port });
    await once(server, 'listening');
    this.#servers.push(server);
    return (server.address() as AddressInfo).port;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    try {
      assertLoopbackHost(request, this.#port);
      const pathname = pathOf(request);
      if (pathname.startsWith('/api/')) await this.#answerApi(pathname, request, response);
      else this.#answerFile(pathname, request, response);
    } catch (error) {
      refuse(request, response, error);
    }
  }

  #answerFile(path: string, { method = '' }: IncomingMessage, response: ServerResponse): void {
    const file = this.#files.get(path);
    if (file === undefined) throw new HttpError(404, 'there is nothing here; the page is at /');
    assertMethod(method, ['GET', 'HEAD'], response);
    response.setHeader('content-type', file.type);
    response.setHeader('content-length', file.body.length);
    response.end(method === 'HEAD' ? undefined : file.body);
  }

  async #answerApi(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    assertOwnPage(request, this.#token);
    const route = Object.hasOwn(this.#routes, path) ? this.#routes[path] : undefined;
    if (route === undefined)
      throw new HttpError(404, `the API has ${Object.keys(this.#routes).join(', ')}, and nothing else`);
    assertMethod(request.method ?? '', [route.method], response);
    const answer = await route.answer(request, response);
    if (answer !== undefined) sendJson(response, 200, answer);
  }

  async #act(request: IncomingMessage): Promise<object> {
    perform(this.#lab, readAction(await bodyOf(request)));
    return {};
  }
}

/** @throws {HttpError} 400: `//` is the beginning of an address, which then has no host. */
function pathOf({ url = '' }: IncomingMessage): string {
  if (!URL.canParse(url, 'http://localhost')) throw new HttpError(400, 'the path must be one of a URL');
  return new URL(url, 'http://localhost').pathname;
}

function assertMethod(method: string, allowed: readonly string[], response: ServerResponse): void {
  if (allowed.includes(method)) return;
  response.setHeader('allow', allowed.join(', '));
  throw new HttpError(405, `the method must be ${allowed.join(' or ')}, got ${method}`);
}

/** @throws {HttpError} (rejects) 413, 415; {@link Refused} on what is no JSON */
async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const type = request.headers['content-type'] ?? 'none';
  if (!/^application\/json\s*(;|$)/i.test(type))
    throw new HttpError(415, `content-type must be application/json, got ${type.slice(0, 100)}`);
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MOST_BODY) throw new HttpError(413, `the body must have at most ${MOST_BODY} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch (error) {
    throw new Refused(`the body must be JSON: ${(error as Error).message}`);
  }
}

function refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
  // The rest of the body is not read.
  if (!request.complete) response.setHeader('connection', 'close');
  if (error instanceof Refused) sendJson(response, 400, error.refusal);
  else if (error instanceof HttpError) sendJson(response, error.status, { error: error.message });
  else {
    // Who closes the page in the middle of a request is no bug.
    if (!response.destroyed) console.error(error);
    sendJson(response, 500, { error: 'the lab has a bug; its terminal says which' });
  }
}

function sendJson(response: ServerResponse, status: number, json: object): void {
  // Before the head is on its way: whatever cannot be written is answered as any other bug.
  const text = JSON.stringify(json);
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(text);
}
