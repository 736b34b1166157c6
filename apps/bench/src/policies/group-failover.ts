/** Groups of servers, by priority or zone: failover and fail-back under load, and who gets which share. */
import { setTimeout as sleep } from 'node:timers/promises';
import { percent, type Row, tableOf, type Verdict } from '../report/report.js';
import type { Load, Outcome } from './load.js';
import type { Bench } from './measured.js';
import { failedOf, fleet, open, type Promised, sum, takeRequests } from './promised.js';
import { type Candidate, named } from './situations.js';

/** Groups of servers, of which the first one is stopped under load, and started again. */
interface Groups {
  readonly candidate: Candidate;
  readonly attribute: 'priority' | 'zone';
  readonly groups: readonly { readonly name: number | string; readonly servers: number }[];
  /** The groups' shares by the policy's rule, while all are up and while the first one is down. */
  readonly rule: { readonly up: readonly number[]; readonly down: readonly number[] };
}

const FAILOVERS: readonly Groups[] = [
  {
    candidate: named({ priority_first: {} }),
    attribute: 'priority',
    groups: [0, 1].map((name) => ({ name, servers: 2 })),
    rule: { up: [1, 0], down: [0, 1] },
  },
  {
    candidate: named({ zone_first: { zone: 'a' } }),
    attribute: 'zone',
    groups: [
      { name: 'a', servers: 2 },
      { name: 'b', servers: 6 },
      { name: 'c', servers: 7 },
    ],
    // A zone's part is 5 of 15 servers: a can bear 2/5, and the rest goes to b and c as 1 and 2, which they have above it. Then
    // it is 13/3: they have 5/3 and 8/3 above it.
    rule: { up: [2 / 5, 1 / 5, 2 / 5], down: [0, 5 / 13, 8 / 13] },
  },
];

export async function groupFailover(bench: Bench): Promise<Promised> {
  const { servers, clients, quick } = bench;
  const perSecond = 800;
  const phase: Load = { perSecond, ms: quick ? 300 : 2000 };
  /** In which connections are made or lost. */
  const change: Load = { perSecond, ms: 900 };
  const rows: Row[] = [];
  const verdicts: Verdict[] = [];
  for (const { candidate, attribute, groups, rule } of FAILOVERS) {
    const members = groups.flatMap(({ name, servers }) => Array<number | string>(servers).fill(name));
    const ofGroup = (index: number): number[] =>
      [...members.keys()].filter((server) => members[server] === groups[index]?.name);
    const shares = (had: readonly number[]): number[] =>
      groups.map((_, index) => sum(ofGroup(index).map((server) => had[server] ?? 0)) / sum(had));
    const addresses = await servers.ask('start', fleet(members.length));
    const endpoints = addresses.map((address, server) => ({
      addresses: [address],
      attributes: { [attribute]: members[server] },
    }));
    await open(bench, { policy: candidate.policy, endpoints, methodConfig: [] });
    const outcomes: Outcome[] = [];
    const sharesOfPhase = async (): Promise<number[]> => {
      await takeRequests(bench);
      outcomes.push(...(await clients.ask('load', phase)));
      return shares(await takeRequests(bench));
    };
    const underLoad = async (what: 'stop' | 'restart'): Promise<void> => {
      const load = clients.ask('load', change);
      for (const server of ofGroup(0)) {
        // grpc-js sends an RPC again that a server refuses as it stops, but once: nobody else may stop meanwhile.
        await sleep(change.ms / 6);
        await servers.ask(what, server);
      }
      outcomes.push(...(await load));
    };
    const up = await sharesOfPhase();
    await underLoad('stop');
    const down = await sharesOfPhase();
    await underLoad('restart');
    const again = await sharesOfPhase();
    await clients.ask('close', undefined);
    const lost = failedOf(outcomes);
    const cell = (parts: readonly number[]): string => parts.map(percent).join(' / ');
    rows.push({
      policy: candidate.name,
      groups: groups.map(({ name, servers: count }) => `${name}: ${count}`).join(', '),
      RPCs: String(outcomes.length),
      failed: String(lost),
      'shares while all are up': cell(up),
      'the first group down': cell(down),
      'up again': cell(again),
      'by the rule': `${cell(rule.up)}, then ${cell(rule.down)}`,
    });
    const off = [...up, ...down, ...again].map(
      (share, index) => share - ([...rule.up, ...rule.down, ...rule.up][index] ?? 0),
    );
    const worst = Math.max(...off.map(Math.abs));
    verdicts.push(
      {
        target: `${candidate.name}: no RPC fails when the first group goes and when it is back`,
        measured: `${lost} of ${outcomes.length}`,
        met: lost === 0,
      },
      {
        target: `${candidate.name}: shares within 5 points of the rule`,
        measured: `${(100 * worst).toFixed(1)} points off at most`,
        met: worst <= 0.05,
      },
    );
  }
  return {
    tables: [
      tableOf('The servers of a group are stopped under load, one after another, and started again', rows),
    ],
    verdicts,
  };
}
