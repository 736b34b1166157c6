/** What fails together is one line of the log. */
import { Metadata, status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import type { Failure } from '../../src/server/client/attempt-watch.js';
import { FailureBursts } from '../../src/server/client/failure-bursts.js';

const failure = (server: number, code: status, details: string): Failure => ({
  server,
  status: { code, details, metadata: new Metadata() },
});

/** The lines of a second. */
function linesOf(happens: (bursts: FailureBursts) => void): readonly string[] {
  const lines: string[] = [];
  const bursts = new FailureBursts((server, text) => lines.push(`${server ?? 'none'}: ${text}`));
  happens(bursts);
  for (let tick = 0; tick < 10; tick++) bursts.tick();
  return lines;
}

test('failures of one server with one code are one line, though their details name other milliseconds', () => {
  const lines = linesOf((bursts) => {
    for (const details of ['after 3.001s', 'after 3.002s']) {
      bursts.attemptFailed(failure(1, status.DEADLINE_EXCEEDED, details));
      bursts.rpcFailed(failure(1, status.DEADLINE_EXCEEDED, details));
    }
    bursts.rpcFailed(failure(0, status.DEADLINE_EXCEEDED, 'no pick'));
    bursts.attemptFailed(failure(1, status.UNAVAILABLE, 'gone'));
  });
  expect(lines).toEqual([
    '1: 2 RPCs failed: DEADLINE_EXCEEDED: after 3.001s',
    'none: 1 RPC failed: DEADLINE_EXCEEDED: no pick',
    '1: 1 attempt failed, and no RPC: UNAVAILABLE: gone',
  ]);
});

test('where only some RPCs fail with their attempts, both are counted', () => {
  const lines = linesOf((bursts) => {
    for (let count = 0; count < 5; count++) bursts.attemptFailed(failure(2, status.UNAVAILABLE, 'gone'));
    bursts.rpcFailed(failure(2, status.UNAVAILABLE, 'gone'));
  });
  expect(lines).toEqual(['2: 5 attempts failed, and with the last ones 1 RPC: UNAVAILABLE: gone']);
});
