/** A picker that chooses by the earlier attempts alone is asked without a guard: what it throws is caught all the same. */
import { connectivityState as State, setLogger } from '@grpc/grpc-js';
import { SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { told } from '@petiole/test-kit/told';
import { expect, onTestFinished, test } from 'vitest';
import { EndpointChooser, type PolicyEndpoint } from '../../src/endpoints/endpoint.js';
import { definePolicy } from '../../src/index.js';

class Broken extends EndpointChooser {
  choose(): PolicyEndpoint {
    throw new Error('no choice');
  }
}

test('a chooser that throws fails its RPC, says so once, and is asked again', async () => {
  const lines: string[] = [];
  setLogger({ error: (line: string) => lines.push(line) });
  onTestFinished(() => setLogger(console));
  definePolicy({ name: 'broken_chooser', createPicker: () => new Broken() }).register();
  const channel = new SimulatedChannel({ broken_chooser: {} });
  channel.update(SimulatedChannel.endpoints(1));
  channel.all(State.READY);
  for (let rpcs = 0; rpcs < 2; rpcs++)
    expect(channel.pick()).toBe('broken_chooser: its picker threw Error: no choice');
  await told();
  expect(lines).toEqual([expect.stringContaining('broken_chooser: its picker threw Error: no choice')]);
});
