/**
 * The echo client's process: proves the distribution of `custom_round_robin`
 * over the three echo servers, prints the transcript, and exits with 0, or
 * with 1 and what was seen instead on stderr.
 */
import { ENDPOINTS, ITERATIONS, MESSAGE, REPEAT_COUNT, timeoutMs } from './reference-run.js';
import { VerifyError, verify } from './verify.js';

try {
  await verify({
    endpoints: ENDPOINTS,
    message: MESSAGE,
    repeatCount: REPEAT_COUNT,
    iterations: ITERATIONS,
    timeoutMs: timeoutMs(process.env),
    print: (line) => console.log(line),
  });
  console.log('Successful multiple iterations of 1:1:1 ratio');
} catch (error) {
  if (!(error instanceof VerifyError)) throw error;
  console.error(`echo-client: ${error.message}`);
  process.exitCode = 1;
}
