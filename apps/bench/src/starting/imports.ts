/**
 * What an application pays for a package before it uses it: import time, on each line of Node.js, and installed size, beside the
 * same sources compiled to one module per file.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { figure, type Report, type Row, ratio, tableOf, type Verdict } from '../report/report.js';
import { type InstalledSize, installedSize, packageFolder } from './installed-size.js';
import { OWN, type Runtime, withRuntimes } from './runtimes.js';
import { APP, GRPC, inRounds, middle, type Task } from './starting-process.js';
import { withUnbundled } from './unbundled.js';

/** @petiole/service-config has no limit of its own: it is a part of the import and of the installation of these. */
const LIMITS: ReadonlyMap<string, { readonly ms: number; readonly kib?: number }> = new Map([
  ['@petiole/balancer', { ms: 8 }],
  ['@petiole/resolver', { ms: 8 }],
  // It has a YAML library within, which one module per file would leave in a package of its own.
  ['@petiole/kubernetes', { ms: 10, kib: 150 }],
]);
const NAMES = ['@petiole/service-config', ...LIMITS.keys(), '@petiole/echo-proto'];
/** What grpc-js takes where the limits are set: a machine that is faster or slower in both has the same ratio. */
const GRPC_MS = 45;
const SELF = 'grpc-js itself';
const FLOOR = new URL('empty-module.js', import.meta.url).href;

const FULL = { rounds: 15 };
const QUICK = { rounds: 1 };

const kib = (bytes: number): string => figure(bytes / 1024, 'KiB');

/** What is imported after grpc-js, and what it is called. */
interface Subject {
  readonly name: string;
  readonly module?: string;
}

export async function imports(quick: boolean): Promise<Report> {
  const missing = NAMES.find((name) => !existsSync(join(packageFolder(name, APP), 'dist')));
  if (!quick && missing !== undefined) {
    throw new Error(`${missing} is not built: run pnpm bench in the root of the repository`);
  }
  return withUnbundled(NAMES, async (unbundled) => {
    const subjects: Subject[] = [
      { name: SELF },
      { name: 'an empty module', module: FLOOR },
      ...NAMES.flatMap((name) => [
        { name, module: name },
        { name: `${name}, one module per file`, module: pathToFileURL(unbundled(name).entry).href },
      ]),
    ];
    const times = quick
      ? await timesOf(subjects, [OWN], quick)
      : await withRuntimes((all) => timesOf(subjects, all, quick));
    const sizes = NAMES.map((name) => ({
      name,
      now: installedSize(packageFolder(name, APP)),
      before: installedSize(unbundled(name).folder),
    }));
    return {
      tables: [
        tableOf(
          'Import time, after grpc-js',
          times.map(
            ({ name, ms }): Row => ({
              import: name,
              ...Object.fromEntries(Array.from(ms, ([runtime, each]) => [runtime, figure(each, 'ms')])),
            }),
          ),
        ),
        tableOf(
          'Installed size',
          sizes.map(
            ({ name, now, before }): Row => ({
              package: name,
              installed: kib(now.bytes),
              'as one module per file': kib(before.bytes),
              dependencies:
                now.dependencies === 0 ? 'none' : `${now.dependencies}: ${kib(now.dependencyBytes)}`,
            }),
          ),
        ),
      ],
      verdicts: [...LIMITS].flatMap(([name, limit]): Verdict[] => {
        const of = (subject: string) =>
          times.find((each) => each.name === subject)?.ms ?? new Map<string, number>();
        return [
          ...Array.from(of(name), ([runtime, ms]): Verdict => {
            const share = ms / (of(SELF).get(runtime) ?? Number.NaN);
            return {
              target: `${name}: ${limit.ms} ms where grpc-js takes ${GRPC_MS}, ${ratio(limit.ms / GRPC_MS)} of it, ${runtime}`,
              measured: `${ratio(share)} (${figure(ms, 'ms')})`,
              met: share <= limit.ms / GRPC_MS,
            };
          }),
          ...sizes.filter((size) => size.name === name).map((size) => sizeVerdict(size, limit.kib)),
        ];
      }),
      notes: [
        `Medians of ${(quick ? QUICK : FULL).rounds} processes in turns, which have grpc-js, a peer dependency of every package, and then an empty module, as an application has modules of its own. The first one that is imported so costs the runtime more.`,
      ],
    };
  });
}

/** The median of each, by the name of the runtime. */
async function timesOf(
  subjects: readonly Subject[],
  runtimes: readonly Runtime[],
  quick: boolean,
): Promise<{ readonly name: string; readonly ms: ReadonlyMap<string, number> }[]> {
  const cells = subjects.flatMap((subject) => runtimes.map((runtime) => ({ subject, runtime })));
  const tasks = cells.map(({ subject: { module }, runtime: { binary: node } }): Task => {
    // The same one twice is there already.
    const after = module === undefined ? [] : [...new Set([FLOOR, module])];
    return { node, imports: [GRPC, ...after] };
  });
  const results = await inRounds(tasks, (quick ? QUICK : FULL).rounds, quick);
  const medians = results.map((each) => middle(each, ({ imports: ms }) => ms.at(-1)));
  return subjects.map((subject) => ({
    name: subject.name,
    ms: new Map(
      cells.flatMap((cell, index) =>
        cell.subject === subject ? [[cell.runtime.name, medians[index] ?? Number.NaN]] : [],
      ),
    ),
  }));
}

interface Sizes {
  readonly name: string;
  readonly now: InstalledSize;
  readonly before: InstalledSize;
}

const withDependencies = ({ bytes, dependencyBytes }: InstalledSize): number => bytes + dependencyBytes;

function sizeVerdict({ name, now, before }: Sizes, limit: number | undefined): Verdict {
  if (limit !== undefined) {
    const target = `${name} is installed in less than ${limit} KiB`;
    return { target, measured: kib(now.bytes), met: now.bytes < limit * 1024 };
  }
  const [all, allBefore] = [withDependencies(now), withDependencies(before)];
  return {
    target: `${name} with its dependencies is no larger than as one module per file`,
    measured: `${kib(all)}, ${kib(allBefore)}`,
    met: all <= allBefore,
  };
}
