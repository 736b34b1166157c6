/**
 * One `grpc.health.v1.Health/Watch` on one connection (gRFC A17): reports each
 * status that the server sends, and starts again with back-off when the stream
 * ends. Runs on the subchannel's own channel, so no policy comes between.
 */
import {
  type ChannelInterface,
  experimental,
  Metadata,
  status as Status,
  type StatusObject,
} from '@grpc/grpc-js';
import {
  decodeHealthCheckResponse,
  encodeHealthCheckRequest,
  type ServingStatus,
  WATCH_METHOD,
} from './health-protocol.js';
import { channelOf } from './subchannel-channel.js';

type Failure = Pick<StatusObject, 'code' | 'details'>;

export interface HealthWatchListener {
  onStatus(status: ServingStatus): void;
  /** The server has no health service: A17 counts it as healthy. The watch is over. */
  onUnimplemented(): void;
  /** The stream ended with this status. The watch tries again. */
  onFailure(status: Failure): void;
}

export class HealthWatch {
  private readonly backoff: experimental.BackoffTimeout;
  private readonly channel: ChannelInterface;
  private call: experimental.CallStream | undefined = undefined;
  private stopped = false;
  /** The current stream was started without any wait, because its predecessor had brought a message. */
  private hurried = false;

  private readonly service: string;
  private readonly listener: HealthWatchListener;

  /** Starts at once. The listener is not called before the constructor returns. */
  constructor(subchannel: experimental.SubchannelInterface, service: string, listener: HealthWatchListener) {
    this.service = service;
    this.listener = listener;
    this.channel = channelOf(subchannel, (error, callNumber) => {
      const { call } = this;
      if (call !== undefined && call.getCallNumber() === callNumber) this.malformed(call, statusOf(error));
    });
    // The constants of gRPC's connection back-off are BackoffTimeout's defaults.
    this.backoff = new experimental.BackoffTimeout(() => {
      if (this.call === undefined) this.start(false);
    });
    this.backoff.unref();
    this.start(false);
  }

  /** Ends the stream, the timer and the channelz entry. The listener hears nothing afterwards. */
  stop(): void {
    this.stopped = true;
    this.backoff.stop();
    const { call } = this;
    this.call = undefined;
    call?.cancelWithStatus(Status.CANCELLED, 'health watch stopped');
    // Takes the channelz entry away; the stream has ended already.
    this.channel.close();
  }

  private start(hurried: boolean): void {
    this.hurried = hurried;
    // No deadline: grpc-js would leave its timer behind. The stream ends with the connection at the latest.
    const call = this.channel.createCall(WATCH_METHOD, Number.POSITIVE_INFINITY, null, null, null);
    this.call = call;
    // Back-off counts from the start of an attempt, as with connections.
    this.backoff.runOnce();
    // The declared type is void, but the single-subchannel channel answers with a promise. It rejects if the
    // connection is lost while call credentials are awaited; and a cancellation before it resolves has no effect.
    const started: unknown = call.start(new Metadata(), {
      onReceiveMetadata: () => {},
      onReceiveMessage: (message: Buffer | null) => this.received(call, message),
      // Later in the same turn: a subchannel that is no longer READY answers from within `start`.
      onReceiveStatus: (status) => queueMicrotask(() => this.ended(call, status)),
    });
    Promise.resolve(started).then(
      () => {
        if (this.call !== call) call.cancelWithStatus(Status.CANCELLED, 'health watch stopped');
      },
      (error) => this.ended(call, { code: Status.UNAVAILABLE, details: `${error}` }),
    );
    const sent: unknown = call.sendMessageWithContext({}, encodeHealthCheckRequest(this.service));
    Promise.resolve(sent).catch((error) => this.malformed(call, statusOf(error)));
    call.halfClose();
    call.startRead();
  }

  private received(call: experimental.CallStream, message: Buffer | null): void {
    if (this.call !== call || message === null) return;
    let status: ServingStatus;
    try {
      status = decodeHealthCheckResponse(message);
    } catch (error) {
      this.malformed(call, { code: Status.INTERNAL, details: (error as Error).message });
      return;
    }
    // A running BackoffTimeout is made longer by reset(), not shorter: stop it first.
    this.backoff.stop();
    this.backoff.reset();
    // A17: once a message has come, the next attempt waits for nothing. A server that answers and ends the stream
    // each time is asked again at once only every other time.
    if (this.hurried) this.backoff.runOnce();
    call.startRead();
    this.listener.onStatus(status);
  }

  /** A message that cannot be read, or one of ours that cannot be sent. */
  private malformed(call: experimental.CallStream, status: Failure): void {
    this.ended(call, status);
    call.cancelWithStatus(Status.CANCELLED, 'malformed health status');
  }

  private ended(call: experimental.CallStream, status: Failure): void {
    if (this.call !== call) return;
    this.call = undefined;
    if (status.code === Status.UNIMPLEMENTED) {
      this.backoff.stop();
      this.listener.onUnimplemented();
      return;
    }
    this.listener.onFailure(status);
    if (!this.stopped && !this.backoff.isRunning()) this.start(true);
  }
}

/** grpc-js's filters reject with statuses. */
function statusOf(error: unknown): Failure {
  const { code, details } = error as Partial<Failure>;
  return { code: code ?? Status.INTERNAL, details: details ?? `${error}` };
}
