/** The options of `pnpm soak`. */
import { parseArgs } from 'node:util';
import { FAULT_KINDS, type FaultKind } from './plan/schedule.js';
import { BUG_NAMES, type Bug } from './subject/injected-bugs.js';

export const USAGE = `Usage: pnpm soak [options]

  --minutes N   how long faults are injected, from 0.01 to 1440 (default 1)
  --seed N      repeats the schedule of that run (default: a random one, which is printed)
  --faults A,B  only these: ${FAULT_KINDS.join(', ')}
  --inject A,B  bugs on purpose, to see the run fail; it ends when all are found: ${BUG_NAMES.join(', ')}
  --write       puts the tables into docs/soak.md
  --help
`;

export interface CommandLine {
  readonly minutes: number;
  readonly seed: number;
  readonly kinds: readonly FaultKind[];
  readonly bugs: readonly Bug[];
  readonly write: boolean;
  readonly help: boolean;
}

const MAX_SEED = 2 ** 31 - 1;

/** @throws TypeError or RangeError that names the option, its value and what is allowed */
export function readCommandLine(args: readonly string[]): CommandLine {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string', default: '1' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * MAX_SEED)) },
      faults: { type: 'string', default: FAULT_KINDS.join(',') },
      inject: { type: 'string', default: '' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  return {
    minutes: numberFrom('--minutes', values.minutes, 0.01, 1440),
    seed: Math.floor(numberFrom('--seed', values.seed, 0, MAX_SEED)),
    kinds: namesFrom('--faults', values.faults, FAULT_KINDS),
    bugs: values.inject === '' ? [] : namesFrom('--inject', values.inject, BUG_NAMES),
    write: values.write,
    help: values.help,
  };
}

function numberFrom(option: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= min && value <= max) return value;
  throw new RangeError(`${option} must be a number from ${min} to ${max}, got ${JSON.stringify(text)}`);
}

function namesFrom<Name extends string>(
  option: string,
  text: string,
  known: readonly Name[],
): readonly Name[] {
  return text.split(',').map((given) => {
    const name = known.find((one) => one === given.trim());
    if (name !== undefined) return name;
    throw new TypeError(`${option} takes ${known.join(', ')}, got ${JSON.stringify(given)}`);
  });
}
