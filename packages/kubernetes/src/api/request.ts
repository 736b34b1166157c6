/**
 * One GET request to the API server, by `node:https` alone. It holds no process alive, and each failure is a sentence that a
 * person can act on.
 */
import type { ClientRequest, IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { Readable } from 'node:stream';
import { isJson, messageOf, oneLine, quote, TurningClock } from '@petiole/service-config/internal';
import type { Cluster } from './cluster.js';

/** The API server refuses, or nobody is there. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** The status of HTTP, or what an event of a watch has in its place; 0 where there was no answer. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Milliseconds until the API server must have begun to answer. */
const DEADLINE = 10_000;
/** Milliseconds for a `Status`, which says why a request is refused, and room for it. */
const REFUSAL_DEADLINE = 10_000;
const MOST_BYTES_OF_A_REFUSAL = 65_536;
/** Between probes of TCP, by which a machine that has vanished is found out. */
const PROBE_INTERVAL = 30_000;

/**
 * Resolves to the answer when its head is there and says 200.
 * @param path what follows the server's own path, with the query.
 * @throws {ApiError} on any other status, and when the server cannot be reached.
 */
export async function get(cluster: Cluster, path: string, signal: AbortSignal): Promise<IncomingMessage> {
  const response = await answerOf(cluster, path, signal);
  const { statusCode = 0, headers } = response;
  const encoding = headers['content-encoding'] ?? 'identity';
  if (statusCode === 200 && encoding === 'identity') return response;
  if (statusCode === 200) {
    response.destroy();
    throw new Error(`${nameOf(cluster)} compresses its answers (${quote(encoding)}), which nobody asked for`);
  }
  const text = await readAll(response, MOST_BYTES_OF_A_REFUSAL, REFUSAL_DEADLINE).catch(() => '');
  throw new ApiError(statusCode, refusal(cluster, statusCode, statusMessage(text)));
}

/**
 * The whole of an answer.
 * @throws RangeError when it has more than so many bytes; Error when it is not whole after so many milliseconds.
 */
export async function readAll(stream: Readable, most: number, deadline: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  const clock = new TurningClock();
  clock.wait(deadline, () =>
    stream.destroy(new Error(`an answer of the API server was not whole in ${deadline / 1000} s`)),
  );
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > most) throw new RangeError(`an answer of the API server is longer than ${most} bytes`);
      chunks.push(chunk);
    }
  } finally {
    clock.stop();
  }
  return Buffer.concat(chunks).toString();
}

function answerOf(cluster: Cluster, path: string, signal: AbortSignal): Promise<IncomingMessage> {
  const { server } = cluster;
  const clock = new TurningClock();
  return new Promise<IncomingMessage>((resolve, reject) => {
    const asked = requestOf(new URL(server.pathname.replace(/\/$/, '') + path, server), cluster, signal);
    asked.once('response', resolve);
    asked.once('socket', (socket) => {
      socket.unref();
      socket.setKeepAlive(true, PROBE_INTERVAL);
    });
    asked.on('error', (error) => reject(new ApiError(0, unreachable(cluster, error))));
    clock.wait(DEADLINE, () => asked.destroy(new Error(`no answer in ${DEADLINE / 1000} s`)));
    asked.end();
  }).finally(() => clock.stop());
}

/** @throws Error where Node.js cannot make one with these credentials: its own words do not say whose they are. */
function requestOf(url: URL, { token, tls, source }: Cluster, signal: AbortSignal): ClientRequest {
  try {
    return request(url, {
      ...tls,
      // A connection of its own, which ends with the answer and is made with today's certificates.
      agent: false,
      signal,
      headers: {
        Accept: 'application/json',
        'Accept-Encoding': 'identity',
        'User-Agent': '@petiole/kubernetes',
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      },
    });
  } catch (error) {
    throw new Error(`the token, certificate or key of ${source} cannot be used: ${messageOf(error)}`);
  }
}

/** The first one stands where two CAs have the same name, as those of all clusters have. */
const UNKNOWN_CA: readonly unknown[] = [
  'CERT_SIGNATURE_FAILURE',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
];

function unreachable(cluster: Cluster, error: Error): string {
  const code: unknown = 'code' in error ? error.code : undefined;
  if (UNKNOWN_CA.includes(code)) {
    return `${nameOf(cluster)} has a certificate that the CA of ${cluster.source} has not signed (${code})`;
  }
  // Where a name has several addresses, the message is empty.
  return `${nameOf(cluster)} cannot be reached: ${messageOf(error) || code}`;
}

function refusal(cluster: Cluster, status: number, message: string): string {
  const says = `${nameOf(cluster)} says ${status}: ${message}`;
  switch (status) {
    case 401:
      return `${says}: the token or certificate of ${cluster.source} is not valid, or no longer`;
    case 403:
      return `${says}: it takes a Role with apiGroups ["discovery.k8s.io"], resources ["endpointslices"] and verbs ["list", "watch"], and a RoleBinding`;
    case 404:
      return `${says}: EndpointSlices of discovery.k8s.io/v1 are there from Kubernetes 1.21 on`;
    default:
      return says;
  }
}

function statusMessage(text: string): string {
  try {
    const status: unknown = JSON.parse(text);
    if (isJson(status) && typeof status.message === 'string') return oneLine(status.message);
  } catch {
    // Proxies answer in HTML.
  }
  return text === '' ? 'without a reason' : quote(text);
}

function nameOf({ server }: Cluster): string {
  return `the API server ${server.host}`;
}
