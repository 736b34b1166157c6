/** A polling resolver whose look-ups the test answers, on a clock that the test moves. */
import type { ChannelOptions, experimental } from '@grpc/grpc-js';
import { afterEach, beforeEach, vi } from 'vitest';
import { PollingResolver, type Resolution, type ResolutionAttempt } from '../../src/index.js';
import type { PollingOptions } from '../../src/resolving/options.js';
import { Probe } from './probe.js';

/** A look-up that the test answers. */
export interface Pending extends ResolutionAttempt {
  answer(...hosts: string[]): void;
  answerWith(resolution: Resolution): void;
  fail(message: string): void;
}

export function scripted(
  options: PollingOptions = {},
  channelOptions: ChannelOptions = {},
): { probe: Probe; lookups: Pending[] } {
  const lookups: Pending[] = [];
  class Scripted extends PollingResolver {
    constructor(
      target: experimental.GrpcUri,
      listener: experimental.ResolverListener,
      given: ChannelOptions,
    ) {
      super(target, listener, given, options);
    }
    protected override resolve(attempt: ResolutionAttempt): Promise<Resolution> {
      return new Promise((resolve, reject) => {
        lookups.push({
          ...attempt,
          answer: (...hosts) =>
            resolve({ endpoints: hosts.map((host) => ({ addresses: [{ host, port: 1 }] })) }),
          answerWith: resolve,
          fail: (message) => reject(new Error(message)),
        });
      });
    }
    static getDefaultAuthority(): string {
      return 'scripted';
    }
  }
  return { probe: new Probe(Scripted, 'scripted:x', channelOptions), lookups };
}

/** For all tests of the file: fake timers, and no jitter. */
export function useFakeClock(): void {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });
}

export const turn = (): Promise<unknown> => vi.advanceTimersByTimeAsync(1);
export const later = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
