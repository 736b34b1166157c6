/** The client of the throughput benchmark: one policy in one process, as an application has it. */
import type { LoadBalancingConfig } from '@grpc/grpc-js';
import { answered, BenchChannel, PAYLOAD } from './bench-channel.js';
import { answer, cpuMs } from './child.js';
import { type ByHand, type Recording, startRecording } from './recording.js';

let channel: BenchChannel | undefined;
let byHand: ByHand | undefined;

export interface ThroughputClient {
  readonly policy: LoadBalancingConfig;
  /** Default: nothing is recorded, without any instrumentation. */
  readonly recording?: Recording;
}

export interface Slice {
  readonly rpcs: number;
  /** RPCs at a time. */
  readonly inFlight: number;
}

export interface SliceResult {
  readonly rpcsPerSecond: number;
  /** CPU time of this process for one RPC, in microseconds. */
  readonly cpuUs: number;
  /** Of each RPC, in milliseconds. */
  readonly latencies: readonly number[];
}

async function work(left: { rpcs: number }, latencies: number[]): Promise<void> {
  if (channel === undefined) throw new Error('no channel');
  while (left.rpcs > 0) {
    left.rpcs--;
    const start = performance.now();
    byHand?.started();
    await answered(channel);
    const latency = performance.now() - start;
    byHand?.ended(latency, PAYLOAD.length);
    latencies.push(latency);
  }
}

const handlers = {
  /** Connects, and sends one RPC for each endpoint. */
  async open({
    policy,
    recording,
    endpoints,
  }: ThroughputClient & { readonly endpoints: readonly string[] }): Promise<void> {
    if (recording !== undefined) byHand = startRecording(recording);
    channel = new BenchChannel({ policy, endpoints });
    await work({ rpcs: endpoints.length }, []);
  },

  async run({ rpcs, inFlight }: Slice): Promise<SliceResult> {
    const latencies: number[] = [];
    const left = { rpcs };
    const cpu = cpuMs();
    const start = performance.now();
    await Promise.all(Array.from({ length: inFlight }, () => work(left, latencies)));
    const elapsed = performance.now() - start;
    return { rpcsPerSecond: (rpcs / elapsed) * 1000, cpuUs: ((cpuMs() - cpu) / rpcs) * 1000, latencies };
  },
};

export type ThroughputHandlers = typeof handlers;

answer(handlers);
