/** Several backends at once, and what is released when a test is over. */
import { connectivityState as State } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { afterEach } from 'vitest';
import { Backend, type BackendOptions } from './servers/backend.js';
import { TestChannel, type TestChannelOptions } from './test-channel.js';
import { told } from './told.js';

const cleanups: (() => void)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
  // What is told of the end of one test must not reach the log of the next one.
  await told();
});

/** Runs when the current test is over, however it ends. */
export function atEnd(cleanup: () => void): void {
  cleanups.push(cleanup);
}

/** Starts backends on ports of their own; the test's end kills them. */
export function startFleet(count: number, options: BackendOptions = {}): Promise<Backend[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const backend = await Backend.start(options);
      atEnd(() => backend.kill());
      return backend;
    }),
  );
}

export interface HealthyBackend {
  readonly backend: Backend;
  readonly health: HealthImplementation;
}

/** The same with grpc-health-check, which says SERVING of the service `echo`. */
export function startHealthyFleet(count: number): Promise<HealthyBackend[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const health = new HealthImplementation({ echo: 'SERVING' });
      const [backend] = await startFleet(1, { services: (server) => health.addToServer(server) });
      return { backend: backend as Backend, health };
    }),
  );
}

/** A channel that the test's end closes. */
export function openChannel(options: TestChannelOptions): TestChannel {
  const channel = new TestChannel(options);
  atEnd(() => channel.close());
  return channel;
}

/** Waits (bounded by 15 s) until the channel is in that state. */
export async function untilState({ client }: TestChannel, wanted: keyof typeof State): Promise<void> {
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
