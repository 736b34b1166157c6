/** Commands as lines on stdin, for scripts: `stop 2`, `start 2`, `health 2`, `quit`. */
import { createInterface } from 'node:readline';
import type { EchoServers } from '../echo-servers.js';
import type { ServerEvent } from '../server-event.js';

/** Reads stdin from now on. Its end means nothing here. */
export function readCommandLines(
  servers: EchoServers,
  quit: () => void,
  report: (event: ServerEvent) => void,
): void {
  const actions: Readonly<Record<string, (number: number) => unknown>> = {
    stop: (number) => servers.stop(number),
    start: (number) => servers.start(number),
    health: (number) => servers.flipHealth(number),
  };
  process.stdin.on('error', () => {});
  createInterface({ input: process.stdin }).on('line', (line) => {
    const [word = '', number, ...rest] = line.trim().split(/\s+/);
    const action = actions[word];
    if (word === '') return;
    if (word === 'quit' && number === undefined) quit();
    else if (action !== undefined && /^\d+$/.test(number ?? '') && rest.length === 0) action(Number(number));
    else {
      const message = `unknown command '${line.trim()}'; there are: stop N, start N, health N, quit`;
      report({ event: 'error', message });
    }
  });
}
