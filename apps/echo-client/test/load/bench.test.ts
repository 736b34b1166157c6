/** `bench`: bounded, compared in turns, as a table and as JSON; its progress bar only where there is a terminal. */
import { describe, test, vi } from 'vitest';
import { client, inTerminal } from '../support/client-process.js';
import { fleet } from '../support/fleet.js';

vi.setConfig({ testTimeout: 60_000 });

describe.concurrent('bench', () => {
  test('policies side by side: rate, latencies, shares', async ({ expect, onTestFinished }) => {
    const { target, names, listeners } = await fleet(onTestFinished);
    const run = await client([
      'bench',
      '--target',
      target,
      '--count',
      '90',
      '--policy',
      'custom_round_robin,pick_first',
    ]);

    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(run.stdout).toMatch(/^ +custom_round_robin {2,}pick_first$/m);
    expect(run.stdout).toMatch(/^RPCs +90 +90$/m);
    // What warms up is not counted.
    expect(listeners.reduce((sum, { rpcs }) => sum + rpcs, 0)).toBeGreaterThan(180);
    for (const row of ['RPC/s', 'p50', 'p90', 'p99', 'slowest']) {
      expect(run.stdout).toMatch(new RegExp(`^${row} +[\\d.,]+( m?s)? +[\\d.,]+( m?s)?$`, 'm'));
    }
    expect(run.stdout).toMatch(/^ {2}of its slices +[\d.,]+ – [\d.,]+ +[\d.,]+ – [\d.,]+$/m);
    expect(run.stdout).toMatch(/^Differences in RPC\/s below \d+\.\d % are noise: /m);
    expect(run.stdout).toMatch(/^errors +0 +0$/m);
    const rows = run.stdout.split('\n');
    expect(rows.find((row) => row.includes(names[0]))).toMatch(/ 33\.3 % +100\.0 %$/);
    expect(rows.find((row) => row.includes(names[2]))).toMatch(/ 33\.3 % +0\.0 %$/);
    expect(run.stdout).not.toContain('\x1b');
  });

  test('--json: one object for each policy, and a summary', async ({ expect, onTestFinished }) => {
    const { target, names } = await fleet(onTestFinished);
    const run = await client([
      'bench',
      '--target',
      target,
      '--duration',
      '500ms',
      '--policy',
      'all',
      '--json',
    ]);

    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    const lines = run.stdout.split('\n').map((line) => JSON.parse(line));
    expect(lines.map(({ type, policy }) => policy ?? type)).toEqual([
      'custom_round_robin',
      'least_request',
      'peak_ewma',
      'static_weighted_round_robin',
      'priority_first',
      'zone_first',
      'random_subsetting',
      'request_limit',
      'round_robin',
      'pick_first',
      'summary',
    ]);
    expect(lines[0]).toMatchObject({ target, errors: {}, latencyMs: { p50: expect.any(Number) } });
    expect(lines[0].seconds).toBeGreaterThanOrEqual(0.5);
    expect(lines[0].shares.map(({ endpoint }: { endpoint: string }) => endpoint)).toEqual(names);
    expect(lines[0].slicesPerSecond).toHaveLength(20);
    expect(lines.at(-1)).toEqual({ type: 'summary', verdict: 'kept', loads: 10, noise: expect.any(Number) });
  });

  test('the policies take turns, all of them warmed up before any is measured', async ({
    expect,
    onTestFinished,
  }) => {
    const { target, listeners } = await fleet(onTestFinished);
    const order: string[] = [];
    for (const listener of listeners) listener.onMessage = (_, peer) => order.push(peer);
    const twice = ['--policy', 'pick_first,pick_first', '--concurrency', '1', '--count', '60'];
    const run = await client(['bench', '--target', target, ...twice]);

    expect(run.exitCode).toBe(0);
    // Each of the two has one connection. Theirs are the last 2 × 60 RPCs: 20 slices of 3, there and back.
    const measured = order.slice(-120);
    const [one, other] = [measured[0], measured[3]];
    expect(new Set(measured).size).toBe(2);
    const round = [one, one, one, other, other, other];
    expect(measured).toEqual(Array.from({ length: 10 }, () => [...round, ...round.toReversed()]).flat());
    const warmUp = order.slice(0, -120);
    expect(warmUp.indexOf(other ?? '')).toBe(warmUp.lastIndexOf(one ?? '') + 1);
  });

  test('no server: exit 1 after --timeout, and who was not there', async ({ expect }) => {
    const run = await client(['bench', '--target', 'static:127.0.0.1:1', '--timeout', '200ms']);
    expect(run).toMatchObject({ exitCode: 1, stdout: '' });
    expect(run.stderr).toBe(
      'echo-client: no connection to static:127.0.0.1:1 under custom_round_robin within 0.2 s',
    );
  });

  test('--rate and --rpc-timeout: an RPC that fails breaks the promise and is counted by its status', async ({
    expect,
    onTestFinished,
  }) => {
    const { target, listeners } = await fleet(onTestFinished);
    const run = client([
      'bench',
      '--target',
      target,
      '--rate',
      '200',
      '--duration',
      '2s',
      '--admin',
      '127.0.0.1:0',
    ]);
    await run.err.line(/admin services/);
    await listeners[0].firstRpc;
    for (const listener of listeners) listener.stop();
    const { exitCode, stdout } = await run;
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^ {2}UNAVAILABLE +\d+$/m);
  });

  test('a progress bar in a terminal; Ctrl-C prints the summary so far and exits 130', async ({
    expect,
    onTestFinished,
  }) => {
    const { target } = await fleet(onTestFinished);
    const terminal = inTerminal(onTestFinished, ['bench', '--target', target, '--duration', '60s']);
    await terminal.until((screen) => /^custom_round_robin ■* +\d+% +[1-9][\d,]* RPCs$/m.test(screen));
    terminal.press('\x03');
    expect(await terminal.exitCode).toBe(130);
    await terminal.until((screen) => /^RPCs +[\d,]+$/m.test(screen));
    expect(terminal.screen).not.toMatch(/\d+%/);
  });
});
