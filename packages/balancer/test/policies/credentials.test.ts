/**
 * The policies over TLS and with call credentials: every endpoint is verified
 * by the name of the channel, and every RPC carries its token.
 */

import {
  CallCredentials,
  type ChannelCredentials,
  type LoadBalancingConfig,
  Metadata,
  status,
} from '@grpc/grpc-js';
import type { Backend } from '@petiole/test-kit/backend';
import { issue, type KeyPair, serving, trusting } from '@petiole/test-kit/certificates';
import { startBackend } from '@petiole/test-kit/servers';
import { beforeAll, describe, expect, test } from 'vitest';
import { customRoundRobin, leastRequest } from '../../src/index.js';
import { EventLog } from '../support/event-log.js';
import { openChannel } from '../support/fleet.js';

customRoundRobin.register();
leastRequest.register();

let authority: KeyPair;
let trusted: ChannelCredentials;
/** For `localhost`, the name of test channels. */
let pair: KeyPair;
/** The same name, vouched for by nobody. */
let stranger: KeyPair;

beforeAll(async () => {
  authority = await issue(['Petiole test CA']);
  trusted = trusting(authority);
  [pair, stranger] = await Promise.all([issue(['localhost'], authority), issue(['localhost'])]);
});

/** A TLS server that answers with the token that it was sent. */
async function startSecure(pair: KeyPair, tokens: string[] = []): Promise<Backend> {
  return startBackend({
    credentials: serving(pair),
    unary: (call, callback) => {
      tokens.push(String(call.metadata.get('authorization')[0] ?? 'none'));
      callback(null, call.request);
    },
  });
}

const startThree = (tokens?: string[]) => Promise.all([1, 2, 3].map(() => startSecure(pair, tokens)));
const endpoints = (backends: readonly Backend[]) => backends.map((backend) => backend.endpoint());

/** Counts its tokens: `token 1`, `token 2`, …, each after a turn of the event loop. */
function tokenCredentials(): CallCredentials {
  let issued = 0;
  return CallCredentials.createFromMetadataGenerator((_, callback) => {
    const metadata = new Metadata();
    metadata.set('authorization', `token ${++issued}`);
    setImmediate(() => callback(null, metadata));
  });
}

const inTurn = (backends: readonly Backend[], repeat: number) =>
  backends.flatMap((backend) => Array<string | undefined>(repeat).fill(backend.peer));

describe('TLS', () => {
  test('custom_round_robin keeps its exact rotation', async () => {
    const backends = await startThree();
    const channel = openChannel({
      endpoints: endpoints(backends),
      policy: customRoundRobin(),
      credentials: trusted,
    });
    expect(await channel.peers(9)).toEqual(inTurn(backends, 3));
  });

  test('least_request reaches every endpoint', async () => {
    const backends = await startThree();
    const channel = openChannel({
      endpoints: endpoints(backends),
      policy: leastRequest(),
      credentials: trusted,
    });
    await channel.untilServedBy(backends.map(({ peer }) => peer));
  });

  test.each<[string, LoadBalancingConfig]>([
    ['custom_round_robin', customRoundRobin({ readyTimeout: '0s' })],
    ['least_request', leastRequest()],
  ])(
    '%s sends nothing to an endpoint whose certificate nobody vouches for, and says why',
    async (_, policy) => {
      const tokens: string[] = [];
      const [good, bad] = await Promise.all([startSecure(pair), startSecure(stranger, tokens)]);
      const log = EventLog.start();
      const channel = openChannel({ endpoints: endpoints([bad, good]), policy, credentials: trusted });
      channel.client.getChannel().getConnectivityState(true);
      await log.untilEntered([bad.peer], 'TRANSIENT_FAILURE');
      await log.untilEntered([good.peer], 'READY');
      expect(new Set(await channel.peers(6))).toEqual(new Set([good.peer]));
      expect(tokens).toEqual([]);
      const failure = log.events.find(
        ({ endpoint, to }) => endpoint === bad.peer && to === 'TRANSIENT_FAILURE',
      );
      expect(failure?.reason).toMatch(/self-signed certificate/);
    },
  );
});

describe('call credentials', () => {
  test('of the channel: each RPC has a fresh token, and the rotation is exact', async () => {
    const tokens: string[] = [];
    const backends = await startThree(tokens);
    const channel = openChannel({
      endpoints: endpoints(backends),
      policy: customRoundRobin({ repeatCount: 1 }),
      credentials: trusted.compose(tokenCredentials()),
    });
    expect(await channel.peers(6)).toEqual([...inTurn(backends, 1), ...inTurn(backends, 1)]);
    expect(tokens).toEqual([1, 2, 3, 4, 5, 6].map((n) => `token ${n}`));
  });

  test('of one call: that RPC alone has a token', async () => {
    const tokens: string[] = [];
    const backends = await startThree(tokens);
    const channel = openChannel({
      endpoints: endpoints(backends),
      policy: customRoundRobin({ repeatCount: 1 }),
      credentials: trusted,
    });
    await channel.unary();
    await channel.unary({ credentials: tokenCredentials() });
    await channel.unary();
    expect(tokens).toEqual(['none', 'token 1', 'none']);
  });

  test('an RPC whose token cannot be had fails, and leaves the endpoints in service', async () => {
    const tokens: string[] = [];
    const backends = (await startThree(tokens)).slice(0, 2);
    const channel = openChannel({
      endpoints: endpoints(backends),
      policy: leastRequest(),
      credentials: trusted,
    });
    const peers = backends.map(({ peer }) => peer);
    await channel.untilServedBy(peers);
    const refuse = CallCredentials.createFromMetadataGenerator((_, callback) =>
      setImmediate(() => callback(new Error('no token today'))),
    );
    const failed = await Promise.allSettled(
      Array.from({ length: 40 }, () => channel.unary({ credentials: refuse })),
    );
    for (const { status: outcome, reason } of failed as PromiseRejectedResult[]) {
      expect(outcome).toBe('rejected');
      expect(reason).toMatchObject({ code: status.UNKNOWN });
      expect(reason.details).toContain('no token today');
    }
    await channel.untilServedBy(peers);
  });
});
