/** What may be wrong with an API server, and what that costs. */
import { EventEmitter, once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { issue } from '@petiole/test-kit/certificates';
import { startPeer } from '@petiole/test-kit/servers';
import { expect, it, vi } from 'vitest';
import { watchTarget } from '../../src/watching/watch-target.js';
import { Follower } from '../support/follower.js';
import { type Answer, events, list, of, say, serve, watch } from '../support/scripted-api.js';
import type { PodWorld } from '../support/world.js';

const follow = ({ surroundings }: PodWorld, target = 'echo:grpc'): Follower =>
  new Follower(target, surroundings);

it('a slice that nobody can read costs that slice, and is named', async () => {
  const bad = { ...of('bad', '10.0.0.2'), addressType: 'FQDN' };
  const { world } = await serve({
    list: [list(of('good', '10.0.0.1'), bad)],
    watch: [
      watch(
        { type: 'MODIFIED', object: { ...of('good', '10.0.0.3'), ports: 7 } },
        { type: 'ADDED', object: of('new', '10.0.0.4') },
      ),
    ],
  });
  const follower = follow(world);
  await follower.says('EndpointSlice "bad": addressType must be "IPv4" or "IPv6", got "FQDN"');
  await follower.has('10.0.0.4');
  await follower.says('EndpointSlice "good": ports must be an array, got 7');
});

it('endpoints come in the order of the names of their slices, in whatever order these come', async () => {
  const { world } = await serve({
    list: [list(of('b', '10.0.0.2'))],
    watch: [
      watch({ type: 'ADDED', object: of('c', '10.0.0.3') }, { type: 'ADDED', object: of('a', '10.0.0.1') }),
    ],
  });
  const follower = follow(world);
  await follower.has('10.0.0.1', '10.0.0.2', '10.0.0.3');
  expect(follower.names).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.3']);
});

it('a watch goes on from the version of the last event or bookmark', async () => {
  const bookmark = { type: 'BOOKMARK', object: { metadata: { resourceVersion: '12' } } };
  const { world, asked } = await serve({
    list: [list()],
    watch: [
      (response) =>
        void response.writeHead(200).end(events({ type: 'ADDED', object: of('a', '10.0.0.1', '9') })),
      (response) => void response.writeHead(200).end(events(bookmark)),
      watch({ type: 'ADDED', object: of('b', '10.0.0.2', '13') }),
    ],
  });
  await follow(world).has('10.0.0.1', '10.0.0.2');
  expect(asked).toEqual(['list', 'watch from 7', 'watch from 9', 'watch from 12']);
});

it('a watch that is silent for too long is begun anew, from where it was', async () => {
  const { world, asked } = await serve({
    list: [list(of('a', '10.0.0.1'))],
    watch: [watch(), watch({ type: 'ADDED', object: of('b', '10.0.0.2') })],
  });
  await new Follower('echo:grpc', world.surroundings, { longestSilence: 50 }).has('10.0.0.1', '10.0.0.2');
  expect(asked.slice(0, 3)).toEqual(['list', 'watch from 7', 'watch from 7']);
});

it.each<[string, Answer, string]>([
  ['hangs up', (response) => void response.destroy(), 'cannot be reached: '],
  ['has too much to do', say(429, { message: 'slow down' }), 'says 429: slow down'],
  ['begins', say(503, { message: 'not yet' }), 'says 503: not yet'],
  [
    'ends a watch for no fault of its own',
    watch({ type: 'ERROR', object: { code: 500, message: 'etcd is down' } }),
    'ends the watch: "etcd is down"',
  ],
])(
  'while the API server %s, the endpoints stay, and watches go on from the same version',
  async (_, bad, message) => {
    const { world, asked } = await serve({
      list: [list(of('a', '10.0.0.1'))],
      watch: [bad, bad, watch({ type: 'ADDED', object: of('b', '10.0.0.2') })],
    });
    const follower = follow(world);
    await follower.has('10.0.0.1', '10.0.0.2');
    expect(asked).toEqual(['list', 'watch from 7', 'watch from 7', 'watch from 7']);
    const failures = follower.told.filter((one) => 'failure' in one);
    expect(failures).toMatchObject(Array(2).fill({ failure: expect.stringContaining(message) }));
    // The first update after a failure says that the endpoints of before count again.
    expect(follower.told.slice(-3)).toMatchObject([
      failures[1],
      { endpoints: [{}], note: '' },
      { endpoints: [{}, {}] },
    ]);
  },
);

it.each<[string, Answer]>([
  ['401', say(401, {})],
  ['403', say(403, {})],
  ['404', say(404, {})],
  ['what is no JSON', (response) => void response.writeHead(200).write('<html>\n')],
])('after a watch that was answered with %s, all slices are listed again', async (_, bad) => {
  const { world, asked } = await serve({
    list: [list(of('a', '10.0.0.1')), list(of('a', '10.0.0.2'))],
    watch: [bad, watch()],
  });
  await follow(world).has('10.0.0.2');
  expect(asked.slice(0, 3)).toEqual(['list', 'watch from 7', 'list']);
});

it('while watches fail for too long, all slices are listed', async () => {
  const { world } = await serve({
    list: [list(of('a', '10.0.0.1')), list(of('a', '10.0.0.2'))],
    watch: [say(503, {})],
  });
  await new Follower('echo:grpc', world.surroundings, { longestOutage: 0 }).has('10.0.0.2');
});

it('a watch that was no longer wanted goes on from nowhere: all slices are listed', async () => {
  const { world, asked } = await serve({ list: [list(of('a', '10.0.0.1'))] });
  const target = { authority: '', path: 'echo:grpc' };
  for (const lists of [1, 2]) {
    const controller = new AbortController();
    const update = (): void => controller.abort();
    await watchTarget({ target, signal: controller.signal, update }, world.surroundings).catch(() => {});
    expect(asked.filter((purpose) => purpose === 'list').length).toBe(lists);
  }
});

it.each<[string, Answer]>([
  ['with HTTP status 410', say(410, { kind: 'Status', message: 'too old' })],
  ['with an event', watch({ type: 'ERROR', object: { kind: 'Status', code: 410, message: 'too old' } })],
])('a version that is forgotten is no failure: all slices are listed again (%s)', async (_, gone) => {
  const { world, asked } = await serve({
    list: [list(of('a', '10.0.0.1'), of('b', '10.0.0.2')), list(of('b', '10.0.0.3'))],
    watch: [gone, watch()],
  });
  const follower = follow(world);
  await follower.has('10.0.0.3');
  expect(follower.told.filter((one) => 'failure' in one)).toEqual([]);
  expect(asked.slice(0, 3)).toEqual(['list', 'watch from 7', 'list']);
});

it.each<[string, Answer, string]>([
  [
    'an error in the watch',
    watch({ type: 'ERROR', object: { code: 500, message: 'etcd is down' } }),
    'the API server ends the watch: "etcd is down"',
  ],
  [
    'what is no JSON',
    (response) => void response.writeHead(200).write('<html>\n'),
    'the API server sent what is no JSON',
  ],
  [
    'an event without an object',
    watch({ type: 'ADDED' }),
    'an event of a watch must have an object, got undefined',
  ],
  [
    'an event without a version',
    watch({ type: 'ADDED', object: {} }),
    'an event of a watch must have metadata.resourceVersion, got undefined',
  ],
  [
    'a slice without a name',
    watch({ type: 'ADDED', object: { metadata: { resourceVersion: '1' } } }),
    'an EndpointSlice must have metadata.name, got undefined',
  ],
  [
    'a line without an end',
    (response) => void response.writeHead(200).write('x'.repeat(5 * 2 ** 20)),
    'a line is longer than 4194304 bytes',
  ],
  ['a status that nobody expects', say(503, { message: 'try\nagain' }), 'says 503: try again'],
  [
    'a page of a proxy',
    (response) => void response.writeHead(502).end('<h1>Bad gateway</h1>'),
    'says 502: "<h1>Bad gateway</h1>"',
  ],
  [
    'bytes that are compressed',
    (response) => void response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(gzipSync('{}')),
    'compresses its answers ("gzip"), which nobody asked for',
  ],
])('%s is a failure with a sentence; the endpoints stay, and it is asked again', async (_, bad, message) => {
  const { world } = await serve({
    list: [list(of('a', '10.0.0.1'))],
    watch: [bad, watch({ type: 'ADDED', object: of('b', '10.0.0.2') })],
  });
  const follower = follow(world);
  await follower.says(message);
  await follower.has('10.0.0.1', '10.0.0.2');
});

it.each<[string, Answer, string]>([
  [
    'an error',
    watch(
      { type: 'ADDED', object: of('b', '10.0.0.2') },
      { type: 'ADDED', object: of('c', '10.0.0.3') },
      { type: 'ERROR', object: { code: 500, message: 'etcd is down' } },
    ),
    'etcd is down',
  ],
  [
    'what is no JSON',
    (response) =>
      void response
        .writeHead(200)
        .write(
          `${events({ type: 'ADDED', object: of('b', '10.0.0.2') }, { type: 'ADDED', object: of('c', '10.0.0.3') })}<html>\n`,
        ),
    'no JSON',
  ],
])('what comes in one piece with %s, before it, is told before the failure', async (_, bad, message) => {
  const { world } = await serve({ list: [list(of('a', '10.0.0.1')), list()], watch: [bad, watch()] });
  const follower = follow(world);
  await follower.says(message);
  const failed = follower.told.findIndex((one) => 'failure' in one);
  expect(follower.told[failed - 1]).toMatchObject({ endpoints: [{}, {}, {}] });
});

it.each<[string, Answer, string]>([
  ['is none', say(200, { kind: 'Status' }), 'must answer with a list of EndpointSlices'],
  [
    'never ends',
    (response) => void response.writeHead(200).write('['.repeat(65 * 2 ** 20)),
    'an answer of the API server is longer than 67108864 bytes',
  ],
  [
    'has more slices than any Service',
    list(...Array.from({ length: 1001 }, (_, index) => of(`s-${index}`, '10.0.0.1'))),
    'has more than 1000 EndpointSlices',
  ],
  [
    'is that of an old API server',
    say(404, { message: 'the server could not find the requested resource' }),
    'says 404: the server could not find the requested resource: EndpointSlices of discovery.k8s.io/v1 are there from Kubernetes 1.21 on',
  ],
])('a list that %s is a failure with a sentence, and asked for again', async (_, bad, message) => {
  const { world } = await serve({ list: [bad, list(of('a', '10.0.0.1'))] });
  const follower = follow(world);
  await follower.says(message);
  await follower.has('10.0.0.1');
});

it('a list whose every page names another one is given up, and asked for again', async () => {
  const page = say(200, { metadata: { resourceVersion: '7', continue: 'more' }, items: [] });
  const { world, asked } = await serve({ list: [...Array(100).fill(page), list(of('a', '10.0.0.1'))] });
  const follower = follow(world);
  await follower.says('gives a list of EndpointSlices in more than 100 pages');
  await follower.has('10.0.0.1');
  expect(asked.filter((purpose) => purpose === 'list').length).toBe(2);
});

it('an API server whose certificate our CA has not signed is refused, and the CA is read anew', async () => {
  const { world } = await serve({ list: [list(of('a', '10.0.0.1'))] });
  const other = await issue(['Petiole']);
  world.write('ca.crt', other.cert);
  const follower = follow(world);
  await follower.says(
    'has a certificate that the CA of the service account of this pod has not signed (CERT_SIGNATURE_FAILURE)',
  );
  world.write('ca.crt', world.gateway.ca.cert);
  await follower.has('10.0.0.1');
});

it('a client certificate is shown', async () => {
  const subjects: unknown[] = [];
  const { world } = await serve({
    list: [
      (response, request) => {
        const { socket } = request as { socket: unknown } as { socket: import('node:tls').TLSSocket };
        subjects.push(socket.getPeerCertificate().subject.CN);
        list(of('a', '10.0.0.1'))(response, request);
      },
    ],
  });
  const { cert, key } = await issue(['ann'], world.gateway.ca);
  const path = `${world.folder}/kubeconfig`;
  writeFileSync(
    path,
    JSON.stringify({
      'current-context': 'c',
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'ann' } }],
      clusters: [{ name: 'c', cluster: { server: world.gateway.url, 'certificate-authority': 'ca.crt' } }],
      users: [{ name: 'ann', user: { 'client-certificate-data': btoa(cert), 'client-key-data': btoa(key) } }],
    }),
  );
  await new Follower('echo:grpc', { env: { KUBECONFIG: path }, serviceAccount: '/nowhere' }).has('10.0.0.1');
  expect(subjects).toEqual(['ann']);
});

