/**
 * `pnpm start`: turbo builds the packages and runs the servers and the client; this shows what they say, and of what
 * turbo says of itself the errors. Its last words count the servers, which it stops, among the tasks without success.
 */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { createInterface } from 'node:readline';

const bin = createRequire(import.meta.url).resolve('turbo/bin/turbo');
const args = ['run', 'start', '--filter=@petiole/echo-client', '--output-logs=new-only', '--json'];
const turbo = spawn(process.execPath, [bin, ...args], { stdio: ['inherit', 'pipe', 'inherit'] });

createInterface(turbo.stdout).on('line', (line) => {
  const { source, level, text } = JSON.parse(line);
  if (source === 'turbo') {
    if (level === 'error') console.error(text);
  } else if (!/^cache (hit|miss|bypass), /.test(text)) {
    console.log(text);
  } else if (text.startsWith('cache miss')) {
    console.log(`building ${source.replace(/#build$/, '')}`);
  }
});

// A terminal's Ctrl-C reaches turbo, too, which ends when its tasks have ended; so does this process, then.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => turbo.kill('SIGTERM'));
turbo.on('close', (code, signal) => {
  process.exitCode = code ?? 128 + constants.signals[signal];
});
