/** What grpc-js's channelz knows of this process, asked in the process. */
import { addAdminServicesToServer, type Server } from '@grpc/grpc-js';

interface Ref {
  readonly channel_id?: number;
  readonly subchannel_id?: number;
  readonly socket_id?: number;
}

/** The parts of channelz.proto's messages that tests read. */
export interface ChannelzEntity {
  readonly ref: Ref;
  readonly data: {
    readonly target: string;
    readonly calls_started: number;
    readonly calls_succeeded: number;
    readonly calls_failed: number;
  };
  readonly subchannel_ref: readonly Ref[];
  readonly socket_ref: readonly Ref[];
}

type Handler = (
  call: { request: object },
  callback: (error: Error | null, response: Record<string, unknown>) => void,
) => void;

let handlers: Record<string, Handler> = {};
addAdminServicesToServer({
  addService: (_: unknown, implementation: Record<string, Handler>) => {
    handlers = { ...handlers, ...implementation };
  },
} as unknown as Server);

function ask(method: string, request: object): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const handler = handlers[method];
    if (handler === undefined) throw new Error(`channelz has no ${method}`);
    handler({ request }, (error, response) => (error ? reject(error) : resolve(response)));
  });
}

/** All channels, also those that grpc-js makes for single subchannels. */
export async function channelzChannels(): Promise<ChannelzEntity[]> {
  const { channel } = await ask('GetTopChannels', { start_channel_id: 0, max_results: 1000 });
  return channel as ChannelzEntity[];
}

/** Those whose target contains the text: `petiole-test:3`, or an address for single-subchannel ones. */
export async function channelsOf(text: string): Promise<ChannelzEntity[]> {
  return (await channelzChannels()).filter(({ data }) => data.target.includes(text));
}

/** A channel's subchannels. */
export function subchannelsOf(channel: ChannelzEntity): Promise<ChannelzEntity[]> {
  return Promise.all(
    channel.subchannel_ref.map(async ({ subchannel_id }) => {
      const { subchannel } = await ask('GetSubchannel', { subchannel_id });
      return subchannel as ChannelzEntity;
    }),
  );
}
