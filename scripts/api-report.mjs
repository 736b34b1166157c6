/**
 * Writes packages/<name>/api/<entry point>.api.md, the public types of each entry point as built, for reviewers to read
 * in diffs. With --check it writes nothing and ends with 1 when a committed report differs. Run `turbo run build` first.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';
import { publishedPackages, root } from './published-packages.mjs';

const check = process.argv.includes('--check');
const scratch = mkdtempSync(join(tmpdir(), 'petiole-api-'));
let differing = 0;

try {
  for (const { directory, manifest } of publishedPackages()) {
    const reports = Object.entries(manifest.publishConfig.exports)
      .filter(([subpath]) => !['./package.json', './internal'].includes(subpath))
      .map(([subpath, { types }]) => report(directory, subpath, types));
    removeStrays(join(directory, 'api'), reports);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

if (differing > 0) {
  console.error(
    'The public API is not what its reports say. Run `pnpm api`, read the diff, and add a changeset.',
  );
  process.exitCode = 1;
}

function report(directory, subpath, types) {
  const name = `${[basename(directory), ...subpath.split('/').slice(1)].join('-')}.api.md`;
  const { apiReportChanged, succeeded } = Extractor.invoke(config(directory, types, name), {
    localBuild: !check,
    messageCallback: (message) => {
      message.handled = true;
      if (message.logLevel === ExtractorLogLevel.Error) console.error(message.formatMessageWithoutLocation());
    },
  });
  if (!succeeded && !apiReportChanged) throw new Error(`api-extractor cannot read ${types} of ${directory}`);
  tell(join(directory, 'api', name), apiReportChanged);
  return name;
}

function config(directory, types, reportFileName) {
  const reportFolder = join(directory, 'api');
  if (!check) mkdirSync(reportFolder, { recursive: true });
  return ExtractorConfig.prepare({
    packageJsonFullPath: join(directory, 'package.json'),
    configObjectFullPath: undefined,
    configObject: {
      projectFolder: directory,
      mainEntryPointFilePath: join(directory, types),
      newlineKind: 'lf',
      compiler: {
        overrideTsconfig: {
          // api-extractor reads the declarations with a TypeScript of its own.
          compilerOptions: {
            target: 'es2023',
            module: 'nodenext',
            types: ['node'],
            strict: true,
            skipLibCheck: true,
          },
          files: [join(directory, types)],
        },
      },
      apiReport: {
        enabled: true,
        reportFileName,
        reportFolder,
        reportTempFolder: scratch,
        includeForgottenExports: true,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        // The report is about types: how a comment is written, and release tags, which we do not use, are not.
        compilerMessageReporting: { default: { logLevel: 'error' } },
        extractorMessageReporting: {
          default: { logLevel: 'error' },
          'ae-missing-release-tag': { logLevel: 'none' },
          'ae-forgotten-export': { logLevel: 'none' },
          'ae-undocumented': { logLevel: 'none' },
          'ae-unresolved-link': { logLevel: 'none' },
        },
        tsdocMessageReporting: { default: { logLevel: 'none' } },
      },
    },
  });
}

/** A report of an entry point that is no longer published. */
function removeStrays(folder, reports) {
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    if (reports.includes(name)) continue;
    tell(join(folder, name), true);
    if (!check) rmSync(join(folder, name));
  }
}

function tell(file, changed) {
  if (changed) differing += check ? 1 : 0;
  const verdict = !changed ? 'same   ' : check ? 'DIFFERS' : 'written';
  console.log(`${verdict} ${relative(root, file)}`);
  if (changed && check) console.log(difference(file));
}

function difference(file) {
  const built = join(scratch, basename(file));
  if (!existsSync(file)) return '  there is no such report yet';
  if (!existsSync(built)) return '  its entry point is gone';
  const [before, after] = [file, built].map((path) => readFileSync(path, 'utf8').split('\n'));
  return [
    ...before.filter((line) => !after.includes(line)).map((line) => `  - ${line}`),
    ...after.filter((line) => !before.includes(line)).map((line) => `  + ${line}`),
  ].join('\n');
}
