/** A program that watches the Service `echo` of its pod and says what it is told, for as long as its standard input is open. */
import { watchTarget } from '../../src/watching/watch-target.js';

const [serviceAccount = ''] = process.argv.slice(2);
watchTarget(
  {
    target: { authority: '', path: 'echo:grpc' },
    signal: new AbortController().signal,
    update: ({ endpoints }) => console.log(`${endpoints.length} endpoints`),
  },
  { env: process.env, serviceAccount },
  { firstPause: 120_000, longestPause: 120_000, longestSilence: 120_000, longestOutage: 120_000 },
).catch(console.log);
process.stdin.resume();
