/**
 * The channel of one subchannel: for RPCs of our own on its connection, with no
 * policy between.
 */
import type { ChannelInterface, experimental } from '@grpc/grpc-js';

type Subchannel = ReturnType<experimental.SubchannelInterface['getRealSubchannel']>;

/**
 * A channel of its own for each caller, to be closed by it: grpc-js has one for all, without a count of its users.
 *
 * @param onBadMessage is told of a message that cannot be decompressed, and of its call by number. grpc-js's channel
 *   leaves that as a rejection which nobody can catch, and which ends the process.
 */
export function channelOf(
  subchannel: experimental.SubchannelInterface,
  onBadMessage: (error: unknown, callNumber: number | undefined) => void,
): ChannelInterface {
  const real = subchannel.getRealSubchannel();
  const createCall: Subchannel['createCall'] = (metadata, host, method, listener, callNumber) =>
    real.createCall(
      metadata,
      host,
      method,
      {
        onReceiveMetadata: (received) => listener.onReceiveMetadata(received),
        // The declared type is void.
        onReceiveMessage: (message) => {
          const received: unknown = listener.onReceiveMessage(message);
          Promise.resolve(received).catch((error) => onBadMessage(error, callNumber));
        },
        onReceiveStatus: (status) => listener.onReceiveStatus(status),
      },
      callNumber,
    );
  const guarded: Subchannel = Object.create(real, {
    createCall: { value: createCall },
    // Where grpc-js keeps the channel that getChannel() has made for somebody else.
    subchannelChannel: { value: null, writable: true },
  });
  return guarded.getChannel();
}
