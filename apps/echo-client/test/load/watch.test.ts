/** The live view, as a person sees it on the screen of a terminal; and without one, a line each second. */

import type { Terminal, TerminalOptions } from '@petiole/test-kit/processes/terminal';
import { describe, test, vi } from 'vitest';
import { PNPM } from '../support/app-process.js';
import { client, inTerminal } from '../support/client-process.js';
import { fleet } from '../support/fleet.js';

vi.setConfig({ testTimeout: 60_000 });

const watch = (
  onTestFinished: (stop: () => void) => void,
  args: readonly string[],
  ...how: [options?: TerminalOptions, command?: readonly string[]]
): Terminal => inTerminal(onTestFinished, ['watch', '--rate', '100', ...args], ...how);

const THREE_THREE_THREE = /███······███······███/;

describe.concurrent('in a terminal', () => {
  test('both addresses, which is connected, state, share, 3-3-3, rate, latency; a server leaves and returns', async ({
    expect,
    onTestFinished,
  }) => {
    const { target, listeners } = await fleet(onTestFinished);
    const [first, second, third] = listeners.map(({ port }) => port);
    const view = watch(onTestFinished, ['--target', target]);

    const begun = await view.until(
      (screen) => screen.split('\n').filter((row) => THREE_THREE_THREE.test(row)).length === 3,
    );
    expect(begun).toMatch(/^custom_round_robin, 3 in a row {2}\d+ s {2}100 RPC\/s wanted {2}1 at once$/m);
    expect(begun).toMatch(/^\d+\.\d RPC\/s {2}p50 [\d.]+ m?s {2}p99 [\d.]+ m?s {2}\d+ RPCs {2}no errors$/m);
    expect(begun).toMatch(new RegExp(`^1 ● READY +\\[::1\\]:${first} +▸127\\.0\\.0\\.1:${first}$`, 'm'));
    expect(begun).toMatch(new RegExp(`^2 ● READY +▸\\[::1\\]:${second} +127\\.0\\.0\\.1:${second}$`, 'm'));
    expect(begun).toMatch(new RegExp(`^3 ● READY +▸\\[::1\\]:${third} +127\\.0\\.0\\.1:${third}$`, 'm'));
    expect(begun.match(/━+╌+ +\d+\.\d % +\d+ RPCs$/gm)).toHaveLength(3);

    listeners[1].stop();
    const gone = await view.until((screen) => /^2 ✗ TRANSIENT_FAILURE/m.test(screen));
    expect(gone).not.toContain('▸[::1]:'.concat(String(second)));
    expect(gone).toMatch(/^ +\d+\.\d s {2}2 READY → IDLE {2}connection lost$/m);
    expect(gone).toMatch(/2 CONNECTING → TRANSIENT_FAILURE {2}connect ECONNREFUSED/);
    // The others take turns by threes, and nobody else is picked.
    await view.until((screen) => /███···███···███···███$/m.test(screen) && /·{18}$/m.test(screen));

    await listeners[1].start();
    const back = await view.until((screen) => /^2 ● READY/m.test(screen) && /→ READY/.test(screen));
    expect(back).toMatch(/2 (TRANSIENT_FAILURE|CONNECTING) → READY {2}connected to /);
    await view.until(
      (screen) => screen.split('\n').filter((row) => /███······███[█·]*$/.test(row)).length === 3,
    );

    view.press('\x03');
    expect(await view.exitCode).toBe(130);
    await view.until((screen) => /^share of$/m.test(screen));
    expect(view.screen).toMatch(/^errors +\d+$/m);
    expect(view.screen).toMatch(/^p99 +[\d.]+ m?s$/m);
    expect(view.screen).not.toMatch(/\bat .*\.ts:\d+/);
    // The cursor that the view hid is shown again.
    expect(view.output.lastIndexOf('\x1b[?25h')).toBeGreaterThan(view.output.lastIndexOf('\x1b[?25l'));
  });

  test('all servers gone: errors by status, and the last one in words', async ({
    expect,
    onTestFinished,
  }) => {
    const { target, listeners } = await fleet(onTestFinished);
    const view = watch(onTestFinished, ['--target', target]);
    await view.until((screen) => THREE_THREE_THREE.test(screen));
    for (const listener of listeners) listener.stop();
    const screen = await view.until(
      (text) => /UNAVAILABLE \d+/.test(text) && /last error/.test(text) && /no endpoint took/.test(text),
    );
    expect(screen).toMatch(/^last error {2}UNAVAILABLE: .* 0 s ago$/m);

    // Ten seconds after the last one it is gone; the count stays.
    await Promise.all(listeners.map((listener) => listener.start()));
    const calm = await view.until((text) => !/last error|no endpoint took/.test(text));
    expect(calm).toMatch(/UNAVAILABLE \d+/);
  });

  test.for([
    { service: '', args: [] },
    { service: 'echo', args: ['--health-service', 'echo'] },
  ])(
    'the health of $service is checked, and has its place in what happened',
    async ({ service, args }, { expect, onTestFinished }) => {
      const { target, listeners } = await fleet(onTestFinished);
      const view = watch(onTestFinished, ['--target', target, ...args]);
      await view.until((screen) => THREE_THREE_THREE.test(screen));
      listeners[2].healthy(false, service);
      // The endpoint's line and what happened may be drawn one after the other.
      const happened = /3 health SERVING → NOT_SERVING/;
      const screen = await view.until((text) => /^3 ✗ TRANSIENT_FAILURE/m.test(text) && happened.test(text));
      expect(screen).toMatch(happened);
    },
  );

  test('40 columns: everything is there and nothing is wrapped; then 100, then back, and nothing old is left', async ({
    expect,
    onTestFinished,
  }) => {
    const { target, names } = await fleet(onTestFinished);
    const view = watch(onTestFinished, ['--target', target], { columns: 40 });
    const complete = (screen: string): boolean =>
      screen.startsWith('custom_round_robin') &&
      THREE_THREE_THREE.test(screen) &&
      /What happened/.test(screen);

    const narrow = await view.until(complete);
    for (const address of names.flatMap((name) => name.split('+'))) expect(narrow).toContain(address);
    for (const row of narrow.split('\n'))
      expect(row).toMatch(/^(custom_round_robin|100 RPC|\d|p\d\d| {2}|What|no errors|$)/);

    view.resize(100);
    const wide = await view.until((screen) => complete(screen) && /█[█·]{80}$/m.test(screen));
    expect(wide.match(/custom_round_robin/g)).toHaveLength(1);
    view.resize(40);
    const again = await view.until(
      (screen) => complete(screen) && screen.split('\n').every((row) => row.length <= 40),
    );
    expect(again.match(/custom_round_robin/g)).toHaveLength(1);
    expect(again.match(/READY/g)?.length).toBeGreaterThanOrEqual(3);
  });

  test('begun at the bottom of a full screen, it erases nothing of what stands above it', async ({
    expect,
    onTestFinished,
  }) => {
    const { target } = await fleet(onTestFinished);
    const above = Array.from({ length: 40 }, (_, line) => `line ${line + 1}\r\n`).join('');
    const view = watch(onTestFinished, ['--target', target], { above });
    // By then the endpoints have made the view higher, and it has been drawn from the top again.
    const screen = await view.until((text) => THREE_THREE_THREE.test(text) && / {2}2 s {2}/.test(text));
    expect(screen).toMatch(/^line 39\nline 40\ncustom_round_robin/m);
    expect(screen.match(/custom_round_robin/g)).toHaveLength(1);
  });

  test('NO_COLOR: no colour, and the states can still be told apart', async ({ expect, onTestFinished }) => {
    const { target, listeners } = await fleet(onTestFinished);
    listeners[1].stop();
    const args = ['--target', target, '--ready-timeout', '0'];
    const [plain, colored] = [
      watch(onTestFinished, args, { env: { NO_COLOR: '1' } }),
      watch(onTestFinished, args),
    ];
    const both = (screen: string): boolean =>
      /^1 ● READY/m.test(screen) && /^2 ✗ TRANSIENT_FAILURE/m.test(screen);
    await Promise.all([plain.until(both), colored.until(both)]);

    expect(colored.coloredCells).toBeGreaterThan(100);
    expect(plain.coloredCells).toBe(0);
  });

  test('Ctrl-C under pnpm ends with the summary: no error of pnpm’s follows it', async ({
    expect,
    onTestFinished,
  }) => {
    const { target } = await fleet(onTestFinished);
    const view = watch(onTestFinished, ['--target', target], {}, [...PNPM, 'start']);
    await view.until((screen) => THREE_THREE_THREE.test(screen));
    view.press('\x03');
    // npx, where it runs pnpm, has heard Ctrl-C, too.
    expect([0, 130]).toContain(await view.exitCode);
    const screen = await view.until((text) => /^share of$/m.test(text));
    expect(screen.trimEnd().split('\n').at(-1)).toMatch(/ % *$/);
    expect(screen).not.toMatch(/ERR_PNPM|ELIFECYCLE/);
  });

  test('SIGTERM gives the cursor back', async ({ expect, onTestFinished }) => {
    const { target } = await fleet(onTestFinished);
    const view = watch(onTestFinished, ['--target', target]);
    await view.until((screen) => THREE_THREE_THREE.test(screen));
    view.kill('SIGTERM');
    expect(await view.exitCode).toBe(128 + 15);
    expect(view.output.lastIndexOf('\x1b[?25h')).toBeGreaterThan(view.output.lastIndexOf('\x1b[?25l'));
  });
});

