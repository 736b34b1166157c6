/** The metrics of one RPC and its attempts (gRFCs A66 and A96), as what happens to it is told. */
import type { status as Status } from '@grpc/grpc-js';
import type { Attributes, Context } from '@opentelemetry/api';
import { context } from '#api';
import type { AttemptKind, AttemptObserver, Backend, CallObserver } from '../grpc-js/watchers.js';
import type { CallLabels } from '../labels/call.js';
import { Count } from './count.js';
import type { Instruments } from './instruments.js';
import type { Late, Turn } from './turn.js';

export class CallMetrics implements CallObserver, Late {
  readonly instruments: Instruments;
  readonly labels: CallLabels;
  readonly turn: Turn;
  /** That in which the application started the RPC: its span is what exemplars show. */
  readonly context: Context = context.active();
  private readonly startedAt = performance.now();
  private seconds = 0;
  private code: Status = 0;
  private active = 0;
  private idleSince = 0;
  /** Most RPCs have none. */
  private repetitions: Repetitions | undefined = undefined;

  constructor(instruments: Instruments, labels: CallLabels, turn: Turn) {
    this.instruments = instruments;
    this.labels = labels;
    this.turn = turn;
  }

  attemptStarted(kind: AttemptKind): AttemptObserver {
    const started = this.instruments['grpc.client.attempt.started'];
    if (started) Count.add(this.turn, started, this.labels.started, this.context);
    const attempt = new AttemptMetrics(this);
    if (kind !== 'original') this.repeated(kind, attempt.startedAt);
    this.active += 1;
    return attempt;
  }

  attemptEnded(now: number): void {
    this.active -= 1;
    this.idleSince = now;
  }

  ended(code: Status): void {
    this.seconds = (performance.now() - this.startedAt) / 1000;
    this.code = code;
    this.turn.add(this);
  }

  record(): void {
    const { instruments, labels, context } = this;
    instruments['grpc.client.call.duration']?.record(this.seconds, labels.callEnded(this.code), context);
    this.repetitions?.record(this);
  }

  private repeated(kind: Repetition, now: number): void {
    this.repetitions ??= new Repetitions();
    this.repetitions.counts[kind] += 1;
    if (this.active === 0) this.repetitions.delayMs += now - this.idleSince;
  }
}

type Repetition = Exclude<AttemptKind, 'original'>;

/** Attempts of an RPC after its first one (A96). */
class Repetitions {
  readonly counts: Record<Repetition, number> = { retry: 0, hedge: 0, 'transparent retry': 0 };
  delayMs = 0;

  record({ instruments, labels, context }: CallMetrics): void {
    const values = {
      'grpc.client.call.retries': this.counts.retry,
      'grpc.client.call.hedges': this.counts.hedge,
      'grpc.client.call.transparent_retries': this.counts['transparent retry'],
      'grpc.client.call.retry_delay': this.delayMs / 1000,
    } as const;
    for (const [name, value] of Object.entries(values))
      if (value > 0) instruments[name as keyof typeof values]?.record(value, labels.started, context);
  }
}

class AttemptMetrics implements AttemptObserver, Late {
  readonly startedAt: number = performance.now();
  private readonly rpc: CallMetrics;
  private seconds = 0;
  private sentBytes = 0;
  private receivedBytes = 0;
  private labels: Attributes | undefined = undefined;

  constructor(rpc: CallMetrics) {
    this.rpc = rpc;
  }

  ended(code: Status, backend: Backend, sentBytes: number, receivedBytes: number): void {
    const now = performance.now();
    this.rpc.attemptEnded(now);
    this.seconds = (now - this.startedAt) / 1000;
    this.sentBytes = sentBytes;
    this.receivedBytes = receivedBytes;
    this.labels = this.rpc.labels.attemptEnded(code, backend);
    this.rpc.turn.add(this);
  }

  record(): void {
    const { instruments, context } = this.rpc;
    const { labels } = this;
    instruments['grpc.client.attempt.duration']?.record(this.seconds, labels, context);
    instruments['grpc.client.attempt.sent_total_compressed_message_size']?.record(
      this.sentBytes,
      labels,
      context,
    );
    instruments['grpc.client.attempt.rcvd_total_compressed_message_size']?.record(
      this.receivedBytes,
      labels,
      context,
    );
  }
}
