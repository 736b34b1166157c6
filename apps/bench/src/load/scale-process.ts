/** The client of the scale benchmark: one policy with many endpoints, each with a connection of its own. */
import { setImmediate as turn } from 'node:timers/promises';
import type { LoadBalancingConfig } from '@grpc/grpc-js';
import { BenchChannel } from './bench-channel.js';
import { answer, cpuMs } from './child.js';
import { observed } from './probe-policy.js';

export interface ScaleRequest {
  readonly policy: LoadBalancingConfig;
  readonly endpoints: readonly string[];
  /** Unchanged re-resolutions. */
  readonly resolutions: number;
}

export interface ScaleResult {
  /** From the start until the policy has published every endpoint as READY. */
  readonly readyMs: number;
  readonly readyCpuMs: number;
  /** The longest turn of the event loop after each unchanged re-resolution. */
  readonly stallMs: readonly number[];
  /** CPU time of each unchanged re-resolution, all its turns together. */
  readonly resolutionCpuMs: readonly number[];
  /** Heap and buffers of all endpoints, after garbage collection. */
  readonly heapBytes: number;
  /** What the process has grown by. */
  readonly rssBytes: number;
}

/** Turns of the event loop that are watched after a re-resolution: what it defers ends in the first few. */
const TURNS = 10;

async function collected(): Promise<NodeJS.MemoryUsage> {
  for (let round = 0; round < 4; round++) {
    globalThis.gc?.();
    await turn();
  }
  return process.memoryUsage();
}

const inUse = ({ heapUsed, external }: NodeJS.MemoryUsage): number => heapUsed + external;

const handlers = {
  async measure({ policy, endpoints, resolutions }: ScaleRequest): Promise<ScaleResult> {
    // A client that is not measured loads what is loaded late.
    const [first = ''] = endpoints;
    const warm = new BenchChannel({ policy: observed(policy, {}), endpoints: [first] });
    await warm.unary();
    warm.close();

    const missing = new Set(endpoints);
    const before = await collected();
    const startCpu = cpuMs();
    const start = performance.now();
    const channel = await new Promise<BenchChannel>((resolve) => {
      const opened: BenchChannel = new BenchChannel({
        policy: observed(policy, {
          onReady: (address) => missing.delete(address),
          onPublish: () => {
            if (missing.size === 0) resolve(opened);
          },
        }),
        endpoints,
      });
      opened.connect();
    });
    const readyMs = performance.now() - start;
    const readyCpuMs = cpuMs() - startCpu;
    const after = await collected();

    const stallMs: number[] = [];
    const resolutionCpuMs: number[] = [];
    for (let i = 0; i < resolutions; i++) {
      await turn();
      channel.resolve(endpoints);
      const cpu = cpuMs();
      let stall = 0;
      for (let turns = 0; turns < TURNS; turns++) {
        const at = performance.now();
        await turn();
        stall = Math.max(stall, performance.now() - at);
      }
      resolutionCpuMs.push(cpuMs() - cpu);
      stallMs.push(stall);
    }
    const error = await channel.unary();
    if (error !== null) throw error;
    return {
      readyMs,
      readyCpuMs,
      stallMs,
      resolutionCpuMs,
      heapBytes: inUse(after) - inUse(before),
      rssBytes: after.rss - before.rss,
    };
  },
};

export type ScaleHandlers = typeof handlers;

answer(handlers);