describe.concurrent('without a terminal', () => {
  test('one plain line each second, with the changes of that second; --duration ends it with 0', async ({
    expect,
    onTestFinished,
  }) => {
    const { target, names, listeners } = await fleet(onTestFinished);
    const run = client(['watch', '--target', target, '--rate', '50', '--duration', '4.5s']);
    await run.out.line(/ READY via /);
    listeners[1].stop();
    const { exitCode, stdout, stderr } = await run;

    expect([exitCode, stderr]).toEqual([0, '']);
    const lines = stdout.split('\n');
    expect(lines.slice(0, 4).map((line) => line.slice(0, 4))).toEqual(['1 s ', '2 s ', '3 s ', '4 s ']);
    expect(stdout).toMatch(/^\d s \| \d+\.\d RPC\/s \| p50 [\d.]+ m?s \| p99 [\d.]+ m?s \| /m);
    expect(stdout).toContain(` | ${names[0]} READY via ${listeners[0].address} `);
    expect(stdout).toContain(`${names[1]}: READY -> IDLE (connection lost)`);
    expect(lines[3]).toContain(`${names[1]} TRANSIENT_FAILURE`);
    expect(lines[4]?.trim()).toBe('custom_round_robin');
    expect(stdout).not.toContain('\x1b');
  });

  test('nobody answers: exit 1', async ({ expect }) => {
    const run = await client(['watch', '--target', 'static:127.0.0.1:1', '--duration', '3s']);
    expect(run.exitCode).toBe(1);
    expect(run.stdout).toMatch(/UNAVAILABLE +\d+/);
  });

  test('policies of grpc-js publish no events: the states are those of channelz', async ({
    expect,
    onTestFinished,
  }) => {
    const { target, names, listeners } = await fleet(onTestFinished);
    const run = client(['watch', '--target', target, '--policy', 'round_robin', '--duration', '3.5s']);
    await run.out.line(/^1 s \|/);
    listeners[2].stop();
    const { stdout } = await run;
    expect(stdout).toMatch(/^1 s \|.*READY via/m);
    expect(stdout).toContain(`${names[2]}: READY -> `);
  });
});
