/** The metrics of one RPC and its attempts (gRFCs A66 and A96), as what happens to it is told. */

import { status as Status } from '@grpc/grpc-js';
import { type Attributes, type Context, context } from '@opentelemetry/api';
import type { AttemptKind, AttemptObserver, CallObserver } from '../grpc-js/calls.js';
import type { Instruments } from './instruments.js';

/** Labels of an RPC that are known at its start, and those of its attempts beside. */
export interface CallLabels {
  readonly call: Attributes;
  /** Of metrics of attempts that have ended: what A89 and A78 add. */
  readonly attempt: Attributes;
}

export class CallMetrics implements CallObserver {
  readonly instruments: Instruments;
  readonly labels: CallLabels;
  /** That in which the application started the RPC: its span is what exemplars show. */
  readonly context: Context = context.active();
  private readonly startedAt = performance.now();
  private readonly repeated: Record<AttemptKind, number> = {
    original: 0,
    retry: 0,
    hedge: 0,
    'transparent retry': 0,
  };
  private active = 0;
  private idleSince = 0;
  private delayMs = 0;

  constructor(instruments: Instruments, labels: CallLabels) {
    this.instruments = instruments;
    this.labels = labels;
  }

  attemptStarted(kind: AttemptKind): AttemptObserver {
    this.instruments['grpc.client.attempt.started']?.add(1, this.labels.call, this.context);
    this.repeated[kind] += 1;
    if (this.active === 0 && kind !== 'original') this.delayMs += performance.now() - this.idleSince;
    this.active += 1;
    return new AttemptMetrics(this);
  }

  attemptEnded(): void {
    this.active -= 1;
    this.idleSince = performance.now();
  }

  ended(code: Status): void {
    const { instruments, labels, repeated, context } = this;
    const durationMs = performance.now() - this.startedAt;
    const ended = { ...labels.call, 'grpc.status': Status[code] };
    instruments['grpc.client.call.duration']?.record(durationMs / 1000, ended, context);
    const recordIfAny = (
      name: 'retries' | 'hedges' | 'transparent_retries' | 'retry_delay',
      value: number,
    ): void => {
      if (value > 0) instruments[`grpc.client.call.${name}`]?.record(value, labels.call, context);
    };
    recordIfAny('retries', repeated.retry);
    recordIfAny('hedges', repeated.hedge);
    recordIfAny('transparent_retries', repeated['transparent retry']);
    recordIfAny('retry_delay', this.delayMs / 1000);
  }
}

class AttemptMetrics implements AttemptObserver {
  private readonly rpc: CallMetrics;
  private readonly startedAt = performance.now();

  constructor(rpc: CallMetrics) {
    this.rpc = rpc;
  }

  ended({ code, sentBytes, receivedBytes }: Parameters<AttemptObserver['ended']>[0]): void {
    const { instruments, labels, context } = this.rpc;
    this.rpc.attemptEnded();
    const ended = { ...labels.call, 'grpc.status': Status[code], ...labels.attempt };
    const seconds = (performance.now() - this.startedAt) / 1000;
    instruments['grpc.client.attempt.duration']?.record(seconds, ended, context);
    instruments['grpc.client.attempt.sent_total_compressed_message_size']?.record(sentBytes, ended, context);
    instruments['grpc.client.attempt.rcvd_total_compressed_message_size']?.record(
      receivedBytes,
      ended,
      context,
    );
  }
}
