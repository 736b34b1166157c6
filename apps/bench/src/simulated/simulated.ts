/** What needs no sockets: the machinery over simulated subchannels, and the resolvers' parsing and refreshes. */
import { fileURLToPath } from 'node:url';
import { execaNode } from 'execa';
import type { Report } from '../report/report.js';

const LIMIT_MS = 900_000;
const SOURCES = ['--conditions=@petiole/source', '--import', 'tsx'];
/** The balancer's figures are of CPU time: no collection is to come between, but when it is asked for. */
const FEW_COLLECTIONS = ['--expose-gc', '--max-semi-space-size=256', '--min-semi-space-size=256'];

/** They take as long as they take: a quick run leaves them out. */
export async function simulated(quick: boolean): Promise<Report> {
  if (quick) return { tables: [], verdicts: [], notes: ['Left out of quick runs.'] };
  const balancer = await reportOf('balancer-process.ts', [...FEW_COLLECTIONS, ...SOURCES]);
  const resolver = await reportOf('resolver-process.ts', SOURCES);
  return {
    tables: [...balancer.tables, ...resolver.tables],
    verdicts: balancer.verdicts,
    notes: [...balancer.notes, ...resolver.notes],
  };
}

async function reportOf(script: string, nodeOptions: readonly string[]): Promise<Report> {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const { stdout } = await execaNode(file, { nodeOptions, timeout: LIMIT_MS, stdin: 'ignore' });
  // All that the script prints.
  return JSON.parse(stdout) as Report;
}
