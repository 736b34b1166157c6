/** A program that watches the Service `echo` of its pod and says what it is told, for as long as its standard input is open. */
import { watchTarget } from '../../src/watching/watch-target.js';

const [serviceAccount = ''] = process.argv.slice(2);
void watchTarget(
  {
    target: { authority: '', path: 'echo:grpc' },
    signal: new AbortController().signal,
    update: ({ endpoints }) => console.log(`${endpoints.length} endpoints`),
    fail: (error) => console.log(String(error)),
  },
  { env: process.env, serviceAccount },
);
process.stdin.resume();
