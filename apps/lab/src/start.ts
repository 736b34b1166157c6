/** `pnpm lab`: builds the page, which takes a while, and starts the lab. What can be wrong with its options is told before. */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readCommandLine } from './server/command-line.js';
import { tryPort, whyNoPort } from './server/port.js';

const { port } = readCommandLine(process.argv);
try {
  await tryPort(port);
} catch (error) {
  console.error(`lab: ${whyNoPort(port, error)}`);
  process.exit(1);
}

const vite = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin/vite.js');
const { status } = spawnSync(process.execPath, [vite, 'build', '--logLevel', 'warn'], {
  cwd: fileURLToPath(new URL('..', import.meta.url)),
  stdio: 'inherit',
});
if (status === 0) await import('./server/main.js');
else process.exitCode = status ?? 1;
