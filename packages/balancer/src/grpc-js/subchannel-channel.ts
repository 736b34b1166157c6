/**
 * The channel of one subchannel: for RPCs of our own on its connection, with no policy between, and with answers of
 * at most {@link LONGEST_ANSWER}. The limit that the application has set for its own messages may be none.
 */
import {
  type ChannelInterface,
  type ChannelOptions,
  type experimental,
  status as Status,
} from '@grpc/grpc-js';
import { reportUnknownVersion } from './unknown-version.js';

type Subchannel = ReturnType<experimental.SubchannelInterface['getRealSubchannel']>;

/** In bytes, before and after decompression. A health status has two. */
const LONGEST_ANSWER = 1024;
const TOO_LONG = {
  code: Status.RESOURCE_EXHAUSTED,
  details: `Received message larger than ${LONGEST_ANSWER} bytes`,
};
/** The private field in which grpc-js keeps the channel that getChannel() has made for somebody else (B12). */
const CHANNEL_FIELD = 'subchannelChannel';

/** What gRPC puts before each message: whether it is compressed, and its length. */
const FRAME_HEADER = 5;

/**
 * A channel of its own for each caller, to be closed by it: grpc-js has one for all, without a count of its users.
 *
 * @param onBadMessage is told of a message that is too long or cannot be decompressed, and of its call by number.
 *   grpc-js's channel leaves the latter as a rejection which nobody can catch, and which ends the process.
 */
export function channelOf(
  subchannel: experimental.SubchannelInterface,
  onBadMessage: (error: unknown, callNumber: number | undefined) => void,
): ChannelInterface {
  const real = subchannel.getRealSubchannel();
  // Without the field, the channel may be one that somebody else uses and closes.
  if (!(CHANNEL_FIELD in real))
    reportUnknownVersion(
      `keeps the channel of a subchannel: there is no ${CHANNEL_FIELD}. Where somebody else uses that channel too, ` +
        'health checking may end with it',
    );
  const { options } = real as unknown as { options?: ChannelOptions };
  const createCall: Subchannel['createCall'] = (metadata, host, method, listener, callNumber) => {
    // Of our own: these may be the metadata object that the application's call credentials hand out each time.
    const own = metadata.clone();
    own.set('grpc-accept-encoding', 'identity');
    const call = real.createCall(
      own,
      host,
      method,
      {
        onReceiveMetadata: (received) => listener.onReceiveMetadata(received),
        onReceiveMessage: (message: Buffer | null) => {
          if (message !== null && message.length > FRAME_HEADER + LONGEST_ANSWER) {
            onBadMessage(TOO_LONG, callNumber);
            return;
          }
          // The declared type is void.
          const received: unknown = listener.onReceiveMessage(message);
          Promise.resolve(received).catch((error) => onBadMessage(error, callNumber));
        },
        onReceiveStatus: (status) => listener.onReceiveStatus(status),
      },
      callNumber,
    );
    // grpc-js has given the call's decoder the application's limit (B13). With ours, a long message is refused by its
    // length alone; without (another grpc-js), above, when all of it is there.
    const { decoder } = call as { decoder?: { maxReadMessageLength: number } };
    if (decoder !== undefined) decoder.maxReadMessageLength = LONGEST_ANSWER;
    return call;
  };
  const guarded: Subchannel = Object.create(real, {
    createCall: { value: createCall },
    [CHANNEL_FIELD]: { value: null, writable: true },
    // What grpc-js makes the channel of: the limit holds for what a message is decompressed to.
    options: { value: { ...options, 'grpc.max_receive_message_length': LONGEST_ANSWER } },
  });
  return guarded.getChannel();
}
