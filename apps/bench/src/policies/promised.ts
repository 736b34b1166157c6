/** What the measurements of single policies have in common. */
import { status } from '@grpc/grpc-js';
import type { BenchChannelOptions } from '../load/bench-channel.js';
import type { Report } from '../report/report.js';
import type { Outcome } from './load.js';
import type { Bench } from './measured.js';
import type { Behaviour } from './server-process.js';
import { USUAL_MS } from './situations.js';

export type Promised = Pick<Report, 'tables' | 'verdicts'>;

const OK: status = status.OK;
export const failedOf = (outcomes: readonly Outcome[]): number =>
  outcomes.filter(({ code }) => code !== OK).length;
export const fleet = (count: number, ms = USUAL_MS): Behaviour[] => Array(count).fill({ does: 'answer', ms });
export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** What each server has had since the last time. */
export async function takeRequests({ servers }: Bench): Promise<number[]> {
  return (await servers.ask('takeCounts', undefined)).map(({ requests }) => requests);
}

/** One channel, connected to all that it will connect to. */
export async function open({ servers, clients }: Bench, options: BenchChannelOptions): Promise<void> {
  await clients.ask('open', { ...options, count: 1 });
  await clients.ask('load', { perSecond: 100, ms: 300 });
  await servers.ask('takeCounts', undefined);
}
