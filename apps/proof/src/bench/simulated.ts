/** The benchmarks that stand beside the packages: the machinery over simulated subchannels, and the resolver's own. */
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { Report, Verdict } from './report.js';

const LIMIT_MS = 480_000;

/** They take as long as they take: a quick run leaves them out. */
export async function simulated(quick: boolean): Promise<Report> {
  if (quick) return { tables: [], verdicts: [], notes: ['Left out of quick runs.'] };
  const balancer = await benchOf('balancer', '--verdicts');
  const end = balancer.lastIndexOf('\n');
  const resolver = await benchOf('resolver');
  return {
    tables: [],
    verdicts: JSON.parse(balancer.slice(end)) as Verdict[],
    notes: [asText('balancer', balancer.slice(0, end)), asText('resolver', resolver)],
  };
}

async function benchOf(name: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await execa('pnpm', ['--silent', 'run', 'bench', ...args], {
    cwd: fileURLToPath(new URL(`../../../../packages/${name}`, import.meta.url)),
    timeout: LIMIT_MS,
    stdin: 'ignore',
  });
  return stdout.trim();
}

function asText(name: string, output: string): string {
  return `\`@petiole/${name}\`:\n\n\`\`\`text\n${output}\n\`\`\``;
}
