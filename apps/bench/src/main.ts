/** `pnpm bench`: speed and scale on real sockets of this machine, beside grpc-js's own policies. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type CommandLine, type Part, parseCommandLine, USAGE } from './command-line.js';
import { circumstances, replaceSection } from './document.js';
import { kubernetes } from './kubernetes/kubernetes.js';
import { failover } from './load/failover.js';
import { metrics } from './load/metrics.js';
import { scale } from './load/scale.js';
import { streams } from './load/streams.js';
import { throughput } from './load/throughput.js';
import { policiesChart } from './policies/chart.js';
import { policies } from './policies/policies.js';
import { growthChart } from './report/chart.js';
import { type Report, renderReport } from './report/report.js';
import { simulated } from './simulated/simulated.js';
import { coldStart } from './starting/cold-start.js';
import { imports } from './starting/imports.js';

const PAGE = fileURLToPath(new URL('../../../docs/benchmarks.md', import.meta.url));
const CHART = fileURLToPath(new URL('../../../docs/benchmarks-growth.svg', import.meta.url));
const POLICIES_CHART = fileURLToPath(new URL('../../../docs/benchmarks-policies.svg', import.meta.url));

async function measure(part: Part, { quick, write }: CommandLine): Promise<Report> {
  switch (part) {
    case 'throughput':
      return throughput(quick);
    case 'metrics':
      return metrics(quick);
    case 'scale': {
      const report = await scale(quick);
      if (write) writeFileSync(CHART, growthChart(report.curves, 'ms'));
      return report;
    }
    case 'kubernetes':
      return kubernetes(quick);
    case 'failover':
      return failover(quick);
    case 'policies': {
      const report = await policies(quick);
      if (write) writeFileSync(POLICIES_CHART, policiesChart(report.panels));
      return report;
    }
    case 'import':
      return imports(quick);
    case 'cold-start':
      return coldStart(quick);
    case 'streams':
      return streams(quick);
    case 'simulated':
      return simulated(quick);
  }
}

async function main(commandLine: CommandLine): Promise<void> {
  let targets = 0;
  let missed = 0;
  for (const part of commandLine.parts) {
    const where = circumstances(part);
    const start = performance.now();
    console.error(`${part} …`);
    const measured = await measure(part, commandLine).catch((error: unknown) => {
      // The other parts take minutes: they still count.
      console.error(`${part} failed: ${error instanceof Error ? error.stack : error}`);
      process.exitCode = 1;
    });
    if (measured === undefined) continue;
    const report = commandLine.quick ? { ...measured, verdicts: [] } : measured;
    const text = renderReport(report);
    targets += report.verdicts.length;
    missed += report.verdicts.filter(({ met }) => !met).length;
    console.log(`\n## ${part} (${Math.round((performance.now() - start) / 1000)} s)\n\n${text}`);
    // The page is read anew: a part may take minutes.
    if (commandLine.write) {
      writeFileSync(PAGE, replaceSection(readFileSync(PAGE, 'utf8'), part, `${text}\n\n${where}`));
    }
  }
  if (commandLine.quick) console.log('\nA quick run: its figures mean nothing.');
  else if (targets > 0) console.log(`\n${targets - missed} of ${targets} targets met.`);
}

let commandLine: CommandLine | undefined;
try {
  commandLine = parseCommandLine(process.argv.slice(2));
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  process.exitCode = 2;
}
if (commandLine !== undefined) await main(commandLine);
