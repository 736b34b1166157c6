/** The benchmarks that stand beside the packages: the machinery over simulated subchannels, and the resolver's own. */
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { Report } from './report.js';

const LIMIT_MS = 240_000;

/** They take as long as they take: a quick run leaves them out. */
export async function simulated(quick: boolean): Promise<Report> {
  if (quick) return { tables: [], verdicts: [], notes: ['Left out of quick runs.'] };
  const notes: string[] = [];
  for (const name of ['balancer', 'resolver']) {
    const { stdout } = await execa('pnpm', ['--silent', 'run', 'bench'], {
      cwd: fileURLToPath(new URL(`../../../../packages/${name}`, import.meta.url)),
      timeout: LIMIT_MS,
      stdin: 'ignore',
    });
    notes.push(`\`@petiole/${name}\`:\n\n\`\`\`text\n${stdout.trim()}\n\`\`\``);
  }
  return { tables: [], verdicts: [], notes };
}
