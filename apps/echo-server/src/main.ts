/**
 * The echo servers' process: opens every listener, says so on stdout, serves
 * until it is asked to stop, drains, and exits with 0. A listener that cannot
 * be opened is one line on stderr and exit code 1.
 */
import { readCommandLine } from './command-line.js';
import { EchoServers } from './echo-servers.js';
import { eventLog } from './event-log.js';
import { readCommandLines } from './operator/command-lines.js';
import { type StatusLines, statusLines } from './operator/status-lines.js';
import { readTerminalKeys, type TerminalKeys } from './operator/terminal-keys.js';
import type { ServerEvent } from './server-event.js';
import { onStopRequest } from './stop-request.js';
import { serverCredentials } from './tls-files.js';

const options = readCommandLine(process.argv);

// turbo gives its tasks a terminal too, but one that several of them write to.
const interactive =
  process.stdin.isTTY &&
  process.stdout.isTTY &&
  process.env.TURBO_HASH === undefined &&
  process.env.TERM !== 'dumb';
const log = eventLog(options);
let keys: TerminalKeys | undefined;
const view: StatusLines | undefined =
  interactive && !options.quiet && !options.json
    ? statusLines(
        () => servers,
        () => keys?.choosingHealth ?? false,
      )
    : undefined;
const report = (event: ServerEvent): void => (view ?? { report: log }).report(event);

const servers = new EchoServers({
  addresses: options.addresses,
  credentials: serverCredentials(options.tls),
  faults: options,
  graceMs: options.graceMs,
  report,
});

function exit(code: number): never {
  view?.end();
  process.exit(code);
}

// Registered before binding: a stop that comes while the listeners open must not go past them.
const requestStop = onStopRequest((earlierRequests) => {
  // A second request means "now": it does not wait for RPCs.
  if (earlierRequests > 0) exit(0);
  void opened.then(() => servers.close()).then(() => exit(0));
});
process.on('SIGUSR2', () => servers.flipEveryHealth());

const opened = servers.open().then(
  () => {
    if (view !== undefined) keys = readTerminalKeys(servers, requestStop, view.draw);
    else if (!process.stdin.isTTY) readCommandLines(servers, requestStop, report);
  },
  (error: Error) => {
    log({ event: 'error', message: error.message });
    exit(1);
  },
);
