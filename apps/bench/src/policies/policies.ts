/** What becomes of RPCs under each policy when a server is slow, ill, new or large: latency, failures and shares, on real sockets. */
import { figure, percent, type Report, type Row, tableOf, type Verdict } from '../report/report.js';
import { type Measured, measureSituation, withBench } from './measured.js';
import { promises } from './promises.js';
import {
  CUSTOM,
  DEADLINE_MS,
  LEAST_REQUEST,
  PEAK_EWMA,
  ROUND_ROBIN,
  SITUATIONS,
  type Situation,
  type SituationName,
  WEIGHTED,
} from './situations.js';

export interface Panel {
  readonly situation: Situation;
  readonly measured: readonly Measured[];
}

export interface PoliciesReport extends Report {
  readonly panels: readonly Panel[];
}

type Find = (situation: SituationName, policy: { readonly name: string }) => Measured;

const odd = ({ shares }: Measured): number => shares[0] ?? Number.NaN;

/** How far a server's share is from that of equals, at most: as a part of it. */
const unevenness = ({ shares }: Measured): number =>
  Math.max(...shares.map((share) => Math.abs(share * shares.length - 1)));

/** The policies that send later attempts of an RPC elsewhere. */
const ELSEWHERE = [CUSTOM, WEIGHTED, LEAST_REQUEST, PEAK_EWMA];

function verdictsOf(find: Find): Verdict[] {
  const [ours, theirs] = [find('slow', PEAK_EWMA), find('slow', LEAST_REQUEST)];
  const failing = odd(find('failing', PEAK_EWMA));
  const lost = ({ failed, rpcs }: Measured): string => `${failed} of ${rpcs}`;
  return [
    ...[LEAST_REQUEST, PEAK_EWMA].map((policy): Verdict => {
      const most = unevenness(find('equal', policy));
      return {
        target: `${policy.name}: equal servers get equal shares, give or take a quarter`,
        measured: `${percent(most)} off at most`,
        met: most <= 0.25,
      };
    }),
    {
      target: "peak_ewma: the slow server has less than half of least_request's share, but some",
      measured: `${percent(odd(ours))}, ${percent(odd(theirs))}`,
      met: odd(ours) < odd(theirs) / 2 && odd(ours) > 0,
    },
    {
      target: 'peak_ewma: p90 with a slow server at most that of least_request',
      measured: `${figure(ours.p90)} ms, ${figure(theirs.p90)} ms`,
      met: ours.p90 <= theirs.p90,
    },
    {
      target: 'peak_ewma: a server that fails at once has less than its fair share',
      measured: percent(failing),
      met: failing < 1 / 3,
    },
    ...ELSEWHERE.flatMap((policy): Verdict[] => {
      const [retried, hedged] = [find('retried', policy), find('hedged', policy)];
      const reference = find('hedged', ROUND_ROBIN);
      return [
        {
          target: `${policy.name}: no RPC is lost to a server that fails at once, with retries`,
          measured: `${lost(retried)}; round_robin ${lost(find('retried', ROUND_ROBIN))}`,
          met: retried.failed === 0,
        },
        {
          target: `${policy.name}: p99 below 50 ms with a server that hangs, with hedging`,
          measured: `${figure(hedged.p99)} ms; round_robin ${figure(reference.p99)} ms`,
          met: hedged.p99 < 50,
        },
      ];
    }),
  ];
}

const row = ({ name, p50, p90, p99, failed, rpcs, shares }: Measured): Row => ({
  policy: name,
  p50: figure(p50, 'ms'),
  p90: figure(p90, 'ms'),
  p99: figure(p99, 'ms'),
  failed: percent(failed / rpcs),
  'share of the odd server': percent(shares[0] ?? Number.NaN),
});

export function policies(quick: boolean): Promise<PoliciesReport> {
  return withBench(quick, async (bench) => {
    // Not counted: the processes compile their code.
    await measureSituation(bench, SITUATIONS.equal);
    const panels = new Map<string, Panel>();
    for (const [key, situation] of Object.entries<Situation>(SITUATIONS))
      panels.set(key, { situation, measured: await measureSituation(bench, situation) });
    const find: Find = (situation, { name }) => {
      const found = panels.get(situation)?.measured.find((measured) => measured.name === name);
      if (found === undefined) throw new Error(`${name} was not measured with ${situation}`);
      return found;
    };
    const promised = await promises(bench);
    const all = [...panels.values()];
    return {
      panels: all,
      tables: [
        ...all.map(({ situation, measured }) => tableOf(situation.name, measured.map(row))),
        ...promised.tables,
      ],
      verdicts: [...verdictsOf(find), ...promised.verdicts],
      notes: [
        `Each policy has ${bench.rounds} turns, each time with new channels. RPCs come at random moments, 600 to 900 a second, or 25 at a time. A failed RPC counts as ${DEADLINE_MS} ms, which is every RPC's deadline: nobody is fast by failing. The odd server is the first of the list; of equal ones, its share is shown.`,
        "`round_robin` is grpc-js's. `ring_hash_experimental` gives each server the RPCs whose keys it has, and sends a retry to the same server: it is for caches and not for latency. A server of twice the size answers four RPCs at once, the others two.",
      ],
    };
  });
}
