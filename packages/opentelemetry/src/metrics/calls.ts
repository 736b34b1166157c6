/** The metrics of one RPC and its attempts (gRFCs A66 and A96), as what happens to it is told. */
import type { status as Status } from '@grpc/grpc-js';
import type { Context } from '@opentelemetry/api';
import { context } from '#api';
import type { AttemptKind, AttemptObserver, Backend, CallObserver } from '../grpc-js/watchers.js';
import type { CallLabels } from '../labels/call.js';
import type { Instruments } from './instruments.js';

export class CallMetrics implements CallObserver {
  readonly instruments: Instruments;
  readonly labels: CallLabels;
  /** That in which the application started the RPC: its span is what exemplars show. */
  readonly context: Context = context.active();
  private readonly startedAt = performance.now();
  private retries = 0;
  private hedges = 0;
  private transparentRetries = 0;
  private active = 0;
  private idleSince = 0;
  private delayMs = 0;

  constructor(instruments: Instruments, labels: CallLabels) {
    this.instruments = instruments;
    this.labels = labels;
  }

  attemptStarted(kind: AttemptKind): AttemptObserver {
    this.instruments['grpc.client.attempt.started']?.add(1, this.labels.started, this.context);
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
    const { instruments, labels, context } = this;
    const seconds = (performance.now() - this.startedAt) / 1000;
    instruments['grpc.client.call.duration']?.record(seconds, labels.callEnded(code), context);
    const recordIfAny = (
      name: 'retries' | 'hedges' | 'transparent_retries' | 'retry_delay',
      value: number,
    ): void => {
      if (value > 0) instruments[`grpc.client.call.${name}`]?.record(value, labels.started, context);
    };
    recordIfAny('retries', this.retries);
    recordIfAny('hedges', this.hedges);
    recordIfAny('transparent_retries', this.transparentRetries);
    recordIfAny('retry_delay', this.delayMs / 1000);
  }

  private repeated(kind: Exclude<AttemptKind, 'original'>, now: number): void {
    if (kind === 'retry') this.retries += 1;
    else if (kind === 'hedge') this.hedges += 1;
    else this.transparentRetries += 1;
    if (this.active === 0) this.delayMs += now - this.idleSince;
  }
}

class AttemptMetrics implements AttemptObserver {
  readonly startedAt: number = performance.now();
  private readonly rpc: CallMetrics;

  constructor(rpc: CallMetrics) {
    this.rpc = rpc;
  }

  ended(code: Status, backend: Backend, sentBytes: number, receivedBytes: number): void {
    const { instruments, labels, context } = this.rpc;
    const now = performance.now();
    this.rpc.attemptEnded(now);
    const ended = labels.attemptEnded(code, backend);
    instruments['grpc.client.attempt.duration']?.record((now - this.startedAt) / 1000, ended, context);
    instruments['grpc.client.attempt.sent_total_compressed_message_size']?.record(sentBytes, ended, context);
    instruments['grpc.client.attempt.rcvd_total_compressed_message_size']?.record(
      receivedBytes,
      ended,
      context,
    );
  }
}
