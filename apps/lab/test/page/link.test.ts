/** A setup of the lab as a link, and what a stranger's link may do. */
import { expect, it } from 'vitest';
import { actionsFor, decode, encode, type Setup } from '../../src/page/link/setup.js';
import type { Bounds, ServerState } from '../../src/protocol.js';

const bounds: Bounds = {
  delayMs: { min: 0, max: 5_000 },
  errorRate: { min: 0, max: 1 },
  streamLimit: { min: 1, max: 100 },
  rate: { min: 0, max: 1_000 },
  concurrency: { min: 1, max: 100 },
  servers: { min: 1, max: 20 },
};

const server = {
  isStopped: false,
  healthy: true,
  dualStack: false,
  delayMs: 200,
  errorRate: 0.1,
  streamLimit: null,
} as const;

const setup: Setup = {
  serviceConfig: '{ "loadBalancingConfig": [{ "peak_ewma": {} }], "note": "ä → 漢" }',
  load: { rate: 100, concurrency: 20, kind: 'unary' },
  servers: [server, { ...server, streamLimit: 3 }],
};

it('what is encoded is decoded, in characters that a link may have', () => {
  const text = encode(setup);
  expect(text).toMatch(/^[\w-]+$/);
  expect(decode(text, bounds)).toEqual(setup);
});

it.each<[string, object]>([
  ['too many servers', { servers: Array.from({ length: 21 }, () => server) }],
  ['no servers', { servers: [] }],
  ['a delay that is no number', { servers: [{ ...server, delayMs: '200' }] }],
  ['a delay beyond the bounds', { servers: [{ ...server, delayMs: 5_001 }] }],
  ['an error rate below 0', { servers: [{ ...server, errorRate: -1 }] }],
  ['a stream limit of 0', { servers: [{ ...server, streamLimit: 0 }] }],
  ['a server that is null', { servers: [null] }],
  ['a rate beyond the bounds', { load: { ...setup.load, rate: 1e9 } }],
  ['another kind of RPCs', { load: { ...setup.load, kind: 'floods' } }],
  ['a service config that is no text', { serviceConfig: {} }],
])('a link with %s is not read', (_, wrong) => {
  expect(decode(encode({ ...setup, ...wrong } as Setup), bounds)).toBeUndefined();
});

it('what is no base64, no JSON, or too long is not read', () => {
  for (const text of ['%', 'bm90', '', encode({ ...setup, serviceConfig: ' '.repeat(20_000) })])
    expect(decode(text, bounds)).toBeUndefined();
});

it('only what differs is set, and settings come before a start or a stop', () => {
  const state: ServerState = {
    id: 7,
    addresses: [],
    phase: 'stopped',
    healthy: true,
    dualStack: false,
    delayMs: 200,
    errorRate: 0,
  };
  expect(actionsFor(state, server)).toEqual([
    { do: 'set-server', server: 7, errorRate: 0.1 },
    { do: 'start', server: 7 },
  ]);
  expect(actionsFor({ ...state, phase: 'serving', errorRate: 0.1 }, server)).toEqual([]);
  expect(actionsFor({ ...state, streamLimit: 3, errorRate: 0.1 }, { ...server, isStopped: true })).toEqual([
    { do: 'set-server', server: 7, streamLimit: null },
  ]);
});
