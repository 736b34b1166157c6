/**
 * `grpc.health.v1.Health/Watch` on one connection (gRFC A17), one stream after the other: when a stream ends, the
 * next one starts. Runs on the subchannel's own channel, so no policy comes between.
 */
import { clearTimeout, setTimeout } from 'node:timers';
import { type ChannelInterface, type experimental, status as Status } from '@grpc/grpc-js';
import type { ServingStatus } from '../events/endpoint-events.js';
import { channelOf } from '../grpc-js/subchannel-channel.js';
import { HTTP_NOT_FOUND } from './protocol.js';
import { HealthStream, type StreamEnd } from './stream.js';

export interface HealthWatchListener {
  onStatus(status: ServingStatus): void;
  /** The server has no health service: A17 counts it as healthy. The watch is over. */
  onUnimplemented(): void;
  /** Something before the server answered with HTTP status 404. The watch tries again. */
  onNotFound(): void;
  /** A stream ended that had brought a status. The watch tries again; the status holds until it has an answer. */
  onCut(end: StreamEnd): void;
  /** A stream ended that had brought none. The watch tries again. */
  onFailure(end: StreamEnd): void;
}

/** gRPC's connection back-off: ms from the start of one stream to the start of the next. */
const FIRST_GAP_MS = 1000;
const LONGEST_GAP_MS = 120_000;
const GROWTH = 1.6;
const JITTER = 0.2;

interface Asking {
  readonly is: 'ASKING';
  readonly stream: HealthStream;
  readonly startedAt: number;
  /** The stream has brought a status. */
  answered: boolean;
}

type Phase =
  | Asking
  /** The timer starts the next stream. */
  | { readonly is: 'PAUSING'; readonly timer: NodeJS.Timeout }
  | { readonly is: 'OVER' };

export class HealthWatch {
  private phase: Phase;
  /** How far from the start of this stream that of the next one is at least; grows with each that brings no status. */
  private gap: number = FIRST_GAP_MS;
  private readonly channel: ChannelInterface;

  private readonly service: string;
  private readonly listener: HealthWatchListener;

  /** Starts at once. The listener is not called before the constructor returns. */
  constructor(subchannel: experimental.SubchannelInterface, service: string, listener: HealthWatchListener) {
    this.service = service;
    this.listener = listener;
    this.channel = channelOf(subchannel, (error, callNumber) => {
      const { phase } = this;
      if (phase.is === 'ASKING' && phase.stream.is(callNumber)) phase.stream.fail(error);
    });
    this.phase = this.ask();
  }

  /** Ends the stream, the timer and the channelz entry. The listener hears nothing afterwards. */
  stop(): void {
    const { phase } = this;
    this.phase = { is: 'OVER' };
    if (phase.is === 'ASKING') phase.stream.stop();
    if (phase.is === 'PAUSING') clearTimeout(phase.timer);
    // Takes the channelz entry away; the stream has ended already.
    this.channel.close();
  }

  private ask(): Asking {
    const stream = new HealthStream(this.channel, this.service, {
      onStatus: (status) => {
        asking.answered = true;
        this.listener.onStatus(status);
      },
      onEnd: (end) => this.ended(end, asking),
    });
    const asking: Asking = { is: 'ASKING', stream, startedAt: performance.now(), answered: false };
    return asking;
  }

  private ended(end: StreamEnd, { answered, startedAt }: Asking): void {
    const notFound = end.details === HTTP_NOT_FOUND;
    if (end.code === Status.UNIMPLEMENTED && !notFound) {
      this.phase = { is: 'OVER' };
      this.listener.onUnimplemented();
      return;
    }
    if (answered) this.gap = FIRST_GAP_MS;
    this.phase = this.after(startedAt + this.gap - performance.now());
    if (!answered)
      this.gap = Math.min(this.gap * GROWTH, LONGEST_GAP_MS) * (1 + JITTER * (2 * Math.random() - 1));
    // Last: whoever hears it may stop the watch.
    if (answered) this.listener.onCut(end);
    else if (notFound) this.listener.onNotFound();
    else this.listener.onFailure(end);
  }

  /** The next stream, at once or after a pause. */
  private after(ms: number): Phase {
    if (ms <= 0) return this.ask();
    const next = (): void => {
      this.phase = this.ask();
    };
    // Whole: after one timer of a fractional delay, V8 boxes the delay of every timer in the process.
    return { is: 'PAUSING', timer: setTimeout(next, Math.ceil(ms)).unref() };
  }
}
