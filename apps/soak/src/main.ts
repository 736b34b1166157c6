/**
 * `pnpm soak`: faults from a seed, under load, with invariants that are checked
 * all along. Ends with 0 if all held, with 1 and what broke otherwise, with 2
 * on a bad command line, and with 130 when it was interrupted and all held.
 */

import { type CommandLine, readCommandLine, USAGE } from './command-line.js';
import { endAllChildren } from './peers/child-process.js';
import { FAULT_KINDS } from './plan/schedule.js';
import { ProgressLine } from './progress-line.js';
import { report } from './report.js';
import { writeSoakPage } from './soak-page.js';
import { runSoak } from './soak-run.js';
import { allFound } from './subject/injected-bugs.js';
import { comparison, withBugs } from './subject/subject-plan.js';

let options: CommandLine;
try {
  options = readCommandLine(process.argv.slice(2));
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  process.exit(2);
}
if (options.help) {
  console.log(USAGE);
  process.exit(0);
}

const { minutes, seed, kinds, bugs } = options;
const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The second time it is meant.
    if (interruption.signal.aborted) void endAllChildren().finally(() => process.exit(130));
    interruption.abort();
  });
}

const command = [
  `pnpm soak --minutes ${minutes} --seed ${seed}`,
  ...(kinds.length < FAULT_KINDS.length ? [`--faults ${kinds.join(',')}`] : []),
  ...(bugs.length > 0 ? [`--inject ${bugs.join(',')}`] : []),
].join(' ');
console.log(command);

const progress = new ProgressLine(minutes);
const result = await runSoak({
  seed,
  minutes,
  kinds,
  subjects: bugs.length > 0 ? withBugs(bugs) : comparison(),
  signal: interruption.signal,
  isEnough: (violations) => bugs.length > 0 && allFound(bugs, violations),
  onProgress: (now) => progress.show(now),
});
progress.clear();
const text = report(result, command);
console.log(`\n${text}`);
if (interruption.signal.aborted) console.log('\nInterrupted: the summary is of what there was.');
else if (options.write) writeSoakPage(text);
const held = result.violations.length === 0;
process.exitCode = held ? (interruption.signal.aborted ? 130 : 0) : 1;
