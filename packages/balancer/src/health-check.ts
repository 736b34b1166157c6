/**
 * Client-side health checking (gRFC A17): a subchannel that counts as healthy
 * while its server says SERVING. pick_first's leaf asks `isHealthy()` of the
 * connection that it uses, and watches only that one.
 */
import { experimental } from '@grpc/grpc-js';
import { type EndpointEvent, healthStatusChannel } from './endpoint-events.js';
import type { ServingStatus } from './health-protocol.js';
import { HealthWatch } from './health-watch.js';
import { logError, tracer } from './trace.js';

type HealthListener = experimental.HealthListener;
type SubchannelInterface = experimental.SubchannelInterface;

const trace = tracer('health_check');

/**
 * What is known of a connection's health. Beside the four answers of the server:
 * - `PENDING`: no answer yet; RPCs wait.
 * - `FAILED`: the watch ended with an error and will be tried again; the endpoint is out until it answers.
 * - `UNIMPLEMENTED`: the server has no health service, which counts as healthy.
 */
export type HealthStatus = ServingStatus | 'PENDING' | 'FAILED' | 'UNIMPLEMENTED';

/** The endpoint that a health-checked subchannel belongs to. */
export interface HealthObserver {
  /** The watch has started: this connection is the one in use. */
  started(subchannel: HealthCheckedSubchannel): void;
  ended(subchannel: HealthCheckedSubchannel): void;
  /** Whom events are about. */
  event(): Pick<EndpointEvent, 'target' | 'endpoint'>;
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
      onStatus: (status) => this.become(status, `health check: ${status}`),
      onUnimplemented: () => {
        logError(
          `Health checking of ${this.getAddress()}: the server does not implement grpc.health.v1.Health/Watch. ` +
            'The connection counts as healthy.',
        );
        this.become('UNIMPLEMENTED', 'the server has no health service');
      },
      onFailure: ({ code, details }) =>
        this.become('FAILED', `health check failed with status ${code}: ${details}`),
    });
  }

  private stop(): void {
    this.watch?.stop();
    this.watch = undefined;
    this.status = 'PENDING';
    this.failure = undefined;
    this.observer.ended(this);
    this.setHealthy(false);
  }

  private become(status: HealthStatus, reason: string): void {
    const from = this.status;
    const healthy = status === 'SERVING' || status === 'UNIMPLEMENTED';
    this.status = status;
    this.failure = healthy ? undefined : reason;
    if (from !== status) this.tell(from, reason);
    if (healthy) {
      this.setHealthy(true);
    } else if (this.isHealthy()) {
      this.setHealthy(false);
    } else {
      // Unhealthy before and after, but for another reason: the first answer ends the waiting of RPCs.
      for (const watcher of this.watchers) watcher(false);
    }
  }

  private tell(from: HealthStatus, reason: string): void {
    trace?.(`${this.getAddress()} service "${this.service}" ${from} -> ${this.status}: ${reason}`);
    if (!healthStatusChannel.hasSubscribers) return;
    const event: EndpointEvent = { ...this.observer.event(), from, to: this.status, reason };
    healthStatusChannel.publish(event);
  }
}
