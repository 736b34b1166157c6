/** What attempts and connections know of their servers, with the newest and the oldest grpc-js of the range. */
import * as newest from '@grpc/grpc-js';
import { UNARY } from '@petiole/test-kit/backend';
import { startFleet } from '@petiole/test-kit/servers';
import * as oldest from 'grpc-js-oldest';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { backendOf } from '../../src/grpc-js/backends.js';
import { hookGrpcJs } from '../../src/grpc-js/hooks.js';
import { openConnections } from '../../src/grpc-js/subchannels.js';
import { type Backend, watch } from '../../src/grpc-js/watchers.js';

interface Server {
  /** `127.0.0.1:50051` */
  readonly address: string;
  readonly attributes?: Readonly<Record<string, unknown>>;
}

const ROUND_ROBIN = { 'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }) };
const bytes = (value: Buffer): Buffer => value;

function labels(locality: string, service = ''): Backend {
  return { 'grpc.lb.locality': locality, 'grpc.lb.backend_service': service };
}

describe.each([
  ['newest', newest],
  ['oldest', oldest as unknown as typeof newest],
])('%s grpc-js of the range', (_copy, grpc) => {
  beforeAll(() => hookGrpcJs(grpc));

  function ask(client: newest.Client): Promise<unknown> {
    return new Promise((resolve) => client.makeUnaryRequest(UNARY, bytes, bytes, Buffer.from(''), resolve));
  }

  test('O13: attempts and connections have what the resolver said of their server', async () => {
    const fleet = await startFleet(2);
    const attempts = new Set<Backend>();
    const connections: unknown[] = [];
    const { client, target, answer } = await open(grpc);
    onTestFinished(
      watch({
        callStarted: (channel) =>
          channel.getTarget() !== target
            ? undefined
            : {
                attemptStarted: () => ({ ended: (_code, backend) => void attempts.add(backend) }),
                ended: () => {},
              },
        connectionChanged: (of, { kind }, backend) => of === target && connections.push([kind, backend]),
      }),
    );
    const [near, far] = fleet.map(({ address }, i) => ({
      address,
      attributes: { zone: `zone-${i}`, backendService: 'shop' },
    }));
    if (!near || !far) throw new Error('a fleet of two has two');
    const nobody = { address: '127.0.0.1:2', attributes: { zone: 'zone-2' } };
    answer(near, far, nobody);
    await expect
      .poll(async () => {
        await ask(client);
        return attempts;
      })
      .toEqual(new Set([labels('zone-0', 'shop'), labels('zone-1', 'shop')]));
    await expect.poll(() => connections).toContainEqual(['failed', labels('zone-2')]);
    expect(connections).toContainEqual(['opened', labels('zone-1', 'shop')]);

    // A server is what it was also when it is gone from the answer.
    answer(near);
    fleet[1]?.crash();
    await expect.poll(() => connections).toContainEqual(['closed', labels('zone-1', 'shop')]);
  });

  test('a connection keeps the labels that it was made with when its resolver says something else', async () => {
    const [server] = await startFleet(1);
    const { target, answer } = await open(grpc);
    const changes = connectionsOf(target);
    answer({ address: String(server?.address), attributes: { zone: 'before' } });
    await expect.poll(() => changes).toEqual([['opened', labels('before')]]);
    answer({ address: String(server?.address), attributes: { zone: 'after' } });
    expect(backendOf(target, String(server?.address))).toEqual(labels('after'));
    const connections = [...(openConnections().get(target)?.values() ?? [])];
    expect(connections.map(({ backend }) => backend)).toEqual([labels('before')]);
    server?.crash();
    await expect.poll(() => changes).toContainEqual(['closed', labels('before')]);
    expect(changes).not.toContainEqual(['closed', labels('after')]);
  });

  test('O13: a locality has the form of xDS once there is more than a zone', async () => {
    const { target, answer } = await open(grpc);
    const known = (attributes: Server['attributes']): Backend => {
      answer({ address: '127.0.0.1:2', ...(attributes && { attributes }) });
      return backendOf(target, '127.0.0.1:2');
    };
    expect(known({ zone: 'a' })).toEqual(labels('a'));
    expect(known({ zone: 'a', region: 'eu' })).toEqual(labels('{region="eu", zone="a", sub_zone=""}'));
    expect(known({ subZone: 'x"y' })).toEqual(labels('{region="", zone="", sub_zone="x\\"y"}'));
    expect(known({ backendService: 'shop' })).toEqual(labels('', 'shop'));
    expect(known({ zone: 7, backendService: null })).toEqual(labels(''));
    expect(known({ zone: 'z'.repeat(1000) })).toEqual(labels('z'.repeat(256)));
    expect(known(undefined)).toEqual(labels(''));
  });

  test('addresses that are gone are kept, as many as there are and a hundred', async () => {
    const { target, answer } = await open(grpc);
    const servers = (from: number, count: number): Server[] =>
      Array.from({ length: count }, (_, i) => ({
        address: `127.0.0.1:${from + i}`,
        attributes: { zone: 'a' },
      }));
    const isKnown = (port: number): boolean =>
      backendOf(target, `127.0.0.1:${port}`) === backendOf(target, first);
    const first = '127.0.0.1:1000';
    answer(...servers(1000, 1));
    answer(...servers(2000, 50));
    expect(isKnown(2000)).toBe(true);
    expect(backendOf(target, first)).toEqual(labels('a'));
    answer(...servers(3000, 50));
    answer(...servers(4000, 50));
    answer(...servers(5000, 50));
    expect(backendOf(target, first)).toEqual(labels(''));
    expect(backendOf(target, '127.0.0.1:2000')).toEqual(labels('a'));
    answer(...servers(6000, 50));
    expect(backendOf(target, '127.0.0.1:2000')).toEqual(labels(''));
  });
});

test('servers of a thousand targets are known, those of the newest answers, and connections keep their labels', async () => {
  const [server] = await startFleet(1);
  const address = String(server?.address);
  const answered = async (zone: string): Promise<Opened> => {
    const opened = await open(newest);
    opened.answer({ address: '127.0.0.1:2', attributes: { zone } });
    return opened;
  };
  const renewed = await answered('renewed');
  const oldest = await open(newest);
  const changes = connectionsOf(oldest.target);
  oldest.answer({ address, attributes: { zone: 'oldest' } });
  await expect.poll(() => changes).toEqual([['opened', labels('oldest')]]);
  for (let i = 0; i < 998; i++) (await answered('a')).client.close();
  renewed.answer({ address: '127.0.0.1:2', attributes: { zone: 'renewed' } });
  expect(backendOf(oldest.target, address)).toEqual(labels('oldest'));

  const last = await answered('last');
  expect(backendOf(oldest.target, address)).toEqual(labels(''));
  expect(backendOf(renewed.target, '127.0.0.1:2')).toEqual(labels('renewed'));
  expect(backendOf(last.target, '127.0.0.1:2')).toEqual(labels('last'));
  server?.crash();
  await expect.poll(() => changes).toContainEqual(['closed', labels('oldest')]);
});

test('a thousand combinations of values are labels as they are, and further ones are other', async () => {
  const { target, answer } = await open(newest);
  const answered = (zone: string): Backend => {
    answer({ address: '127.0.0.1:2', attributes: { zone } });
    return backendOf(target, '127.0.0.1:2');
  };
  const values = Array.from({ length: 1100 }, (_, i) => answered(`zone-${i}`)['grpc.lb.locality']);
  expect(values.at(500)).toBe('zone-500');
  expect(new Set(values).size).toBeLessThanOrEqual(1001);
  expect(values.at(-1)).toBe('other');
  expect(answered('zone-500')).toEqual(labels('zone-500'));
});

/** What becomes of a target's connections until the test ends, with their labels. */
function connectionsOf(target: string): (readonly [string, Backend])[] {
  const changes: (readonly [string, Backend])[] = [];
  onTestFinished(
    watch({
      connectionChanged: (of, { kind }, backend) => {
        if (of === target) changes.push([kind, backend]);
      },
    }),
  );
  return changes;
}

let targets = 0;

interface Opened {
  readonly client: newest.Client;
  readonly target: string;
  answer(...servers: readonly Server[]): void;
}

/** A resolver's answers, which the returned function gives; the client has asked for the first one. */
async function open(grpc: typeof newest): Promise<Opened> {
  targets += 1;
  const scheme = `answered-${targets}`;
  const asked = new Promise<(endpoints: newest.experimental.Endpoint[]) => void>((resolve) => {
    grpc.experimental.registerResolver(
      scheme,
      class {
        static getDefaultAuthority = (): string => 'localhost';
        readonly #listener: newest.experimental.ResolverListener;
        constructor(_target: unknown, listener: newest.experimental.ResolverListener) {
          this.#listener = listener;
        }
        updateResolution(): void {
          resolve((endpoints) =>
            this.#listener(grpc.experimental.statusOrFromValue(endpoints), {}, null, ''),
          );
        }
        destroy(): void {}
      },
    );
  });
  const target = `${scheme}:servers`;
  const options = { ...ROUND_ROBIN, 'grpc.enable_http_proxy': 0 };
  const client = new grpc.Client(target, grpc.credentials.createInsecure(), options);
  onTestFinished(() => client.close());
  client.getChannel().getConnectivityState(true);
  const give = await asked;
  return { client, target, answer: (...servers) => give(servers.map(endpoint)) };
}

function endpoint({ address, attributes }: Server): newest.experimental.Endpoint {
  const [host = '', port] = address.split(':');
  return Object.assign(
    { addresses: [{ host, port: Number(port) }] },
    attributes && { [Symbol.for('petiole.endpoint.attributes')]: attributes },
  );
}
