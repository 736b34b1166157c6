/** The client of the failover benchmark: steady load, and the moments at which RPCs go to one endpoint. */
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LoadBalancingConfig } from '@grpc/grpc-js';
import { answered, BenchChannel } from './bench-channel.js';
import { answer, machineMs } from './child.js';
import { observed } from './probe-policy.js';

/** RPCs at a time. */
const IN_FLIGHT = 4;
/** Time after a change in which an RPC that went wrong would show. */
const AFTERMATH_MS = 100;
const PATIENCE_MS = 10_000;

/** What happened on one endpoint since it is watched; times on the machine's clock. */
export interface Watched {
  /** The connection's first sign of its death: end or error, before its close. */
  dying: number | undefined;
  closed: number | undefined;
  lastPick: number | undefined;
  lastSent: number | undefined;
  sentAfterClose: number;
}

let watchedAddress = '';
let watched: Watched = nothing();
let failed = 0;
let running = false;
let load: Promise<unknown> = Promise.resolve();
let channel: BenchChannel | undefined;

function nothing(): Watched {
  return { dying: undefined, closed: undefined, lastPick: undefined, lastSent: undefined, sentAfterClose: 0 };
}

// Node.js tells of each socket that this process opens, before HTTP/2 listens to it.
subscribe('net.client.socket', (message) => {
  const { socket } = message as { socket: Socket };
  socket.once('connect', () => {
    const address = `${socket.remoteAddress}:${socket.remotePort}`;
    const dying = () => {
      if (address === watchedAddress) watched.dying ??= machineMs();
    };
    socket.once('end', dying);
    socket.once('error', dying);
    socket.once('close', () => {
      if (address === watchedAddress) watched.closed ??= machineMs();
    });
  });
});

const observer = {
  onPick(address: string) {
    if (address === watchedAddress) watched.lastPick = machineMs();
  },
  onSent(address: string) {
    if (address !== watchedAddress) return;
    watched.lastSent = machineMs();
    if (watched.closed !== undefined) watched.sentAfterClose++;
  },
};

async function work(on: BenchChannel): Promise<void> {
  while (running) if ((await on.unary()) !== null) failed++;
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`never: ${what}`);
    await sleep(5);
  }
}

const handlers = {
  async open(options: {
    policy: LoadBalancingConfig;
    endpoints: readonly string[];
    healthCheck: boolean;
  }): Promise<void> {
    const opened = new BenchChannel({ ...options, policy: observed(options.policy, observer) });
    channel = opened;
    await answered(opened);
    running = true;
    load = Promise.all(Array.from({ length: IN_FLIGHT }, () => work(opened)));
  },

  async close(): Promise<void> {
    running = false;
    await load;
    channel?.close();
  },

  /** Waits until RPCs go to the endpoint, and counts from there. */
  async watch(address: string): Promise<void> {
    watchedAddress = address;
    watched = nothing();
    await until(() => watched.lastSent !== undefined, `an RPC to ${address}`);
    watched = nothing();
    failed = 0;
  },

  /** What became of the endpoint whose connection dies. */
  async afterDeath(): Promise<Watched & { failed: number }> {
    await until(() => watched.closed !== undefined, 'the connection closes');
    await sleep(AFTERMATH_MS);
    return { ...watched, failed };
  },

  /** What became of the endpoint whose server says that it does not serve. */
  async afterChange(): Promise<Watched & { failed: number }> {
    await sleep(AFTERMATH_MS);
    return { ...watched, failed };
  },

  /** Milliseconds from opening a channel to the answer of its first RPC, for each of so many channels. */
  async firstAnswers(options: {
    policy: LoadBalancingConfig;
    endpoint: string;
    times: number;
  }): Promise<number[]> {
    const all: number[] = [];
    for (let i = 0; i < options.times; i++) {
      const start = performance.now();
      const fresh = new BenchChannel({ policy: options.policy, endpoints: [options.endpoint] });
      await answered(fresh);
      all.push(performance.now() - start);
      fresh.close();
    }
    return all;
  },
};

export type FailoverHandlers = typeof handlers;

answer(handlers);
