/**
 * Health watches without sockets: gives simulated subchannels the channel that a
 * Watch runs on, and the test plays the server.
 */
import {
  type ChannelInterface,
  type experimental,
  Metadata,
  status as Status,
  type StatusObject,
} from '@grpc/grpc-js';
import type { SimulatedSubchannel } from '@petiole/test-kit/simulated-channel';

type Listener = Parameters<experimental.CallStream['start']>[1];

/** One call of `Health/Watch`. */
export class SimulatedWatch {
  request: Buffer | undefined = undefined;
  reads = 0;
  halfClosed = false;
  cancellations = 0;
  private listener: Listener | undefined = undefined;
  private readonly started: Promise<void>;

  constructor(started: Promise<void>) {
    this.started = started;
  }

  start(_: Metadata, listener: Listener): Promise<void> {
    this.listener = listener;
    return this.started;
  }
  sendMessageWithContext(_: object, message: Buffer): void {
    this.request = message;
  }
  halfClose(): void {
    this.halfClosed = true;
  }
  startRead(): void {
    this.reads++;
  }
  cancelWithStatus(): void {
    this.cancellations++;
  }

  /** A message from the server, in the current turn: 1 is SERVING, 2 NOT_SERVING, 3 SERVICE_UNKNOWN. */
  answer(status: number): void {
    this.receive(Buffer.from([0x08, status]));
  }

  receive(message: Buffer): void {
    this.listener?.onReceiveMessage(message);
  }

  /** The end of the stream; its effects come in a microtask. */
  async end(status: Partial<StatusObject> = {}): Promise<void> {
    this.listener?.onReceiveStatus({
      code: Status.UNAVAILABLE,
      details: 'the end',
      metadata: new Metadata(),
      ...status,
    });
    await Promise.resolve();
  }
}

/** The channel of one subchannel. */
export class SimulatedWatchChannel {
  readonly watches: SimulatedWatch[] = [];
  readonly deadlines: unknown[] = [];
  closed = 0;
  /** What `start` of the next calls answers with. */
  started: Promise<void> = Promise.resolve();

  createCall(_: string, deadline: unknown): SimulatedWatch {
    const watch = new SimulatedWatch(this.started);
    this.watches.push(watch);
    this.deadlines.push(deadline);
    return watch;
  }

  close(): void {
    this.closed++;
  }

  /** The newest call. */
  get watch(): SimulatedWatch {
    const watch = this.watches.at(-1);
    if (watch === undefined) throw new Error('no Watch was started');
    return watch;
  }

  /** Makes it the channel of that subchannel. */
  static of(subchannel: SimulatedSubchannel): SimulatedWatchChannel {
    const channel = new SimulatedWatchChannel();
    Object.assign(subchannel, {
      subchannelChannel: null,
      getChannel: () => channel as unknown as ChannelInterface,
    });
    return channel;
  }
}
