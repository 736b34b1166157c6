/** What streams.ts stands on, in the newest and the oldest grpc-js: where a subchannel keeps its connection, and from when on. */
import * as newest from '@grpc/grpc-js';
import { UNARY } from '@petiole/test-kit/backend';
import { startBackend } from '@petiole/test-kit/servers';
import { SimulatedSubchannel } from '@petiole/test-kit/simulated-channel';
import { told } from '@petiole/test-kit/told';
import * as oldest from 'grpc-js-oldest';
import { describe, expect, onTestFinished, test } from 'vitest';
import { hasTransport, roomOn, streamsAllowedOn, waitersOn } from '../../src/grpc-js/streams.js';
import { TellingClients } from '../support/policy-around.js';

type SubchannelInterface = newest.experimental.SubchannelInterface;

describe.each([
  ['the newest', newest],
  ['the oldest', oldest as unknown as typeof newest],
])('%s grpc-js of the range', (_, grpc) => {
  const clients = new TellingClients(grpc);

  /** A client of a server that allows two streams and answers none, and its subchannel. */
  async function connect(onMade: typeof clients.made = () => {}) {
    const subchannels: SubchannelInterface[] = [];
    clients.made = (subchannel) => {
      subchannels.push(subchannel);
      onMade(subchannel);
    };
    const server = await startBackend({
      serverOptions: { 'grpc.max_concurrent_streams': 2 },
      unary: () => {},
    });
    const client = clients.connect(`ipv4:${server.address}`, grpc.credentials.createInsecure());
    await expect.poll(() => subchannels.length).toBe(1);
    return { server, client, subchannel: subchannels[0] as SubchannelInterface };
  }

  const same = (value: Buffer): Buffer => value;
  const ask = (client: newest.Client) =>
    client.makeUnaryRequest(UNARY, same, same, Buffer.from('x'), () => {});

  test('has the server’s limit as soon as there is a connection, and counts the streams, also those that wait', async () => {
    const { server, client, subchannel } = await connect();
    await expect.poll(() => hasTransport(subchannel)).toBe(true);
    expect(streamsAllowedOn(subchannel)).toBe(2);
    expect(roomOn(subchannel, 100, 0)).toBe(2);
    const calls = [1, 2, 3, 4, 5].map(() => ask(client));
    await expect.poll(() => server.calls).toBe(2);
    expect([roomOn(subchannel, 100, 0), waitersOn(subchannel)]).toEqual([-3, 3]);
    expect(roomOn(subchannel, 1, 0)).toBe(-4);
    for (const call of calls) call.cancel();
    await expect.poll(() => roomOn(subchannel, 100, 0)).toBe(2);
    server.crash();
    await expect.poll(() => hasTransport(subchannel)).toBe(false);
    expect([roomOn(subchannel, 100, 7), waitersOn(subchannel)]).toEqual([93, 0]);
  });

  test('has no connection yet while it reports READY, and has it in the next tick', async () => {
    const seen: boolean[] = [];
    await connect((subchannel) => {
      subchannel.addConnectivityStateListener((_subchannel, _from, to) => {
        if (to !== newest.connectivityState.READY) return;
        seen.push(hasTransport(subchannel));
        process.nextTick(() => seen.push(hasTransport(subchannel)));
      });
    });
    await expect.poll(() => seen).toEqual([false, true]);
  });
});

test('where grpc-js keeps no connection that is known, its own RPCs and the limit of the channel count; the log says so once', async () => {
  const lines: string[] = [];
  newest.setLogger({ error: (line: string) => lines.push(line) });
  onTestFinished(() => newest.setLogger(console));
  class Unknown extends SimulatedSubchannel {
    override get transport(): object {
      return {};
    }
  }
  const subchannel = new Unknown('10.0.0.1:1') as unknown as SubchannelInterface;
  expect([roomOn(subchannel, Infinity, 5), roomOn(subchannel, 8, 5)]).toEqual([Infinity, 3]);
  expect([waitersOn(subchannel), streamsAllowedOn(subchannel)]).toEqual([0, Infinity]);
  await told();
  expect(lines).toEqual([expect.stringContaining('how this version of @grpc/grpc-js keeps the streams')]);
});
