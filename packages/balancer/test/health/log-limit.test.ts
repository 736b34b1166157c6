/** A file of its own: what was logged is remembered as long as the process lives. */
import { type experimental, status as Status, setLogger } from '@grpc/grpc-js';
import { SimulatedSubchannel } from '@petiole/test-kit/simulated-channel';
import { told } from '@petiole/test-kit/told';
import { afterEach, expect, test } from 'vitest';
import { HealthCheckedSubchannel } from '../../src/health/checked-subchannel.js';
import { SimulatedWatchChannel } from '../support/simulated-watch.js';

afterEach(() => setLogger(console));

/** Watches the service on a server without a health service. */
async function watch(service: string): Promise<HealthCheckedSubchannel> {
  const below = new SimulatedSubchannel('10.0.0.1:1');
  const channel = SimulatedWatchChannel.of(below);
  const subchannel = new HealthCheckedSubchannel(
    below as unknown as experimental.SubchannelInterface,
    service,
    { started: () => {}, ended: () => {}, event: () => ({ target: 'dns:///echo', endpoint: '10.0.0.1:1' }) },
  );
  subchannel.addHealthStateWatcher(() => {});
  await channel.watch.end({ code: Status.UNIMPLEMENTED });
  return subchannel;
}

test('servers without a health service are logged for 1000 services, then no more; they go on counting as healthy', async () => {
  const lines: string[] = [];
  // A simulated subchannel lacks the private fields of grpc-js's, of which a line tells, too.
  const isMeant = (line: string) => line.includes('Health checking of service');
  setLogger({ error: (line: string) => void (isMeant(line) && lines.push(line)) });
  for (let i = 0; i < 1000; i++) await watch(`service ${i}`);
  await told();
  expect(lines).toHaveLength(1000);
  expect((await watch('service 1000')).isHealthy()).toBe(true);
  expect((await watch('service 0')).isHealthy()).toBe(true);
  await told();
  expect(lines).toHaveLength(1000);
});
