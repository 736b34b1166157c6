/** Clients that end with the test, and the states of their channels. */
import { type ChannelOptions, Client, credentials, connectivityState as State } from '@grpc/grpc-js';
import { onTestFinished } from 'vitest';

/** Proxies of the environment do not reach it. */
export function openClient(
  target: string,
  options: ChannelOptions = {},
  channelCredentials = credentials.createInsecure(),
): Client {
  const client = new Client(target, channelCredentials, { 'grpc.enable_http_proxy': 0, ...options });
  onTestFinished(() => client.close());
  return client;
}

/** The service config that spreads RPCs over all endpoints with grpc-js's own policy. */
export const ROUND_ROBIN: ChannelOptions = {
  'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
};

/** Waits (bounded by 15 s) until the channel is in that state. */
export async function untilState(
  { client }: { readonly client: Client },
  wanted: keyof typeof State,
): Promise<void> {
  const end = Date.now() + 15_000;
  const channel = client.getChannel();
  for (;;) {
    const state = channel.getConnectivityState(false);
    if (State[state] === wanted) return;
    await new Promise<void>((resolve, reject) =>
      channel.watchConnectivityState(state, end, (error) =>
        error ? reject(new Error(`the channel stayed ${State[state]}, never ${wanted}`)) : resolve(),
      ),
    );
  }
}
