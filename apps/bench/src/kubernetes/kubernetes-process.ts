/**
 * A client that follows a Service with many pods: what a change costs its event loop, and what of that is the policy's. Resolver
 * and channel are real; the subchannels are simulated, and READY one tick after they were asked for.
 */
import { EventEmitter, once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, credentials, type LoadBalancingConfig, connectivityState as State } from '@grpc/grpc-js';
import '@petiole/balancer/register';
import { registerKubernetesResolver } from '@petiole/kubernetes';
import { SimulatedChannel } from '@petiole/test-kit/simulated-channel';
import { answer, cpuMs } from '../load/child.js';
import { observed } from '../load/probe-policy.js';

export interface ServiceRequest {
  readonly policy: LoadBalancingConfig;
  /** Where the kubeconfig is. */
  readonly kubeconfig: string;
  readonly pods: number;
}

/** What one change has cost. */
export interface ChangeCost {
  /** The time in which the event loop did not wait, from the bytes of the event until the policy has taken the list. */
  readonly takenMs: number;
  /** What of it the policy's `updateAddressList` took. */
  readonly policyMs: number;
  /** CPU time of the process, also for what follows: the new child is READY, and a picker is published again. */
  readonly cpuMs: number;
  /** How many children the policy has made: each asks for the subchannel of its one address. */
  readonly made: number;
}

/** The event loop rests for so long before and after a change: what is deferred is over by then. */
const REST_MS = 20;

const news = new EventEmitter();
/** All subchannels of the process, by address, as grpc-js's pool has them. */
const pool = new SimulatedChannel({ round_robin: {} });

const createSubchannel: typeof pool.helper.createSubchannel = (address, args) => {
  const subchannel = pool.helper.createSubchannel(address, args);
  process.nextTick(() => pool.subchannel(subchannel.getAddress()).become(State.READY));
  return subchannel;
};

const busyMs = (): number => performance.eventLoopUtilization().active;

const handlers = {
  /** Resolves when the policy has taken the first list. */
  async open({ policy, kubeconfig, pods }: ServiceRequest): Promise<void> {
    process.env.KUBECONFIG = kubeconfig;
    registerKubernetesResolver({ maxEndpoints: pods + 1 });
    const probe = observed(policy, { createSubchannel, onUpdated: (ms) => news.emit('updated', ms) });
    const client = new Client('k8s:///echo:grpc', credentials.createInsecure(), {
      'grpc.service_config': JSON.stringify({ loadBalancingConfig: [probe] }),
    });
    const updated = once(news, 'updated');
    client.getChannel().getConnectivityState(true);
    await updated;
    await sleep(REST_MS);
    if (pool.created !== pods) throw new Error(`${pods} children were to be made, not ${pool.created}`);
  },

  /** What the next change costs; undefined where it has come before the event loop rested. */
  async nextChange(): Promise<ChangeCost | undefined> {
    const taken = new Promise<Pick<ChangeCost, 'policyMs'> & { readonly busy: number }>((resolve) => {
      news.once('updated', (policyMs: number) => resolve({ policyMs, busy: busyMs() }));
    });
    const isEarly = (await Promise.race([taken, sleep(REST_MS)])) !== undefined;
    const [busy, cpu, made] = [busyMs(), cpuMs(), pool.created];
    const { policyMs, busy: atEnd } = await taken;
    await sleep(REST_MS);
    if (isEarly) return undefined;
    return { takenMs: atEnd - busy, policyMs, cpuMs: cpuMs() - cpu, made: pool.created - made };
  },
};

export type KubernetesHandlers = typeof handlers;

answer(handlers);
