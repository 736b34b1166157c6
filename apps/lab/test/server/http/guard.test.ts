/** Which Host a request to the lab may have. */
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { assertLoopbackHost } from '../../../src/server/http/guard.js';

function requestTo(host: string): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  request.headers.host = host;
  return request;
}

it.each([
  ['127.0.0.1:8080', 8080],
  ['[::1]:8080', 8080],
  ['localhost', 80], // as browsers write it there
])('%s is the lab at port %i', (host, port) => {
  expect(() => assertLoopbackHost(requestTo(host), port)).not.toThrow();
});

it.each([
  ['localhost:8081', 8080],
  ['localhost', 8080],
  ['localhost.example.com', 80],
  ['', 80],
])('"%s" is not the lab at port %i', (host, port) => {
  expect(() => assertLoopbackHost(requestTo(host), port)).toThrow('Host must be one of 127.0.0.1');
});
