/** The command line of the lab. What it does not accept is one line that names the option, and exit code 2. */
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Bound, LoadSettings } from '../protocol.js';
import { BOUNDS } from './bounds.js';

export interface LabOptions {
  /** 0: any free one. */
  readonly port: number;
  readonly open: boolean;
  readonly load: LoadSettings;
}

/** Below what systems give to connections that leave. */
const PORT = 7357;

/** Ends the process for `--help` and wrong usage. */
export function readCommandLine(argv: readonly string[]): LabOptions {
  const program = new Command('pnpm lab')
    .description(
      'Servers, a client, and a page that shows what the client does, to break and to change. Ctrl-C ends it.',
    )
    .addOption(
      new Option('--port <n>', 'where the page is, on the loopback; 0 for any free port')
        .default(PORT)
        .argParser(number({ min: 0, max: 65_535 })),
    )
    .addOption(new Option('--open', 'open the page in the browser'))
    .addOption(new Option('--rate <n>', 'RPCs a second').default(20).argParser(number(BOUNDS.rate)))
    .addOption(
      new Option('--concurrency <n>', 'the most RPCs in flight')
        .default(50)
        .argParser(number(BOUNDS.concurrency)),
    )
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error: /, 'lab: ').replace('\n(', ' (')),
    })
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    // pnpm hands the dashes on that separate its own options.
    .parse(argv.filter((word) => word !== '--'));
  const {
    port,
    open = false,
    rate,
    concurrency,
  } = program.opts<Omit<LabOptions, 'load'> & Omit<LoadSettings, 'kind'>>();
  return { port, open, load: { rate, concurrency, kind: 'unary' } };
}

function number({ min, max }: Bound): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Allowed is a whole number from ${min} to ${max}.`);
  };
}
