/**
 * What an application pays for a package before it uses it: import time and installed size, beside the same sources compiled
 * to one module per file.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { figure, type Report, tableOf, type Verdict } from '../report/report.js';
import { installedSize, packageFolder } from './installed-size.js';
import { APP, GRPC, inRounds, middle, type Result, type Task } from './starting-process.js';
import { withUnbundled } from './unbundled.js';

/** @petiole/service-config has no limit of its own: it is a part of the import and of the installation of these. */
const LIMITS: ReadonlyMap<string, { readonly ms: number; readonly kib?: number }> = new Map([
  ['@petiole/balancer', { ms: 8 }],
  ['@petiole/resolver', { ms: 8 }],
  // It has a YAML library within, which one module per file would leave in a package of its own.
  ['@petiole/kubernetes', { ms: 10, kib: 150 }],
]);
const NAMES = ['@petiole/service-config', ...LIMITS.keys(), '@petiole/echo-proto'];

const FULL = { rounds: 15 };
const QUICK = { rounds: 1 };

const kib = (bytes: number): string => figure(bytes / 1024, 'KiB');
const lastImport = (results: readonly Result[], what: 'ms' | 'cpuMs'): number =>
  middle(results, ({ imports }) => imports.at(-1)?.[what]);

export async function imports(quick: boolean): Promise<Report> {
  const { rounds } = quick ? QUICK : FULL;
  const missing = NAMES.find((name) => !existsSync(join(packageFolder(name, APP), 'dist')));
  if (!quick && missing !== undefined) {
    throw new Error(`${missing} is not built: run pnpm bench in the root of the repository`);
  }
  return withUnbundled(NAMES, async (unbundled) => {
    const tasks = NAMES.flatMap((name): Task[] => [
      { imports: [GRPC, name] },
      { imports: [GRPC, pathToFileURL(unbundled(name).entry).href] },
    ]);
    const [alone = [], ...results] = await inRounds([{ imports: [GRPC] }, ...tasks], rounds, quick);
    const verdicts: Verdict[] = [];
    const rows = NAMES.map((name, index) => {
      const [bundled = [], separate = []] = results.slice(2 * index);
      const ms = lastImport(bundled, 'ms');
      const size = installedSize(packageFolder(name, APP));
      const before = installedSize(unbundled(name).folder);
      const limit = LIMITS.get(name);
      if (limit !== undefined) {
        const all = size.bytes + size.dependencyBytes;
        const allBefore = before.bytes + before.dependencyBytes;
        verdicts.push(
          {
            target: `${name} is imported within ${limit.ms} ms`,
            measured: figure(ms, 'ms'),
            met: ms <= limit.ms,
          },
          limit.kib === undefined
            ? {
                target: `${name} with its dependencies is no larger than as one module per file`,
                measured: `${kib(all)}, ${kib(allBefore)}`,
                met: all <= allBefore,
              }
            : {
                target: `${name} is installed in less than ${limit.kib} KiB`,
                measured: kib(size.bytes),
                met: size.bytes < limit.kib * 1024,
              },
        );
      }
      return {
        'package, after grpc-js': name,
        import: figure(ms, 'ms'),
        'CPU for it': figure(lastImport(bundled, 'cpuMs'), 'ms'),
        'one module per file': figure(lastImport(separate, 'ms'), 'ms'),
        installed: kib(size.bytes),
        'as one module per file': kib(before.bytes),
        dependencies: size.dependencies === 0 ? 'none' : `${size.dependencies}: ${kib(size.dependencyBytes)}`,
      };
    });
    return {
      tables: [tableOf('Import time and installed size', rows)],
      verdicts,
      notes: [
        `Medians of ${rounds} processes in turns. grpc-js itself takes ${figure(lastImport(alone, 'ms'), 'ms')}; it is a peer dependency of every package and counts for none.`,
      ],
    };
  });
}
