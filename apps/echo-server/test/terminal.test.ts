/** The server in a terminal: a status line for each listener, and what the keys do. */
import { once } from 'node:events';
import { status } from '@grpc/grpc-js';
import { Terminal, type TerminalOptions } from '@petiole/test-kit/processes/terminal';
import { tcp } from '@petiole/test-kit/tcp';
import { expect, onTestFinished, test, vi } from 'vitest';
import { echoClient, healthClient, portOf, unaryEcho } from './grpc-clients.js';
import { APP, addressesIn, SERVER } from './server-process.js';

// Real processes, on a machine that runs other packages' tests as well.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what colours are made of
const COLOURS = /\u001B\[[0-9;]*m/;
const KEYS = '1-3 stop/start · h 1-3 health · q quit';

/** The server in a terminal until the test ends. */
function startInTerminal(args: readonly string[], options?: TerminalOptions): Terminal {
  const terminal = new Terminal([...SERVER, ...args], { cwd: APP, ...options });
  onTestFinished(async () => {
    terminal.kill();
    await terminal.exitCode;
  });
  return terminal;
}

const rows = (terminal: Terminal): readonly string[] => terminal.screen.split('\n');

/** Three listeners, ready for keys. */
async function serving(
  options?: TerminalOptions,
): Promise<{ terminal: Terminal; addresses: readonly string[] }> {
  const args = ['--listen', '127.0.0.1:0', '--listen', '[::1]:0', '--listen', '[::]:0'];
  const terminal = startInTerminal(args, options);
  const screen = await terminal.until((text) => /^1-3 stop\/start/m.test(text));
  // A narrow terminal breaks the line.
  return { terminal, addresses: addressesIn(screen.split('\n').slice(0, -4).join('')) };
}

/** The status line of this listener has all these words. */
function shows(number: number, ...words: readonly string[]) {
  return (screen: string): boolean => {
    const line = screen.split('\n').find((each) => each.startsWith(`${number}  `));
    return line !== undefined && words.every((word) => line.split(/ {2,}/).includes(word));
  };
}

/** An RPC that the server has answered once, and whose client does not end it. */
async function endlessRpc(address = ''): Promise<{ failure: Promise<unknown> }> {
  const dialogue = echoClient(address).bidirectionalStreamingEcho();
  const failure = new Promise((resolve) => dialogue.once('error', resolve));
  dialogue.write({ message: 'never ended' });
  await once(dialogue, 'data');
  return { failure };
}

test('each listener has a line with its RPCs, its rate and its health, under the line that is printed everywhere', async () => {
  const { terminal, addresses } = await serving();
  const [first = '', second = '', third = ''] = addresses;
  const width = Math.max(...addresses.map((address) => address.length));

  expect(rows(terminal)).toEqual([
    `serving on ${first}, ${second}, ${third}`,
    `1  ${first.padEnd(width)}  SERVING      0 RPCs  0/s`,
    `2  ${second.padEnd(width)}  SERVING      0 RPCs  0/s`,
    `3  ${third.padEnd(width)}  SERVING      0 RPCs  0/s`,
    KEYS,
  ]);

  expect(terminal.output).toMatch(COLOURS);

  const client = echoClient(first);
  for (const message of ['one', 'two', 'three']) await unaryEcho(client, message);
  // Health checks are no RPCs of the listener's own.
  await healthClient(second).unary('check', { service: '' });
  await terminal.until((screen) => shows(1, '3 RPCs')(screen) && !shows(1, '0/s')(screen));
  expect(rows(terminal).find((line) => line.startsWith('2'))).toContain(' 0 RPCs  0/s');
  // The rate is of the last second, not of all time.
  await terminal.until(shows(1, '3 RPCs', '0/s'));
});

test('a digit stops its listener and starts it again at the same address, h and a digit flip its health, q quits', async () => {
  const { terminal, addresses } = await serving();
  const [, second = '', third = ''] = addresses;
  const echo = echoClient(second);
  await unaryEcho(echo, 'connected');

  terminal.press('2');
  await terminal.until(shows(2, second, 'stopped'));
  expect(await tcp('::1', portOf(second))).toBe('ECONNREFUSED');
  await expect(unaryEcho(echo, 'nobody there')).rejects.toThrow('UNAVAILABLE');
  expect(shows(1, 'SERVING')(terminal.screen) && shows(3, 'SERVING')(terminal.screen)).toBe(true);

  terminal.press('2');
  await terminal.until(shows(2, second, 'SERVING'));
  expect(await unaryEcho(echoClient(second), 'back')).toBe(`back (from ${second})`);

  const health = healthClient(`127.0.0.1:${portOf(third)}`);
  terminal.press('h');
  await terminal.until((screen) => screen.endsWith('\nflip the health of which listener? 1-3'));
  terminal.press('3');
  await terminal.until(shows(3, 'NOT_SERVING'));
  expect(await health.unary('check', { service: '' })).toEqual({ status: 'NOT_SERVING' });
  expect(await unaryEcho(echoClient(`127.0.0.1:${portOf(third)}`), 'still')).toBe(`still (from ${third})`);
  terminal.press('h3');
  await terminal.until(shows(3, 'SERVING'));
  expect(await health.unary('check', { service: '' })).toEqual({ status: 'SERVING' });

  // Neither a number that there is not, nor a digit after another key, does anything.
  terminal.press('9hx4q');
  expect(await terminal.exitCode).toBe(0);
  expect(
    rows(terminal)
      .slice(1, 4)
      .map((line) => line.split(/ {2,}/)[2]),
  ).toEqual(['stopped', 'stopped', 'stopped']);
  // The cursor that the status lines hide is back.
  expect(terminal.output.lastIndexOf('\u001B[?25h')).toBeGreaterThan(
    terminal.output.lastIndexOf('\u001B[?25l'),
  );
});

test('a listener drains under its key; once more cuts off; Ctrl-C twice does not wait', async () => {
  const { terminal, addresses } = await serving({ env: { ECHO_SERVER_GRACE: '10m' } });
  const [first, second] = await Promise.all([endlessRpc(addresses[0]), endlessRpc(addresses[1])]);

  terminal.press('1');
  await terminal.until(shows(1, 'draining 1'));
  terminal.press('1');
  await terminal.until(shows(1, 'stopped'));
  expect(await first.failure).toMatchObject({ code: status.UNAVAILABLE });

  terminal.press('\u0003');
  await terminal.until(shows(2, 'draining 1'));
  terminal.press('\u0003');
  expect(await terminal.exitCode).toBe(0);
  await second.failure;
});

test('40 columns are enough, fewer cut the line, not the screen; NO_COLOR takes the colours away', async () => {
  const { terminal } = await serving({ columns: 40, env: { NO_COLOR: '1' } });
  expect(terminal.output).not.toMatch(COLOURS);
  expect(
    rows(terminal)
      .slice(-4)
      .map((line) => line.slice(0, 2)),
  ).toEqual(['1 ', '2 ', '3 ', '1-']);
  expect(rows(terminal).at(-1)).toBe(KEYS);

  terminal.resize(30);
  await terminal.until((screen) => screen.endsWith('…'));
  expect(
    rows(terminal)
      .slice(-4)
      .map((line) => line.slice(0, 2)),
  ).toEqual(['1 ', '2 ', '3 ', '1-']);
});

test.each([
  ['as a turbo task', { TURBO_HASH: 'test' }],
  ['with TERM=dumb', { TERM: 'dumb' }],
])('%s there are no status lines even in a terminal', async (_, env) => {
  const terminal = startInTerminal(['--listen', '127.0.0.1:0'], { env });
  await terminal.until((screen) => screen !== '');
  terminal.kill('SIGTERM');
  expect(await terminal.exitCode).toBe(0);
  expect(terminal.output).toMatch(/^serving on 127\.0\.0\.1:\d+\r\n$/);
});
