/** The soak holds for a short while, finds each injected bug, and leaves no process behind. */
import { readdirSync, readFileSync } from 'node:fs';
import { FROM_SOURCES, type Program, start } from '@petiole/test-kit/processes/program';
import { describe, expect, test, vi } from 'vitest';
import { OWN_INVARIANTS } from '../src/findings/fault-log.js';
import { BUG_NAMES, BUGS, type Bug } from '../src/subject/injected-bugs.js';

const soak = (args: readonly string[]): Program =>
  start([process.execPath, '--disable-warning=ExperimentalWarning', ...FROM_SOURCES, 'src/main.ts', ...args]);

/** The ids of processes that have this text in their command line. Linux only: others have no /proc. */
function processesWith(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(text);
      } catch {
        return false; // It has ended meanwhile.
      }
    })
    .map(Number);
}

/** The soak's child processes, whose parent it is. */
function childrenOf(parent: number): number[] {
  return processesWith('apps/soak/src/').filter((id) => {
    try {
      return readFileSync(`/proc/${id}/status`, 'utf8').includes(`PPid:\t${parent}\n`);
    } catch {
      return false;
    }
  });
}

const hasFaultOfItsOwn = (bug: Bug) => Object.values<string>(OWN_INVARIANTS).includes(BUGS[bug]);

const alive = (ids: readonly number[]) => processesWith('apps/soak/src/').filter((id) => ids.includes(id));

describe('pnpm soak', { timeout: 150_000 }, () => {
  test('a short run holds all invariants and exits with 0', async () => {
    const { exitCode, stdout, stderr } = await soak(['--minutes', '0.25', '--seed', '93']);
    const [, broken] = stdout.split('Broken:');
    expect({ exitCode, broken, stderr: exitCode === 0 ? '' : stderr }).toEqual({
      exitCode: 0,
      broken: undefined,
      stderr: '',
    });
    expect(stdout).toContain('All invariants held.');
    expect(stdout).toContain('pnpm soak --minutes 0.25 --seed 93');
    expect(stdout.match(/`\w+`(?= +\|)/g)).toEqual([
      '`custom_round_robin`',
      '`least_request`',
      '`peak_ewma`',
      '`static_weighted_round_robin`',
      '`ring_hash_experimental`',
      '`request_limit`',
      '`round_robin`',
    ]);
  });

  // Bugs that show under any load, and bugs that need a fault of their own. A run ends when it has found its bugs.
  test.each<[string, readonly Bug[]]>([
    ['--minutes 1.5 --seed 2 --faults kill,freeze', BUG_NAMES.filter((bug) => !hasFaultOfItsOwn(bug))],
    [
      '--minutes 1.5 --seed 76 --faults newcomer,cut,connect-and-go,bad-record',
      BUG_NAMES.filter(hasFaultOfItsOwn),
    ],
  ])('%s finds the injected bugs %j, names what each breaks, and exits with 1', async (options, bugs) => {
    const { exitCode, stdout } = await soak([...options.split(' '), '--inject', bugs.join(',')]);
    expect(exitCode).toBe(1);
    for (const bug of bugs) {
      const invariant = BUGS[bug];
      const culprit = invariant === 'leftovers' ? 'all policies' : bug;
      expect(stdout).toMatch(new RegExp(`\\*\\*${invariant}\\*\\* \\(.*\\), ${culprit}, `));
    }
    // The policy without a bug beside them holds.
    expect(stdout).not.toMatch(/\*\* \(.*\), custom_round_robin, /);
  });

  test('refuses options that it does not know, naming them', async () => {
    const { exitCode, stderr } = await soak(['--faults', 'kill,flood']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('--faults takes kill, restart');
    expect(stderr).toContain('got "flood"');
  });
});

describe.skipIf(process.platform !== 'linux')('the end of a soak', { timeout: 150_000 }, () => {
  test('Ctrl-C: prints the summary so far, and no child is left', async () => {
    const run = soak(['--minutes', '5', '--seed', '2', '--faults', 'kill']);
    const children = await untilUnderWay(run);
    run.kill('SIGINT');
    const { exitCode, stdout } = await run;
    expect(exitCode).toBe(130);
    expect(stdout).toContain('Interrupted');
    expect(stdout).toContain('| RPCs ');
    expect(alive(children)).toEqual([]);
  });

  test('SIGKILL of the soak while a server is frozen: no child is left either', async () => {
    const run = soak(['--minutes', '5', '--seed', '2', '--faults', 'freeze']);
    const children = await untilUnderWay(run);
    await vi.waitFor(() => expect(children.some(isFrozen)).toBe(true), { timeout: 60_000, interval: 20 });
    run.kill('SIGKILL');
    await run;
    await vi.waitFor(() => expect(alive(children)).toEqual([]), { timeout: 20_000, interval: 50 });
  });
});

/** Waits for the first incident; answers with the ids of the child processes. */
async function untilUnderWay(run: Program): Promise<number[]> {
  let told = '';
  run.stderr.on('data', (chunk) => {
    told += chunk;
  });
  await vi.waitFor(() => expect(told).toContain('incidents'), { timeout: 60_000, interval: 50 });
  const children = childrenOf(run.pid ?? -1);
  expect(children.length).toBeGreaterThanOrEqual(5);
  return children;
}

function isFrozen(id: number): boolean {
  try {
    return readFileSync(`/proc/${id}/status`, 'utf8').includes('State:\tT');
  } catch {
    return false;
  }
}
