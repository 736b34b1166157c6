/**
 * The view in a terminal: a line for each listener (RPCs, rate, health) and
 * one with the keys, drawn again whenever something changes and once a second.
 */
import cliTruncate from 'cli-truncate';
import { createLogUpdate } from 'log-update';
import stringWidth from 'string-width';
import { bold, dim, green, red, yellow } from 'yoctocolors';
import type { EchoServers } from '../echo-servers.js';
import type { Listener } from '../listener.js';
import { count, describeEvent, type ServerEvent } from '../server-event.js';

export interface StatusLines {
  /** Takes the event up; the lines above the status keep what was said once. */
  report(event: ServerEvent): void;
  draw(): void;
  /** Leaves the last lines on the screen and gives the cursor back. */
  end(): void;
}

/** How often rates are measured. */
const SECOND = 1_000;

export function statusLines(servers: () => EchoServers, choosingHealth: () => boolean): StatusLines {
  const update = createLogUpdate(process.stdout);
  const rates = new Map<Listener, number>();
  const counted = new Map<Listener, number>();
  let measuredAt = performance.now();
  let open = false;

  const measure = (): void => {
    const seconds = (performance.now() - measuredAt) / SECOND;
    measuredAt = performance.now();
    for (const listener of servers().listeners) {
      rates.set(listener, (listener.rpcs - (counted.get(listener) ?? 0)) / seconds);
      counted.set(listener, listener.rpcs);
    }
    draw();
  };

  const draw = (): void => {
    if (!open) return;
    const { listeners } = servers();
    const lines = [...listenerLines(listeners, rates), keyLine(listeners.length, choosingHealth())];
    update(lines.map((line) => cliTruncate(line, process.stdout.columns)).join('\n'));
  };

  const timer = setInterval(measure, SECOND).unref();
  process.stdout.on('resize', draw);

  return {
    draw,
    report(event) {
      if (event.event === 'serving' || event.event === 'error') {
        // The line is on its way into the scrollback: truncated it would be of no use.
        update.persist(describeEvent(event) ?? '');
        open ||= event.event === 'serving';
      }
      if (event.event !== 'rpc') draw();
    },
    end() {
      clearInterval(timer);
      draw();
      open = false;
      update.done();
    },
  };
}

function listenerLines(listeners: readonly Listener[], rates: ReadonlyMap<Listener, number>): string[] {
  const rows = listeners.map((listener, index) => ({
    number: `${index + 1}`,
    address: listener.address,
    state: condition(listener),
    rpcs: count(listener.rpcs, 'RPC'),
    rate: `${Math.round(rates.get(listener) ?? 0)}/s`,
  }));
  const width = (of: (row: (typeof rows)[number]) => string): number =>
    Math.max(...rows.map((row) => stringWidth(of(row))));
  const addressWidth = width((row) => row.address);
  const rpcsWidth = width((row) => row.rpcs);
  const rateWidth = width((row) => row.rate);
  return rows.map(({ number, address, state, rpcs, rate }) =>
    [
      bold(number),
      padded(address, addressWidth),
      state,
      rpcs.padStart(rpcsWidth),
      dim(rate.padStart(rateWidth)),
    ].join('  '),
  );
}

const CONDITION_WIDTH = 'NOT_SERVING'.length;

/** Health while it serves, otherwise why it does not. */
function condition(listener: Listener): string {
  switch (listener.state) {
    case 'serving':
      return listener.healthy
        ? green('SERVING'.padEnd(CONDITION_WIDTH))
        : yellow('NOT_SERVING'.padEnd(CONDITION_WIDTH));
    case 'draining':
      return yellow(`draining ${listener.rpcsInFlight}`.padEnd(CONDITION_WIDTH));
    case 'starting':
    case 'stopped':
      return red(listener.state.padEnd(CONDITION_WIDTH));
  }
}

function keyLine(listeners: number, choosingHealth: boolean): string {
  const numbers = listeners === 1 ? '1' : `1-${Math.min(listeners, 9)}`;
  if (choosingHealth) return `flip the health of which listener? ${numbers}`;
  return dim(`${numbers} stop/start · h ${numbers} health · q quit`);
}

function padded(text: string, width: number): string {
  return text + ' '.repeat(width - stringWidth(text));
}
