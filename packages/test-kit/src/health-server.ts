/**
 * A `grpc.health.v1.Health` whose every Watch the test answers by hand, byte for
 * byte: for servers that behave oddly. Well-behaved ones use grpc-health-check.
 */
import {
  type Metadata,
  type Server,
  type ServerWritableStream,
  type StatusObject,
  status,
} from '@grpc/grpc-js';
import { Condition } from './condition.js';

const bytes = (value: Buffer): Buffer => value;

/** How long {@link HealthServer.stream} and the like wait. */
const PATIENCE_MS = 10_000;

export type Answer = 'UNKNOWN' | 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';
const NUMBERS: Record<Answer, number> = { UNKNOWN: 0, SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 };

/** One Watch that has reached the server. */
export class WatchStream {
  /** The client has cancelled it, or its connection is gone. */
  cancelled = false;
  readonly request: Buffer;
  readonly metadata: Metadata;
  readonly authority: string;
  /** The client's end of the connection. */
  readonly peer: string;
  private readonly call: ServerWritableStream<Buffer, Buffer>;

  constructor(call: ServerWritableStream<Buffer, Buffer>) {
    this.call = call;
    this.request = call.request;
    this.metadata = call.metadata;
    this.authority = call.getHost();
    this.peer = call.getPeer();
    call.on('error', () => {});
  }

  /** The service name of the request. */
  get service(): string {
    return this.request.subarray(2).toString();
  }

  answer(answer: Answer): void {
    this.write(Buffer.from([0x08, NUMBERS[answer]]));
  }

  write(message: Buffer): void {
    this.call.write(message);
  }

  /** Ends the stream with OK, or another status. */
  end(failure?: Partial<StatusObject>): void {
    if (failure === undefined) this.call.end();
    else this.call.emit('error', { code: status.UNKNOWN, details: 'failed', ...failure });
  }
}

export class HealthServer {
  /** All Watch streams that ever arrived, in order. */
  readonly streams: WatchStream[] = [];
  /** Called with each Watch that arrives; the default leaves it without an answer. */
  onWatch: (stream: WatchStream) => void = () => {};
  private readonly observed: Condition = new Condition();

  /** For {@link BackendOptions.services}. */
  readonly addTo = (server: Server): void => {
    server.addService(
      {
        watch: {
          path: '/grpc.health.v1.Health/Watch',
          requestStream: false,
          responseStream: true,
          requestSerialize: bytes,
          requestDeserialize: bytes,
          responseSerialize: bytes,
          responseDeserialize: bytes,
        },
      },
      {
        watch: (call: ServerWritableStream<Buffer, Buffer>) => {
          const stream = new WatchStream(call);
          call.on('cancelled', () => {
            stream.cancelled = true;
            this.observe();
          });
          this.streams.push(stream);
          this.onWatch(stream);
          this.observe();
        },
      },
    );
  };

  /** Watch streams that are still open. */
  get open(): readonly WatchStream[] {
    return this.streams.filter((stream) => !stream.cancelled);
  }

  /** The stream of that number, from 0, as soon as it has arrived. */
  async stream(index = 0): Promise<WatchStream> {
    await this.until(() => this.streams.length > index, `Watch number ${index}`);
    return this.streams[index] as WatchStream;
  }

  /** Waits until so many Watch streams are open. */
  untilOpen(count: number): Promise<void> {
    return this.until(() => this.open.length === count, `${count} open Watch streams`);
  }

  private until(condition: () => boolean, what: string): Promise<void> {
    return this.observed.until(condition, PATIENCE_MS, () => `never at the server: ${what}`);
  }

  private observe(): void {
    this.observed.changed();
  }
}
