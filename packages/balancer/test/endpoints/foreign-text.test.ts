/** What peers, resolvers and configs say, on its way into errors, events and the log: one line, bounded, no escape codes. */
import { connectivityState as State, setLogger } from '@grpc/grpc-js';
import { SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkServiceConfig, definePolicy, string } from '../../src/index.js';
import { EventLog } from '../support/event-log.js';

const FORGED = 'ill \r\nE 2026-11-28 root logged in\u001b[2K\u009b31m\u2028';
const SHOWN = 'ill E 2026-11-28 root logged in\\x1b[2K\\x9b31m';

/** Events and log lines come when the frames on the stack are over. */
const told = () => new Promise<void>((resolve) => process.nextTick(resolve));

const log: string[] = [];
beforeEach(() => {
  log.length = 0;
  setLogger({ error: (line: string) => log.push(line) });
});
afterEach(() => setLogger(console));

let last = 0;
/** A policy that is READY with its first READY endpoint. */
function policy(check: (config: { header: string | undefined }) => void = () => {}): string {
  last += 1;
  const name = `foreign_text_${last}`;
  definePolicy({
    name,
    fields: { header: string() },
    check,
    createPicker: (ready) => {
      const [first] = ready;
      return first && { pick: () => first.pickResult };
    },
  }).register();
  return name;
}

test('a connection error reaches RPCs, lastError and events in one line', async () => {
  const events = EventLog.start();
  const channel = new SimulatedChannel({ [policy()]: {} });
  channel.update(SimulatedChannel.endpoints(1));
  channel.all(State.TRANSIENT_FAILURE, `Error: ${FORGED}`);
  expect(channel.pick()).toContain(`10.0.0.0:1: ${SHOWN}`);
  expect(channel.latest.error).toContain(SHOWN);
  await told();
  expect(events.events.at(-1)?.reason).toBe(SHOWN);
});

test('a resolver error and a resolution note reach RPCs in one line', () => {
  const channel = new SimulatedChannel({ [policy()]: {} });
  channel.fail(FORGED);
  expect(channel.pick()).toBe(SHOWN);
  channel.update(SimulatedChannel.endpoints(1), { note: FORGED });
  channel.all(State.TRANSIENT_FAILURE, 'Error: refused');
  expect(channel.pick()).toMatch(/Resolution note: ill E 2026/);
  expect(channel.pick()).not.toMatch(/\p{Cc}/u);
});

test('the path of a Unix socket is named in one line', async () => {
  const events = EventLog.start();
  const channel = new SimulatedChannel({ [policy()]: {} });
  channel.update([{ addresses: [{ path: `/run/${FORGED}` }] }]);
  channel.all(State.READY);
  await told();
  expect(events.events.at(-1)).toMatchObject({
    endpoint: `/run/${SHOWN}`,
    reason: `connected to /run/${SHOWN}`,
  });
});

test('a config error that quotes the config reaches RPCs and the log in one line, and bounded', async () => {
  const name = policy(({ header }) => {
    throw new TypeError(`header must be a string, got ${header}`);
  });
  const channel = new SimulatedChannel({ [name]: { header: `${FORGED}${' '.repeat(60_000)}` } });
  channel.update(SimulatedChannel.endpoints(1));
  expect(channel.pick()).toContain(`got ${SHOWN}… (`);
  await told();
  expect(log).toHaveLength(1);
  expect(log[0]).toContain(`Bad load-balancing config: ${name}: header must be a string, got ${SHOWN}… (`);
});

test('a bug is logged with its stack, and no line of it is forged', async () => {
  definePolicy({
    name: 'foreign_text_bug',
    createPicker: () => {
      throw new Error(FORGED);
    },
  }).register();
  const channel = new SimulatedChannel({ foreign_text_bug: {} });
  channel.update(SimulatedChannel.endpoints(1));
  await told();
  const [first, ...frames] = log.join('').split('\n');
  expect(first).toContain(`its createPicker threw Error: ${SHOWN}`);
  expect(frames.length).toBeGreaterThan(0);
  for (const frame of frames) expect(frame).toMatch(/^ {4}at /);
});

test('findings quote fields, policies and values of a config in one line', () => {
  const config = {
    [FORGED]: 1,
    loadBalancingConfig: [
      { [FORGED]: {} },
      { a: {}, [FORGED]: {} },
      { [policy(() => failWith(FORGED))]: {} },
    ],
    methodConfig: FORGED,
  };
  const findings = checkServiceConfig(JSON.stringify(config));
  expect(findings.length).toBeGreaterThan(3);
  for (const { path, happens, instead } of findings) {
    expect([path, happens, instead].join(' ')).not.toMatch(/[\p{Cc}\u2028]/u);
  }
});

function failWith(message: string): never {
  throw new Error(message);
}
