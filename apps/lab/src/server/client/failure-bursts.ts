/**
 * What fails for one reason is one line of the log each second, and not one each: the reason is the server and the status code,
 * since details name times and addresses. An RPC fails with its last attempt.
 */
import { status } from '@grpc/grpc-js';
import type { Failure } from './attempt-watch.js';

/** A burst is told when so many ticks have passed. */
const TICKS = 10;

interface Burst {
  readonly server: number;
  readonly code: status;
  /** Of the first one. */
  readonly details: string;
  attempts: number;
  rpcs: number;
}

export class FailureBursts {
  readonly #tell: (server: number | undefined, text: string) => void;
  /** As many as there are servers and codes. */
  #bursts = new Map<string, Burst>();
  #ticks = 0;

  /** @param tell gets the server that they went to; undefined: none took them */
  constructor(tell: (server: number | undefined, text: string) => void) {
    this.#tell = tell;
  }

  attemptFailed(failure: Failure): void {
    this.#burstOf(failure).attempts++;
  }

  rpcFailed(failure: Failure): void {
    this.#burstOf(failure).rpcs++;
  }

  tick(): void {
    if (++this.#ticks < TICKS) return;
    this.#ticks = 0;
    for (const burst of this.#bursts.values())
      this.#tell(
        burst.server === 0 ? undefined : burst.server,
        `${whatFailed(burst)}: ${status[burst.code]}: ${burst.details}`,
      );
    this.#bursts = new Map();
  }

  #burstOf({ server, status: { code, details } }: Failure): Burst {
    const key = `${server} ${code}`;
    const known = this.#bursts.get(key);
    if (known !== undefined) return known;
    const burst = { server, code, details, attempts: 0, rpcs: 0 };
    this.#bursts.set(key, burst);
    return burst;
  }
}

function whatFailed({ attempts, rpcs }: Burst): string {
  const failed = rpcs === 1 ? '1 RPC failed' : `${rpcs} RPCs failed`;
  // An RPC that no attempt was made for has none to count.
  if (attempts <= rpcs) return failed;
  const tried = attempts === 1 ? '1 attempt failed' : `${attempts} attempts failed`;
  return `${tried}, ${rpcs === 0 ? 'and no RPC' : `and with the last ones ${rpcs === 1 ? '1 RPC' : `${rpcs} RPCs`}`}`;
}
