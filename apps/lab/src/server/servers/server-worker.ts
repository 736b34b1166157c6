/** The thread of one server: opens and closes its listeners as it is told, and counts what arrives in shared memory. */
import { parentPort, workerData } from 'node:worker_threads';
import { ServerCredentials } from '@grpc/grpc-js';
import { Listener } from '@petiole/echo-server/listener';
import { type Answer, type Order, SHARED } from './orders.js';

const shared = new Int32Array(workerData as SharedArrayBuffer);
const faults = { delayMs: 0, errorRate: 0 };
let healthy = true;
let listeners: Listener[] = [];

parentPort?.on('message', (order: Order) => {
  void obey(order).then((answer) => answer && parentPort?.postMessage(answer));
});

async function obey(order: Order): Promise<Answer | undefined> {
  switch (order.do) {
    case 'open':
      return open(order.address, order.streamLimit);
    case 'close':
      return { is: 'closed', cutOff: await close(order.graceMs) };
    case 'cut-off':
      for (const listener of listeners) listener.cutOff();
      return;
    case 'behave':
      Object.assign(faults, { delayMs: order.delayMs, errorRate: order.errorRate });
      healthy = order.healthy;
      for (const listener of listeners) listener.healthy = healthy;
      return;
    case 'end':
      await close(0);
      parentPort?.close();
      return;
    case 'freeze':
      Atomics.wait(shared, SHARED.frozen, 1);
      return;
  }
}

async function open(address: string, streamLimit: number | undefined): Promise<Answer> {
  const listener = new Listener({
    address,
    credentials: ServerCredentials.createInsecure(),
    faults,
    serverOptions: streamLimit === undefined ? {} : { 'grpc.max_concurrent_streams': streamLimit },
    onArrival: () => Atomics.add(shared, SHARED.arrivals, 1),
    onRpc: () => {},
  });
  listener.healthy = healthy;
  // Orders that come while it starts are for it, too.
  listeners.push(listener);
  try {
    await listener.start();
  } catch (error) {
    return { is: 'failed', problem: (error as Error).message };
  }
  return { is: 'open', address: listener.address };
}

async function close(graceMs: number): Promise<number> {
  const cutOff = await Promise.all(listeners.map((listener) => listener.stop(graceMs)));
  listeners = [];
  return cutOff.reduce((sum, count) => sum + count, 0);
}
