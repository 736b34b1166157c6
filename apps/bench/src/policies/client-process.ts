/** The clients of the policies' benchmark: channels with the same policy, and RPCs that come at random moments, or so many at a time. */
import { subscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Metadata, status } from '@grpc/grpc-js';
import { BenchChannel, type BenchChannelOptions } from '../load/bench-channel.js';
import { answer } from '../load/child.js';
import { KEY_HEADER, type Load, type Outcome } from './load.js';

const KEYS = 100_000;

let channels: readonly BenchChannel[] = [];
const dialled = new Set<string>();

// Node.js tells of each socket that this process opens.
subscribe('net.client.socket', (message) => {
  const { socket } = message as { socket: Socket };
  socket.once('connect', () =>
    dialled.add(`${socket.localPort} ${socket.remoteAddress}:${socket.remotePort}`),
  );
});

const handlers = {
  open({ count, ...options }: BenchChannelOptions & { readonly count: number }): void {
    channels = Array.from({ length: count }, () => new BenchChannel(options));
    for (const channel of channels) channel.connect();
  },

  resolve(endpoints: BenchChannelOptions['endpoints']): void {
    for (const channel of channels) channel.resolve(endpoints);
  },

  /** The channels have RPCs in turns. */
  async load(load: Load): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    const start = performance.now();
    let sent = 0;
    const one = async (): Promise<void> => {
      const channel = channels[sent++ % channels.length];
      if (channel === undefined) throw new Error('no channel');
      const at = performance.now() - start;
      const metadata = new Metadata();
      metadata.set(KEY_HEADER, String(Math.floor(Math.random() * KEYS)));
      const { error, peer } = await channel.call(metadata);
      outcomes.push({ at, ms: performance.now() - start - at, code: error?.code ?? status.OK, peer });
    };
    if ('rpcs' in load) {
      const work = async (): Promise<void> => {
        while (sent < load.rpcs) await one();
      };
      await Promise.all(Array.from({ length: load.atOnce }, work));
      return outcomes;
    }
    const running: Promise<void>[] = [];
    for (let due = 0; due < load.ms; due += (-Math.log(1 - Math.random()) * 1000) / load.perSecond) {
      const early = due - (performance.now() - start);
      if (early >= 1) await sleep(early);
      running.push(one());
    }
    await Promise.all(running);
    return outcomes;
  },

  /** The addresses that were connected to since the last time, once for each connection. */
  takeDialled(): string[] {
    const addresses = [...dialled].map((each) => each.split(' ')[1] ?? '');
    dialled.clear();
    return addresses;
  },

  close(): void {
    for (const channel of channels) channel.close();
    channels = [];
  },
};

export type ClientHandlers = typeof handlers;

answer(handlers);
