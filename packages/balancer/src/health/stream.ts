/**
 * One stream of `grpc.health.v1.Health/Watch`, from its start to its end. A status is reported as it comes; of those
 * that follow within a moment, the newest. A server that sends without end is read no faster than that allows.
 */
import { clearTimeout, setTimeout } from 'node:timers';
import {
  type ChannelInterface,
  type experimental,
  Metadata,
  status as Status,
  type StatusObject,
} from '@grpc/grpc-js';
import { messageOf, thrownText } from '@petiole/service-config/internal';
import type { ServingStatus } from '../events/endpoint-events.js';
import { decodeHealthCheckResponse, encodeHealthCheckRequest, WATCH_METHOD } from './protocol.js';

/** How a stream ended: the server's status, or what went wrong on this side. */
export type StreamEnd = Pick<StatusObject, 'code' | 'details'>;

export interface HealthStreamListener {
  onStatus(status: ServingStatus): void;
  /** Called once, and not at all after `stop()`. */
  onEnd(end: StreamEnd): void;
}

/** How long after a report the next one comes at the earliest. */
const REST_MS = 10;
/** How many messages are read meanwhile: a server that has more waits, by HTTP/2's flow control. */
const MOST_PER_REST = 100;

/** A status was reported a moment ago: until the timer ends, the newest of those that follow is kept. */
interface Resting {
  readonly is: 'RESTING';
  readonly timer: NodeJS.Timeout;
  newest: ServingStatus | undefined;
  /** How many more messages are read. */
  left: number;
}

type Phase = { readonly is: 'LISTENING' } | Resting | { readonly is: 'ENDED' };

export class HealthStream {
  private phase: Phase = { is: 'LISTENING' };
  private readonly call: experimental.CallStream;
  private readonly listener: HealthStreamListener;

  /** Starts at once. The listener is not called before the constructor returns. */
  constructor(channel: ChannelInterface, service: string, listener: HealthStreamListener) {
    this.listener = listener;
    // No deadline: grpc-js would leave its timer behind (B19). The stream ends with the connection at the latest.
    const call = channel.createCall(WATCH_METHOD, Number.POSITIVE_INFINITY, null, null, null);
    this.call = call;
    // The declared type is void, but the single-subchannel channel answers with a promise (B20). It rejects if the
    // connection is lost while call credentials are awaited; and a cancellation before it resolves has no effect.
    const started: unknown = call.start(new Metadata(), {
      onReceiveMetadata: () => {},
      onReceiveMessage: (message: Buffer | null) => this.received(message),
      // Later in the same turn: a subchannel that is no longer READY answers from within `start`.
      onReceiveStatus: (status) => queueMicrotask(() => this.end(status)),
    });
    Promise.resolve(started).then(
      () => {
        if (this.phase.is === 'ENDED') this.cancel();
      },
      (error) => this.end({ code: Status.UNAVAILABLE, details: thrownText(error) }),
    );
    const sent: unknown = call.sendMessageWithContext({}, encodeHealthCheckRequest(service));
    Promise.resolve(sent).catch((error) => this.fail(error));
    call.halfClose();
    call.startRead();
  }

  stop(): void {
    if (this.close()) this.cancel();
  }

  /** A message cannot be read, or ours cannot be sent: the stream ends with the error, which may be a status. */
  fail(error: unknown): void {
    const { code, details } = error as Partial<StreamEnd>;
    this.end({ code: code ?? Status.INTERNAL, details: details ?? messageOf(error) });
    this.cancel();
  }

  /** Whether it is grpc-js's call of that number. */
  is(callNumber: number | undefined): boolean {
    return this.call.getCallNumber() === callNumber;
  }

  private received(message: Buffer | null): void {
    const { phase } = this;
    if (phase.is === 'ENDED' || message === null) return;
    let status: ServingStatus;
    try {
      status = decodeHealthCheckResponse(message);
    } catch (error) {
      this.fail(error);
      return;
    }
    if (phase.is === 'RESTING') {
      phase.newest = status;
      phase.left--;
      if (phase.left > 0) this.call.startRead();
    } else {
      this.call.startRead();
      this.report(status);
    }
  }

  private report(status: ServingStatus): void {
    const resting: Resting = {
      is: 'RESTING',
      timer: setTimeout(() => this.rested(resting), REST_MS).unref(),
      newest: undefined,
      left: MOST_PER_REST,
    };
    this.phase = resting;
    this.listener.onStatus(status);
  }

  private rested({ timer, newest, left }: Resting): void {
    clearTimeout(timer);
    this.phase = { is: 'LISTENING' };
    if (left === 0) this.call.startRead();
    if (newest !== undefined) this.report(newest);
  }

  private end(end: StreamEnd): void {
    // The last word before the end counts.
    if (this.phase.is === 'RESTING') this.rested(this.phase);
    if (this.close()) this.listener.onEnd(end);
  }

  /** Whether it was open. */
  private close(): boolean {
    const { phase } = this;
    if (phase.is === 'RESTING') clearTimeout(phase.timer);
    this.phase = { is: 'ENDED' };
    return phase.is !== 'ENDED';
  }

  private cancel(): void {
    this.call.cancelWithStatus(Status.CANCELLED, 'health watch stopped');
  }
}
