/**
 * Client-side health checking (gRFC A17): a subchannel that counts as healthy while its server says SERVING.
 * pick_first's leaf asks `isHealthy()` of the connection that it uses, and watches only that one.
 */
import { experimental, status as Status } from '@grpc/grpc-js';
import { logError, oneLine, publishLater, tracer } from '@petiole/service-config/internal';
import {
  type EndpointEvent,
  type HealthEvent,
  type HealthStatus,
  healthStatusChannel,
} from '../events/endpoint-events.js';
import type { StreamEnd } from './stream.js';
import { HealthWatch } from './watch.js';

type HealthListener = experimental.HealthListener;
type SubchannelInterface = experimental.SubchannelInterface;

const trace = tracer('health_check');

/** The endpoint that a health-checked subchannel belongs to. */
export interface HealthObserver {
  /** The watch has started: this connection is the one in use. */
  started(subchannel: HealthCheckedSubchannel): void;
  ended(subchannel: HealthCheckedSubchannel): void;
  /** Whom events are about; undefined for one of several connections, of which another one is told. */
  event(): Pick<EndpointEvent, 'target' | 'endpoint'> | undefined;
}

/** The subchannel as it is, or checked if a service is named. */
export function healthChecked(
  subchannel: SubchannelInterface,
  service: string | undefined,
  observer: HealthObserver,
): SubchannelInterface {
  return service === undefined ? subchannel : new HealthCheckedSubchannel(subchannel, service, observer);
}

/** Holds no resource but between the first `addHealthStateWatcher` and the last `removeHealthStateWatcher`. */
export class HealthCheckedSubchannel extends experimental.BaseSubchannelWrapper {
  status: HealthStatus = 'PENDING';
  /** Why the connection is unhealthy; undefined while the server has not said that it is. */
  failure: string | undefined = undefined;
  private readonly watchers: Set<HealthListener> = new Set();
  private watch: HealthWatch | undefined = undefined;

  private readonly service: string;
  private readonly observer: HealthObserver;

  constructor(subchannel: SubchannelInterface, service: string, observer: HealthObserver) {
    super(subchannel);
    this.service = service;
    this.observer = observer;
    this.setHealthy(false);
  }

  /** The subchannel as it was made by the policy above. */
  get unwrapped(): SubchannelInterface {
    return this.child;
  }

  override addHealthStateWatcher(listener: HealthListener): void {
    super.addHealthStateWatcher(listener);
    this.watchers.add(listener);
    if (this.watchers.size === 1) this.start();
  }

  override removeHealthStateWatcher(listener: HealthListener): void {
    super.removeHealthStateWatcher(listener);
    if (this.watchers.delete(listener) && this.watchers.size === 0) this.stop();
  }

  private start(): void {
    this.observer.started(this);
    this.watch = new HealthWatch(this.child, this.service, {
      onStatus: (status) => {
        const hint = `: the server knows no service "${oneLine(this.service)}"`;
        this.become(status, `health check: ${status}${status === 'SERVICE_UNKNOWN' ? hint : ''}`);
      },
      onUnimplemented: () => this.unanswerable('does not implement', 'the server has no health service'),
      onNotFound: () => {
        // No word of the server's, so what it said last still holds.
        if (this.status !== 'PENDING' && this.status !== 'FAILED') return;
        this.unanswerable('answers with HTTP status 404 to', 'no health service is found: HTTP status 404');
      },
      onCut: (end) => trace?.(`${this.about()} still ${this.status}, asking again: ${reasonOfEnd(end)}`),
      onFailure: (end) => this.become('FAILED', `health check failed: ${reasonOfEnd(end)}`),
    });
  }

  private unanswerable(verb: string, reason: string): void {
    const about = this.observer.event();
    if (about !== undefined) logUnanswerable(this.getAddress(), verb, this.service, about.target);
    this.become('UNIMPLEMENTED', reason);
  }

  private stop(): void {
    this.watch?.stop();
    this.watch = undefined;
    if (this.status !== 'PENDING') this.tell(this.status, 'ENDED', 'the connection is no longer in use');
    this.status = 'PENDING';
    this.failure = undefined;
    this.setHealthy(false);
    this.observer.ended(this);
  }

  private become(status: HealthStatus, reason: string): void {
    const { status: from } = this;
    const healthy = status === 'SERVING' || status === 'UNIMPLEMENTED';
    const failure = healthy ? undefined : reason;
    if (from === status && this.failure === failure) return;
    this.status = status;
    this.failure = failure;
    if (from !== status) this.tell(from, status, reason);
    // Unhealthy for two reasons, ours and that of a wrapper below (outlier_detection): the base class calls the
    // watchers when the sum changes; a change of ours that leaves it unhealthy still changes why.
    const wasHealthy = this.isHealthy();
    this.setHealthy(healthy);
    if (wasHealthy || this.isHealthy()) return;
    for (const watcher of this.watchers) watcher(false);
  }

  private tell(from: HealthStatus, to: HealthStatus, reason: string): void {
    trace?.(`${this.about()} ${from} -> ${to}: ${reason}`);
    publishLater<HealthEvent>(healthStatusChannel, () => {
      const about = this.observer.event();
      return about && { ...about, from, to, reason };
    });
  }

  private about(): string {
    return `${this.getAddress()} service "${oneLine(this.service)}"`;
  }
}

function reasonOfEnd({ code, details }: StreamEnd): string {
  return code === Status.OK
    ? 'the server ended the Watch with OK; it must stay open'
    : `${code} ${Status[code] ?? '(no code of gRPC)'}: ${oneLine(details)}`;
}

/** More targets and services than any process means to have; the log must not remember them without end. */
const MAX_LOGGED = 1000;
const logged = new Set<string>();

/** One line for each target and service name in a process: in a fleet, all servers lack the health service alike. */
function logUnanswerable(address: string, verb: string, service: string, target: string | undefined): void {
  const name = oneLine(service);
  const key = `${verb} ${target} ${name}`;
  if (logged.has(key) || logged.size >= MAX_LOGGED) return;
  logged.add(key);
  logError(
    `Health checking of service "${name}": ${address} ${verb} grpc.health.v1.Health/Watch. ` +
      `It counts as healthy, as does every server ${target === undefined ? '' : `of ${target} `}without that method; ` +
      'further ones are not logged.',
  );
}
