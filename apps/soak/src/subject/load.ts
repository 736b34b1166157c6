/**
 * Continuous load on one subject, unary RPCs and streams, drawn from the seed:
 * RPCs start at the pace that the seed sets, whether others have ended or not. It
 * can pause, so that a rotation can be read off a few RPCs sent one by one.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { ServiceError, status as Status, StatusObject } from '@grpc/grpc-js';
import { SeededRandom } from '../plan/seeded-random.js';
import type { Subject } from './subject.js';

const UNARY_WORKERS = 4;
const STREAM_WORKERS = 2;
/** Of one worker. What a frozen server holds up for the length of a deadline is less. */
const MAX_RUNNING = 200;
const UNARY_DEADLINE_MS = 3000;
const STREAM_DEADLINE_MS = 4000;
/** Between the starts of two RPCs of a worker. */
const PAUSE_MS = [10, 80] as const;
const MAX_SEED = 2 ** 31 - 1;
/** How long the server takes. */
const DELAY_MS = [0, 20] as const;
/** What the injected bug `lost-deadlines` shows on, and how often. */
const HANGS_MS = 8000;
const HANGS_ONCE_IN = 50;
/** How long a stream lasts. */
const STREAM_MS = [50, 800] as const;
const MESSAGE_EVERY_MS = 60;
/** Of one worker; at a hundred a second, more than a day's. */
const MAX_RPCS = 10_000_000;
/** An RPC that has been started is picked for within so long, unless it is queued. */
const PICKED_MS = 50;
/** RPCs that outlive their deadline are told by the watch over them; nobody waits longer for them. */
const END_MS = 10_000;

/** Sends one RPC and waits for its end. */
type Send = (subject: Subject, random: SeededRandom) => Promise<unknown>;

export class Load {
  readonly #subject: Subject;
  readonly #workers: Promise<void>[] = [];
  #stopped = false;
  #paused = false;

  constructor(subject: Subject, seed: number) {
    this.#subject = subject;
    for (let n = 0; n < UNARY_WORKERS + STREAM_WORKERS; n++) {
      const random = new SeededRandom(seed, n + 1);
      this.#workers.push(this.#work(random, n < UNARY_WORKERS ? unary : stream));
    }
  }

  /** No new RPCs until `resume`. Those in flight go on. */
  async pause(): Promise<void> {
    this.#paused = true;
    await pause(PICKED_MS);
  }

  resume(): void {
    this.#paused = false;
  }

  /** No new RPCs; waits for those in flight. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.race([Promise.all(this.#workers), pause(END_MS, undefined, { ref: false })]);
  }

  async #work(random: SeededRandom, send: Send): Promise<void> {
    const running = new Set<Promise<unknown>>();
    for (let n = 0; n < MAX_RPCS && !this.#stopped; n++) {
      await pause(random.integer(...PAUSE_MS));
      // The number is drawn in any case: the load of a seed does not depend on what fails.
      const rpc = new SeededRandom(random.integer(0, MAX_SEED));
      if (this.#paused || this.#stopped || running.size >= MAX_RUNNING) continue;
      const ended = send(this.#subject, rpc).finally(() => running.delete(ended));
      running.add(ended);
    }
    await Promise.all(running);
  }
}

/** One unary RPC; answers with the address that served it, undefined if it failed. */
export function unary(
  subject: Subject,
  random?: SeededRandom,
  deadlineMs: number = UNARY_DEADLINE_MS,
): Promise<string | undefined> {
  const { rpc, metadata, options } = subject.begin('unary', deadlineMs);
  const hangs = subject.plan.losesDeadlines && random?.onceIn(HANGS_ONCE_IN);
  const message = String(hangs ? HANGS_MS : (random?.integer(...DELAY_MS) ?? 0));
  return new Promise((resolve) => {
    subject.client.unaryEcho({ message }, metadata, options, (error: ServiceError | null) => {
      subject.end(rpc, error?.code ?? 0, error?.details ?? '');
      resolve(error ? undefined : rpc.connection?.address);
    });
  });
}

async function stream(subject: Subject, random: SeededRandom): Promise<undefined> {
  const { rpc, metadata, options } = subject.begin('stream', STREAM_DEADLINE_MS);
  const call = subject.client.bidirectionalStreamingEcho(metadata, options);
  const ended = new Promise<void>((resolve) => {
    call.on('status', ({ code, details }: StatusObject & { code: Status }) => {
      subject.end(rpc, code, details);
      resolve();
    });
  });
  // Each failure comes as a status too.
  call.on('error', () => {});
  call.on('data', () => {});
  // By the clock, not by the number of messages: on a starved machine a timer does not come every 60 ms.
  const until = performance.now() + random.integer(...STREAM_MS);
  const timer = setInterval(() => {
    if (performance.now() < until) call.write({ message: 'soak' });
    else {
      clearInterval(timer);
      call.end();
    }
  }, MESSAGE_EVERY_MS);
  await ended;
  clearInterval(timer);
}
