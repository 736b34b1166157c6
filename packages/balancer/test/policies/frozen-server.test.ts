/**
 * A server that is frozen (SIGSTOP), not dead: its connection stays, its RPCs
 * get no answer. `least_request` routes around it, `custom_round_robin` cannot
 * know; both are measured at once, on the same servers under the same load.
 */

import { status as Status } from '@grpc/grpc-js';
import { node, start } from '@petiole/test-kit/processes/program';
import type { Outcome } from '@petiole/test-kit/rpc';
import { startFleet } from '@petiole/test-kit/servers';
import { expect, test } from 'vitest';
import { customRoundRobin, leastRequest } from '../../src/index.js';
import { openChannel } from '../support/fleet.js';
import { attempt } from '../support/load.js';
import type { TestChannel } from '../support/test-channel.js';

customRoundRobin.register();
leastRequest.register();

/** Eight RPCs at once, twenty times: as many for each policy, however slow the machine is. */
const BURST = 8;
const BURSTS = 20;
const DEADLINE_MS = 2000;

/** Sends the same load through each channel at the same moments; answers with the outcomes by channel. */
async function sendBursts(channels: readonly TestChannel[]): Promise<Outcome[][]> {
  const loads = channels.map((channel) => ({ channel, ended: 0, outcomes: [] as Promise<Outcome>[] }));
  await new Promise<void>((resolve) => {
    let sent = 0;
    const timer = setInterval(() => {
      // Not before most of the last burst is answered. The first channel's RPCs may all wait for the frozen server.
      const last = loads.at(-1);
      if (last && last.outcomes.length - last.ended > BURST) return;
      for (const load of loads) {
        for (let n = 0; n < BURST; n++) {
          const outcome = attempt(load.channel, { deadlineMs: DEADLINE_MS });
          void outcome.then(() => load.ended++);
          load.outcomes.push(outcome);
        }
      }
      if (++sent < BURSTS) return;
      clearInterval(timer);
      resolve();
    }, 20);
  });
  return Promise.all(loads.map(({ outcomes }) => Promise.all(outcomes)));
}

test.skipIf(process.platform === 'win32')(
  'a frozen server costs custom_round_robin its share of the RPCs, and least_request a small part of that',
  async () => {
    const frozen = start(node('test/policies/backend-process.ts'));
    const port = Number(await frozen.out.after('port'));
    const others = await startFleet(3);
    const peer = `127.0.0.1:${port}`;
    const peers = [peer, ...others.map((backend) => backend.peer)];
    const endpoints = [
      { addresses: [{ host: '127.0.0.1', port }] },
      ...others.map((backend) => backend.endpoint()),
    ];
    const channels = [customRoundRobin({ repeatCount: 1 }), leastRequest({ choiceCount: 2 })].map((policy) =>
      openChannel({ endpoints, policy }),
    );
    await Promise.all(channels.map((channel) => channel.untilServedBy(peers)));
    const healthy = await sendBursts(channels);
    expect(healthy.flat().filter(({ error }) => error)).toEqual([]);

    frozen.kill('SIGSTOP');
    const [ofRoundRobin, ofLeast] = (await sendBursts(channels)).map((outcomes) =>
      outcomes.filter(({ error }) => error),
    ) as [Outcome[], Outcome[]];
    console.log(
      `frozen server: of ${BURST * BURSTS} RPCs failed ${ofRoundRobin.length} with custom_round_robin, ` +
        `${ofLeast.length} with least_request`,
    );
    for (const failure of [...ofRoundRobin, ...ofLeast]) {
      expect(failure.peer).toBe(peer);
      expect(failure.error?.code).toBe(Status.DEADLINE_EXCEEDED);
    }
    expect(ofRoundRobin.length).toBe((BURST * BURSTS) / peers.length);
    expect(ofLeast.length).toBeLessThan(ofRoundRobin.length / 3);

    frozen.kill('SIGCONT');
    await Promise.all(channels.map((channel) => channel.untilServedBy(peers)));
  },
);
