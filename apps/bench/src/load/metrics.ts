/** What recording of gRPC's client metrics costs, beside the same client without, and whose work it is. */
import type { Report } from '../report/report.js';
import { compareClients } from './throughput.js';

const policy = { pick_first: {} };

export function metrics(quick: boolean): Promise<Report> {
  const clients = [
    { name: 'without metrics', how: { policy } },
    { name: "the package's hooks alone", how: { policy, recording: 'hooks alone' } },
    { name: "the SDK's records alone", how: { policy, recording: 'records alone' } },
    { name: 'metrics', how: { policy, recording: 'default' }, target: 0.95 },
    { name: 'all metrics', how: { policy, recording: 'all' }, target: 0.95 },
  ] as const;
  return compareClients([{ servers: 1, clients }], quick);
}
