/**
 * What `--delay` and `--error-rate` do to RPCs of the Echo service. Health
 * checks stay as fast and as true as they are: a server that is slow is not down.
 * The faults are read anew for each RPC: whoever holds the object may change it.
 */
import { ServerInterceptingCall, type ServerInterceptor, status } from '@grpc/grpc-js';
import { isEchoMethod } from './call-tracker.js';

export interface Faults {
  /** How long each RPC waits before it is handled, in milliseconds. */
  readonly delayMs: number;
  /** The share of RPCs that fail, 0 to 1; which ones is chance. */
  readonly errorRate: number;
}

export function faultInjection(faults: Faults): ServerInterceptor {
  return ({ path }, call) => {
    if (!isEchoMethod(path)) return new ServerInterceptingCall(call);
    const { delayMs, errorRate } = faults;
    let timer: NodeJS.Timeout | undefined;
    return new ServerInterceptingCall(call, {
      start: (next) => {
        next({
          onReceiveMetadata: (metadata, proceed) => {
            const handle = (): void => {
              if (Math.random() >= errorRate) proceed(metadata);
              else
                call.sendStatus({
                  code: status.UNAVAILABLE,
                  details: `failed on purpose: the error rate is ${errorRate}`,
                });
            };
            if (delayMs === 0) handle();
            else timer = setTimeout(handle, delayMs);
          },
          onCancel: () => clearTimeout(timer),
        });
      },
    });
  };
}
