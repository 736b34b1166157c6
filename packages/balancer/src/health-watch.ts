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

export interface HealthWatchListener {
  onStatus(status: ServingStatus): void;
  /** The server has no health service: A17 counts it as healthy. The watch is over. */
  onUnimplemented(): void;
  /** The stream ended with this status. The watch tries again. */
  onFailure(status: StatusObject): void;
}

export class HealthWatch {
  private readonly backoff: experimental.BackoffTimeout;
  private readonly channel: ChannelInterface;
  private call: experimental.CallStream | undefined = undefined;
  private stopped = false;

  private readonly service: string;
  private readonly listener: HealthWatchListener;

  constructor(subchannel: experimental.SubchannelInterface, service: string, listener: HealthWatchListener) {
    this.service = service;
    this.listener = listener;
    this.channel = subchannel.getChannel();
    // The constants of gRPC's connection back-off are BackoffTimeout's defaults.
    this.backoff = new experimental.BackoffTimeout(() => {
      if (this.call === undefined) this.start();
    });
    this.backoff.unref();
    this.start();
  }

  /** Ends the stream, releases the channel object. The listener hears nothing afterwards. */
  stop(): void {
    this.stopped = true;
    this.backoff.stop();
    this.cancel();
    this.channel.close();
  }

  private start(): void {
    // No deadline: grpc-js would leave its timer behind. The stream ends with the connection at the latest.
    const call = this.channel.createCall(WATCH_METHOD, Number.POSITIVE_INFINITY, null, null, null);
    this.call = call;
    this.backoff.runOnce();
    // The declared type is void, but the single-subchannel channel answers with a promise. It rejects if the
    // connection is lost while call credentials are awaited; and a cancellation before it resolves has no effect.
    const started: unknown = call.start(new Metadata(), {
      onReceiveMetadata: () => {},
      onReceiveMessage: (message: Buffer | null) => this.received(call, message),
      onReceiveStatus: (status) => this.ended(call, status),
    });
    Promise.resolve(started).then(
      () => {
        if (this.call !== call) call.cancelWithStatus(Status.CANCELLED, 'health watch stopped');
      },
      (error) => {
        this.ended(call, { code: Status.UNAVAILABLE, details: `${error}`, metadata: new Metadata() });
      },
    );
    call.sendMessageWithContext({}, encodeHealthCheckRequest(this.service));
    call.halfClose();
    call.startRead();
  }

  private received(call: experimental.CallStream, message: Buffer | null): void {
    if (this.call !== call || message === null) return;
    this.backoff.reset();
    call.startRead();
    try {
      this.listener.onStatus(decodeHealthCheckResponse(message));
    } catch (error) {
      this.ended(call, { code: Status.INTERNAL, details: `${error}`, metadata: new Metadata() });
      call.cancelWithStatus(Status.CANCELLED, 'malformed health response');
    }
  }

  private ended(call: experimental.CallStream, status: StatusObject): void {
    if (this.call !== call) return;
    this.call = undefined;
    if (status.code === Status.UNIMPLEMENTED) {
      this.backoff.stop();
      this.listener.onUnimplemented();
      return;
    }
    this.listener.onFailure(status);
    // As with connections, back-off counts from the start of the attempt: a stream that lived long is replaced
    // at once, one that ends early waits for the timer.
    if (!this.stopped && !this.backoff.isRunning()) this.start();
  }

  private cancel(): void {
    const { call } = this;
    this.call = undefined;
    call?.cancelWithStatus(Status.CANCELLED, 'health watch stopped');
  }
}
