/**
 * How long a server takes to answer. grpc-js tells a policy of the start and the end of an RPC, and neither of its messages nor
 * whether it is a stream, which would count by its length. So the calls of a connection are watched where grpc-js makes them (B24).
 */
import type { experimental, status as Status } from '@grpc/grpc-js';
import { reportUnknownVersion } from './unknown-version.js';

type SubchannelInterface = experimental.SubchannelInterface;
type Subchannel = ReturnType<SubchannelInterface['getRealSubchannel']>;
type CreateCall = Subchannel['createCall'];
type Listener = Parameters<CreateCall>[3];

/**
 * An RPC has ended.
 *
 * @param waited the milliseconds from the end of its request to its one message, or where it has none to its end. Undefined of a
 *   stream: of one whose request goes on when the first answer comes, or that has several
 */
export type AnswerObserver = (code: Status, waited: number | undefined) => void;

/** The subchannel, whose calls tell the observer. Policies above unwrap the subchannel that they have made (B8). */
export function watchAnswers(subchannel: SubchannelInterface, observer: AnswerObserver): SubchannelInterface {
  const { child } = subchannel as { child?: SubchannelInterface };
  if (child !== undefined)
    return Object.create(subchannel, { child: { value: watchAnswers(child, observer) } });
  const watched: CreateCall = (metadata, host, method, listener, callNumber) => {
    const answer = new Answer(listener, observer);
    const call = (subchannel as Subchannel).createCall(metadata, host, method, answer, callNumber);
    const { halfClose } = call;
    if (typeof halfClose !== 'function')
      reportUnknownVersion(
        'ends the request of a call: it has no halfClose(). peak_ewma then learns of failures alone',
      );
    call.halfClose = () => {
      answer.requestEnded();
      halfClose.call(call);
    };
    return call;
  };
  return Object.create(subchannel, { createCall: { value: watched } });
}

class Answer implements Listener {
  private readonly listener: Listener;
  private readonly observer: AnswerObserver;
  private requestEndedAt: number | undefined = undefined;
  private messages = 0;
  private waited: number | undefined = undefined;

  constructor(listener: Listener, observer: AnswerObserver) {
    this.listener = listener;
    this.observer = observer;
  }

  requestEnded(): void {
    this.requestEndedAt = performance.now();
  }

  onReceiveMetadata(...received: Parameters<Listener['onReceiveMetadata']>): void {
    this.listener.onReceiveMetadata(...received);
  }

  onReceiveMessage(...received: Parameters<Listener['onReceiveMessage']>): void {
    this.waited = ++this.messages === 1 ? this.sinceRequest() : undefined;
    this.listener.onReceiveMessage(...received);
  }

  onReceiveStatus(...received: Parameters<Listener['onReceiveStatus']>): void {
    this.observer(received[0].code, this.messages === 0 ? this.sinceRequest() : this.waited);
    this.listener.onReceiveStatus(...received);
  }

  private sinceRequest(): number | undefined {
    return this.requestEndedAt === undefined ? undefined : performance.now() - this.requestEndedAt;
  }
}
