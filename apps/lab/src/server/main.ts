/** The lab's process: servers, a client, and a page on the loopback, until it is asked to stop. */
import { fileURLToPath } from 'node:url';
import { readCommandLine } from './command-line.js';
import { LabHttp } from './http/lab-http.js';
import { Lab } from './lab.js';
import { openPage } from './open-page.js';
import { whyNoPort } from './port.js';

const options = readCommandLine(process.argv);

function fail(message: string): never {
  console.error(`lab: ${message}`);
  process.exit(1);
}

const lab = new Lab(options.load);
const http = makeHttp();

function makeHttp(): LabHttp {
  try {
    return new LabHttp(lab, fileURLToPath(new URL('../../dist/', import.meta.url)));
  } catch (error) {
    fail((error as Error).message);
  }
}

let requests = 0;
async function stop(): Promise<void> {
  if (requests++ > 0) process.exit(0);
  await http.close();
  await lab.end();
  process.exit(0);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop());
process.stdout.on('error', () => {});

try {
  await http.open(options.port);
} catch (error) {
  fail(whyNoPort(options.port, error));
}
await lab.begin();
console.log(`The lab is open: ${http.url}`);
console.log('Ctrl-C ends it, with its servers.');
if (options.open) openPage(http.url);