it('an API server that is away is unreachable, and so is one that hangs up', async () => {
  const hangingUp = await startPeer('FIN');
  const { world } = await serve({ list: [list()] });
  const at = (port: number): Follower =>
    new Follower('echo:grpc', {
      ...world.surroundings,
      env: { ...world.surroundings.env, KUBERNETES_SERVICE_PORT: String(port) },
    });
  const { port } = hangingUp.address;
  await at(port).says(`the API server 127.0.0.1:${port} cannot be reached: `);
  await at(1).says('the API server 127.0.0.1:1 cannot be reached: connect ECONNREFUSED 127.0.0.1:1');
});

it('a watch that is no longer wanted ends its request', async () => {
  const api = new EventEmitter();
  const end = once(api, 'end');
  const { world } = await serve({
    list: [list(of('a', '10.0.0.1'))],
    watch: [
      (response, request) => {
        response.on('close', () => api.emit('end'));
        watch({ type: 'ADDED', object: of('b', '10.0.0.2') })(response, request);
      },
    ],
  });
  const follower = follow(world);
  await follower.has('10.0.0.1', '10.0.0.2');
  follower.stop();
  await end;
});

it('nothing is told once a watch is no longer wanted, not even what was due', async () => {
  const { world } = await serve({
    list: [list(of('a', '10.0.0.1'))],
    watch: [
      (response) => void response.writeHead(200).end(events({ type: 'ADDED', object: of('b', '10.0.0.2') })),
    ],
  });
  const controller = new AbortController();
  const { signal } = controller;
  const update = vi.fn(() => expect(signal.aborted).toBe(false));
  const trace = (text: () => string): void => {
    if (text().startsWith('the watch ended')) controller.abort();
  };
  await watchTarget(
    { target: { authority: '', path: 'echo:grpc' }, signal, update, trace },
    world.surroundings,
  );
  expect(update).toHaveBeenCalled();
});
