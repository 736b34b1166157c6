/** What recording of gRPC's client metrics costs, beside the same client without. */
import type { Report } from './report.js';
import { compareClients } from './throughput.js';

const policy = { pick_first: {} };

export function metrics(quick: boolean): Promise<Report> {
  const clients = [
    { name: 'without metrics', how: { policy } },
    { name: 'metrics', how: { policy, metrics: 'default' } },
    { name: 'all metrics', how: { policy, metrics: 'all' } },
  ] as const;
  return compareClients([{ servers: 1, target: 0.95, clients }], quick);
}
