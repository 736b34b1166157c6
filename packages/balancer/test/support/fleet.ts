/** What tests of real connections begin with: channels that end with the test, and servers that say that they are well. */
import type { Backend } from '@petiole/test-kit/backend';
import { startBackend } from '@petiole/test-kit/servers';
import { told } from '@petiole/test-kit/told';
import { HealthImplementation } from 'grpc-health-check';
import { onTestFinished } from 'vitest';
import { TestChannel, type TestChannelOptions } from './test-channel.js';

export interface HealthyBackend {
  readonly backend: Backend;
  readonly health: HealthImplementation;
}

/** Backends with grpc-health-check, which says SERVING of the service `echo`. */
export function startHealthyFleet(count: number): Promise<HealthyBackend[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const health = new HealthImplementation({ echo: 'SERVING' });
      const backend = await startBackend({ services: (server) => health.addToServer(server) });
      return { backend, health };
    }),
  );
}

/** A channel that the test's end closes. */
export function openChannel(options: TestChannelOptions): TestChannel {
  const channel = new TestChannel(options);
  onTestFinished(() => {
    channel.close();
    // What is told of the end of one test must not reach the log of the next one.
    return told();
  });
  return channel;
}
