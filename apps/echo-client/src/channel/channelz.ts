/**
 * The channel's connections as grpc-js's channelz knows them: the same for
 * every policy, also for those that publish no events.
 */
import { getChannelzHandlers } from '@grpc/grpc-js';
import type { EchoClient } from '@petiole/echo-proto';

/** One address that the channel knows. */
export interface AddressState {
  readonly address: string;
  /** `IDLE`, `CONNECTING`, `READY`, `TRANSIENT_FAILURE` or `SHUTDOWN`. */
  readonly state: string;
}

/** The parts of channelz.proto's messages that are read here. */
interface ChannelzAnswer {
  readonly channel?: { readonly subchannel_ref: readonly { readonly subchannel_id: number }[] };
  readonly subchannel?: {
    readonly data: { readonly target: string; readonly state: { readonly state: string } };
  };
}

type ChannelzHandler = (
  call: { readonly request: object },
  callback: (error: unknown, answer?: ChannelzAnswer) => void,
) => void;

// As handlers of a server they take whole calls; all they read of one is its request.
const handlers = getChannelzHandlers() as unknown as Readonly<
  Record<'GetChannel' | 'GetSubchannel', ChannelzHandler>
>;

/** They answer before they return; undefined for an entity that is gone. */
function ask(method: keyof typeof handlers, request: object): ChannelzAnswer | undefined {
  let found: ChannelzAnswer | undefined;
  handlers[method]({ request }, (_, answer) => {
    found = answer;
  });
  return found;
}

/** The state of every address that the channel has a subchannel for. */
export function addressStates(client: EchoClient): readonly AddressState[] {
  const { id } = client.getChannel().getChannelzRef();
  const { channel } = ask('GetChannel', { channel_id: String(id) }) ?? {};
  return (channel?.subchannel_ref ?? []).flatMap(({ subchannel_id }) => {
    const data = ask('GetSubchannel', { subchannel_id: String(subchannel_id) })?.subchannel?.data;
    return data === undefined ? [] : [{ address: data.target, state: data.state.state }];
  });
}

const CONNECTED_FIRST = ['READY', 'CONNECTING', 'TRANSIENT_FAILURE'] as const;

/** What a `pick_first` over addresses in these states would say. */
export function stateOfAddresses(
  states: readonly (string | undefined)[],
): (typeof CONNECTED_FIRST)[number] | 'IDLE' {
  return CONNECTED_FIRST.find((state) => states.includes(state)) ?? 'IDLE';
}
