/** The client of the throughput benchmark: one policy in one process, as an application has it. */
import type { LoadBalancingConfig } from '@grpc/grpc-js';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { instrument, METRICS, type MetricName } from '@petiole/opentelemetry';
import { answered, BenchChannel } from './bench-channel.js';
import { answer, cpuMs } from './child.js';

let channel: BenchChannel | undefined;

export interface ThroughputClient {
  readonly policy: LoadBalancingConfig;
  /** Which metrics an SDK records: the default ones, or all. Default: none, without any instrumentation. */
  readonly metrics?: 'default' | 'all';
}

/** As an exporter for Prometheus has it: everything is kept until somebody asks. */
class Reader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

function record(metrics: 'default' | 'all'): void {
  const names = metrics === 'all' ? (Object.keys(METRICS) as MetricName[]) : [];
  const meterProvider = new MeterProvider({ readers: [new Reader()] });
  instrument({ meterProvider, enable: names, genericMethodAttributeFilter: () => true });
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
    await answered(channel);
    latencies.push(performance.now() - start);
  }
}

const handlers = {
  /** Connects, and sends one RPC for each endpoint. */
  async open({
    policy,
    metrics,
    endpoints,
  }: ThroughputClient & { readonly endpoints: readonly string[] }): Promise<void> {
    if (metrics !== undefined) record(metrics);
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
