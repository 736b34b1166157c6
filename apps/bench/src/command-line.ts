/** `pnpm bench [PART…] [--quick] [--write]`. */
import { parseArgs } from 'node:util';

export const PARTS = [
  'throughput',
  'metrics',
  'scale',
  'kubernetes',
  'failover',
  'policies',
  'import',
  'cold-start',
  'streams',
  'simulated',
] as const;
export type Part = (typeof PARTS)[number];

export interface CommandLine {
  /** In the order of {@link PARTS}, each once. */
  readonly parts: readonly Part[];
  readonly quick: boolean;
  readonly write: boolean;
}

export const USAGE = `usage: pnpm bench [PART…] [--quick] [--write]

  PART      ${PARTS.join(', ')}; all of them if none is named
  --quick   half a minute at most for each part but simulated, which is left out: shows that they work,
            the figures mean nothing
  --write   puts the figures into docs/benchmarks.md`;

/** @throws Error that says what is wrong with the arguments. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const { values, positionals } = parseArgs({
    // pnpm and turbo may leave the separator in.
    args: args.filter((arg) => arg !== '--'),
    allowPositionals: true,
    options: { quick: { type: 'boolean', default: false }, write: { type: 'boolean', default: false } },
  });
  const unknown = positionals.find((name) => !PARTS.some((part) => part === name));
  if (unknown !== undefined) throw new Error(`no part is called ${unknown}: there are ${PARTS.join(', ')}`);
  if (values.quick && values.write) throw new Error('--quick and --write exclude each other');
  const parts = positionals.length === 0 ? PARTS : PARTS.filter((part) => positionals.includes(part));
  return { parts, quick: values.quick, write: values.write };
}
