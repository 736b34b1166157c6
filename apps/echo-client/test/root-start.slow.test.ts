/**
 * The commands of the README, as a newcomer runs them at the root: `pnpm start`, the apps in two terminals, and `dev`.
 * The transcript, the client's exit code, and no process or listener left behind however it ends.
 */
import { readFileSync } from 'node:fs';
import { utimes } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Program } from '@petiole/test-kit/processes/program';
import { launch } from '@petiole/test-kit/processes/program';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { listeningDefaults, PNPM, startApp } from './support/app-process.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
// Several processes a test, on a machine that runs other packages' tests as well.
vi.setConfig({ testTimeout: 60_000 });

const TRANSCRIPT = readFileSync(new URL('transcript.txt', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n');

const PNPM_START = /^\S*node \S+\/pnpm(\.c?js)? start$/;

function pnpm(args: readonly string[], environment: Record<string, string> = {}) {
  const env = { CI: process.env.CI, ...environment };
  return launch([...PNPM, ...args], { cwd: ROOT, env, detached: true });
}

type PnpmRun = ReturnType<typeof pnpm>;

/** Every process that this run started and that is still there, whoever its parent is now. */
async function processesOf(run: PnpmRun): Promise<readonly { pid: number; command: string }[]> {
  const { stdout } = await execa('ps', ['-eo', 'pid=,sid=,stat=,args=']);
  return stdout.split('\n').flatMap((row) => {
    const [, pid, session, stat = '', command = ''] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(row) ?? [];
    return Number(session) === run.pid && !stat.startsWith('Z') ? [{ pid: Number(pid), command }] : [];
  });
}

async function nothingIsLeft(run: PnpmRun): Promise<void> {
  await expect.poll(() => processesOf(run), { timeout: 15_000, interval: 50 }).toEqual([]);
  expect(await listeningDefaults()).toEqual([]);
}

let others: Program[] = [];
let runs: PnpmRun[] = [];

beforeEach(async () => {
  expect(await listeningDefaults(), 'the ports of the main job must be free').toEqual([]);
});

afterEach(async () => {
  for (const other of others) {
    other.kill('SIGKILL');
    await other;
  }
  others = [];
  for (const run of runs) for (const { pid } of await processesOf(run)) process.kill(pid, 'SIGKILL');
  runs = [];
});

function running(args: readonly string[], environment?: Record<string, string>): PnpmRun {
  const run = pnpm(args, environment);
  runs.push(run);
  return run;
}

function started(environment?: Record<string, string>): PnpmRun {
  return running(['start'], environment);
}

/** Ctrl-C: a terminal signals the whole foreground job. */
function interrupt(run: PnpmRun): void {
  process.kill(-(run.pid ?? Number.NaN), 'SIGINT');
}

/** The first two servers serve, the client waits for the third until its timeout, unless it is ended. */
function startedWithoutThird(timeout: string): PnpmRun {
  return started({ ECHO_SERVER_LISTEN: '127.0.0.1:50050,[::1]:50051', ECHO_CLIENT_TIMEOUT: timeout });
}

const ALL_SERVE = 'serving on 127.0.0.1:50050, [::1]:50051, [::]:50052';
const TWO_SERVE = /^serving on 127\.0\.0\.1:50050, \[::1\]:50051$/;

describe('pnpm start', () => {
  test('shows the transcript, exits with the client’s 0, and stops the servers', async () => {
    const run = started();
    const { stdout, exitCode } = await run;

    const lines = stdout.split('\n');
    expect(lines).toContain(ALL_SERVE);
    const begin = lines.indexOf(TRANSCRIPT[0] ?? '');
    expect(lines.slice(begin, begin + TRANSCRIPT.length)).toEqual(TRANSCRIPT);
    expect(lines.filter((line) => line.startsWith('Response from peer'))).toHaveLength(27);
    // turbo's hashes and its count, in which the servers are missing, would only raise questions.
    expect(lines.at(-1)).toBe(TRANSCRIPT.at(-1));
    expect(stdout).not.toContain('cache ');
    expect(exitCode).toBe(0);
    await nothingIsLeft(run);
  });

  test('a failing client: its exit code, and the servers are stopped', async () => {
    // The second server on the wrong address family: the client sees the wrong peer.
    const run = started({ ECHO_SERVER_LISTEN: '127.0.0.1:50050,127.0.0.1:50051,[::]:50052' });
    const { all, exitCode } = await run;

    expect(all).toContain('RPC 4 of 27 was answered by 127.0.0.1:50051, expected [::1]:50051');
    expect(exitCode).toBe(1);
    await nothingIsLeft(run);
  });

  test('a failing server: an error that names the address, and the client does not wait in vain', async () => {
    const occupant = startApp('echo-server', { ECHO_SERVER_LISTEN: '[::1]:50051' });
    others.push(occupant);
    await occupant.out.line(/^serving on/);

    const run = started();
    const { all, exitCode } = await run;

    expect(all).toContain('echo-server: cannot listen on [::1]:50051: another process listens there');
    expect(exitCode).not.toBe(0);
    await expect.poll(() => processesOf(run), { timeout: 5_000, interval: 50 }).toEqual([]);
    expect(await listeningDefaults()).toEqual(['[::1]:50051']);
  });

  test('Ctrl-C, which signals the whole foreground job, leaves nothing', async () => {
    const run = startedWithoutThird('60');
    await run.out.line(TWO_SERVE);
    interrupt(run);
    await run;
    await nothingIsLeft(run);
  });

  test('SIGTERM to pnpm leaves nothing', async () => {
    const run = startedWithoutThird('60');
    await run.out.line(TWO_SERVE);
    // Where npx runs pnpm, a signal to npx would end a shell in between and leave pnpm alone.
    const pnpm = (await processesOf(run)).filter(({ command }) => PNPM_START.test(command));
    expect(pnpm).toHaveLength(1);
    for (const { pid } of pnpm) process.kill(pid, 'SIGTERM');
    await run;
    await nothingIsLeft(run);
  });

  test('a turbo that is killed hard: the servers end with its pipe, the client with its deadline', async () => {
    const run = startedWithoutThird('5');
    await run.out.line(TWO_SERVE);
    const turbo = (await processesOf(run)).filter(({ command }) =>
      /^\S+\/bin\/turbo run start /.test(command),
    );
    expect(turbo).toHaveLength(1);
    for (const { pid } of turbo) process.kill(pid, 'SIGKILL');

    await expect.poll(listeningDefaults, { timeout: 2_500, interval: 50 }).toEqual([]);
    await nothingIsLeft(run);
  });
});

describe('the apps in two terminals', () => {
  test('the client shows the transcript and exits with 0; Ctrl-C stops the servers', async () => {
    const servers = running(['--filter', '@petiole/echo-server', 'start']);
    const client = running(['--filter', '@petiole/echo-client', 'start']);
    await servers.out.line((line) => line === ALL_SERVE);
    const { stdout, exitCode } = await client;

    const lines = stdout.split('\n');
    expect(lines.slice(lines.indexOf(TRANSCRIPT[0] ?? ''))).toEqual(TRANSCRIPT);
    expect(exitCode).toBe(0);
    interrupt(servers);
    await servers;
    await nothingIsLeft(client);
    await nothingIsLeft(servers);
  });
});

describe('pnpm turbo run dev', () => {
  const SOURCE = new URL('../../echo-server/src/main.ts', import.meta.url);
  const CHANGED = /\[tsx\] change in \S+\/main\.ts/;

  test('an edit restarts the servers, the client verifies again, and Ctrl-C leaves nothing', async () => {
    const run = running(['turbo', 'run', 'dev']);
    const linesOf = (app: string): readonly string[] =>
      run.out.all.flatMap((row) =>
        /^@petiole\/([\w-]+):dev: (.*)$/.exec(row)?.[1] === app ? [row.replace(/^\S+ /, '')] : [],
      );
    const sawChange = (app: string): boolean => linesOf(app).some((line) => CHANGED.test(line));
    const sinceChange = (app: string): readonly string[] => {
      const lines = linesOf(app);
      return lines.slice(lines.findLastIndex((line) => CHANGED.test(line)) + 1);
    };
    const verified = (): Promise<void> =>
      expect
        .poll(
          () => [
            sinceChange('echo-server').includes(ALL_SERVE),
            sinceChange('echo-client').slice(-TRANSCRIPT.length),
          ],
          { timeout: 20_000, interval: 50 },
        )
        .toEqual([true, TRANSCRIPT]);
    await verified();

    // As an edit does; once more if it came before the watchers were ready.
    const edited = async (): Promise<boolean> => {
      if (sawChange('echo-server') && sawChange('echo-client')) return true;
      await utimes(SOURCE, new Date(), new Date());
      return false;
    };
    await expect.poll(edited, { timeout: 10_000, interval: 1_000 }).toBe(true);
    await verified();

    interrupt(run);
    await run;
    await nothingIsLeft(run);
  });
});
