/** The command: prints what `checkServiceConfig` finds in a file, and which of it must change. */
import { parseArgs } from 'node:util';
import { checkServiceConfig, type ServiceConfigFinding } from '../index.js';
import { isDeeper } from '../json.js';
import { show } from '../text/show.js';
import { messageOf } from '../text/thrown.js';

/** What the command needs of its process. */
export interface Surroundings {
  /** The text of a file; `-` is standard input. */
  readonly read: (file: string) => Promise<string>;
  /** Loads a module as a program in the current folder would. Rejects if there is none. */
  readonly load: (module: string) => Promise<unknown>;
  readonly print: (line: string) => void;
  readonly complain: (line: string) => void;
}

const USAGE = `Usage: petiole-service-config [--json] [--import MODULE]... FILE

Says what @grpc/grpc-js does with the service config in FILE (- for standard input), and what to write instead.
Ends with 1 if there are errors, with 2 if there is no such file.

  --json           print the findings as a JSON array
  --import MODULE  load a module first that registers load-balancing policies;
                   @petiole/balancer/register is loaded by itself where it is installed
  --help           print this`;

const BALANCER = '@petiole/balancer/register';

/** @returns the exit code */
export async function run(
  args: readonly string[],
  { read, load, print, complain }: Surroundings,
): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        import: { type: 'string', multiple: true, default: [] },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const [file, ...others] = positionals;
    if (values.help) print(USAGE);
    if (values.help) return 0;
    if (file === undefined || others.length > 0) throw new Error(`one FILE is needed\n\n${USAGE}`);
    await load(BALANCER).catch(() => {}); // not installed: its policies are not registered then
    for (const module of values.import) await load(module);
    const text = await read(file).catch((error: unknown) => {
      throw new Error(`FILE ${file} cannot be read: ${messageOf(error)}`);
    });
    const findings = checkServiceConfig(text);
    if (values.json) print(JSON.stringify(findings.map(printable), null, 2));
    else for (const line of report(file, findings)) print(line);
    return findings.some(({ severity }) => severity === 'error') ? 1 : 0;
  } catch (error) {
    const [first = '', ...more] = (error instanceof Error ? error.message : messageOf(error)).split('\n');
    for (const line of [`petiole-service-config: ${first}`, ...more]) complain(line);
    return 2;
  }
}

/** JSON cannot write what is nested too deeply. */
function printable(finding: ServiceConfigFinding): ServiceConfigFinding {
  return isDeeper(finding.value, 100) ? { ...finding, value: show(finding.value) } : finding;
}

function* report(file: string, findings: readonly ServiceConfigFinding[]): Generator<string> {
  for (const { severity, path, value, happens, instead } of findings) {
    yield `${severity === 'mendable' ? 'warning' : severity}: ${path === '' ? 'the service config' : path}${value === undefined ? '' : ` = ${show(value)}`}`;
    yield `  What happens: ${happens}.`;
    yield `  Instead: ${instead}${/[.?]$/.test(instead) ? '' : '.'}`;
  }
  const count = (wanted: string) => findings.filter(({ severity }) => severity === wanted).length;
  yield findings.length === 0
    ? `${file}: grpc-js does all that it says.`
    : `${file}: errors: ${count('error')}, warnings, which serviceConfig() mends: ${count('mendable')}, notes: ${count('note')}.`;
}
