/**
 * Whoever hears of an event may act in it: with random acts in every event of the three diagnostics channels, nothing is thrown,
 * and once the clients are closed nothing of them is left. `ACTING_SEEDS=1000` runs all seeds, `ACTING_FIRST=17` begins there.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setTimeout as sleep } from 'node:timers/promises';
import { experimental } from '@grpc/grpc-js';
import { customRoundRobin, leastRequest } from '@petiole/balancer';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Scenario } from './acting/scenario.js';
import { Servers } from './acting/servers.js';

const SEEDS = Number(process.env.ACTING_SEEDS ?? 100);
const FIRST = Number(process.env.ACTING_FIRST ?? 1);
/** Scenarios at a time: they share the servers and the wait at the end. */
const BATCH = 50;
/** After so long, nothing may be left of a closed client. */
const LEFT_AFTER_MS = 2000;
const CHANNELS = ['petiole.endpoint.state', 'petiole.health.status', 'petiole.resolver.update'];

customRoundRobin.register();
leastRequest.register();

let servers: Servers;
/** Every pick_first child that lives: a policy that was not destroyed has them. */
const leaves: Set<experimental.LeafLoadBalancer> = new Set();
const scenarios: Map<string, Scenario> = new Map();
const thrown: string[] = [];

const hear = (message: unknown, name: string | symbol): void => {
  const event = message as { target: string; endpoint?: string; to?: string; reason: string };
  const scenario = scenarios.get(event.target);
  try {
    scenario?.hear(`${String(name)} ${event.endpoint ?? ''} ${event.to ?? ''} ${event.reason}`);
  } catch (error) {
    thrown.push(`seed ${scenario?.seed}, in an act: ${(error as Error).stack}`);
  }
};
const uncaught = (error: Error): void => void thrown.push(`out of a frame: ${error.stack}`);

beforeAll(async () => {
  servers = await Servers.start(3);
  const { startConnecting, destroy } = experimental.LeafLoadBalancer.prototype;
  vi.spyOn(experimental.LeafLoadBalancer.prototype, 'startConnecting').mockImplementation(function (
    this: experimental.LeafLoadBalancer,
  ) {
    leaves.add(this);
    startConnecting.call(this);
  });
  vi.spyOn(experimental.LeafLoadBalancer.prototype, 'destroy').mockImplementation(function (
    this: experimental.LeafLoadBalancer,
  ) {
    leaves.delete(this);
    destroy.call(this);
  });
  for (const name of CHANNELS) subscribe(name, hear);
  process.on('uncaughtException', uncaught);
});
afterAll(() => {
  process.off('uncaughtException', uncaught);
  for (const name of CHANNELS) unsubscribe(name, hear);
  vi.restoreAllMocks();
  servers.stop();
});

const seeds = Array.from({ length: SEEDS }, (_, i) => FIRST + i);
const batches = Array.from({ length: Math.ceil(SEEDS / BATCH) }, (_, i) =>
  seeds.slice(i * BATCH, (i + 1) * BATCH),
);

test.each(batches.map((batch) => [batch[0], batch.at(-1), batch] as const))(
  'random acts in every event leave nothing behind and throw nothing: seeds %i to %i',
  async (_first, _last, batch) => {
    const running = batch.map((seed) => new Scenario(seed, servers));
    for (const scenario of running) scenarios.set(scenario.target, scenario);
    await Promise.all(running.map((scenario) => scenario.run()));
    await sleep(LEFT_AFTER_MS);
    servers.dropSilent();
    const wrong = running.flatMap((scenario) => {
      const { connections, watches } = servers.held(scenario.host);
      const revived = scenario.closedStates().filter((state) => state !== 'SHUTDOWN');
      if (connections + watches + revived.length === 0) return [];
      return `seed ${scenario.seed}: ${connections} connections, ${watches} Watches, closed channels ${revived}; ${scenario.journal.join('\n  ')}`;
    });
    expect({ thrown, wrong, livingChildren: leaves.size }).toEqual({
      thrown: [],
      wrong: [],
      livingChildren: 0,
    });
    expect(running.every(({ journal }) => journal.length > 0)).toBe(true);
  },
);
