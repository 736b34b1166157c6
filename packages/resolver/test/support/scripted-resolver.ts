/** A resolver whose look-ups the test answers, on a clock that the test moves. */
import type { ChannelOptions } from '@grpc/grpc-js';
import { afterEach, beforeEach, vi } from 'vitest';
import { defineResolver, type Resolution, type ResolverLook, type ResolverOptions } from '../../src/index.js';
import { createResolverClass } from '../../src/schemes/define-resolver.js';
import { Probe } from './probe.js';

/** A look-up that the test answers. */
export interface Pending extends ResolverLook {
  answer(...hosts: string[]): void;
  answerWith(resolution: Resolution): void;
  fail(message: string): void;
}

export function scripted(
  options: ResolverOptions = {},
  channelOptions: ChannelOptions = {},
): { probe: Probe; lookups: Pending[] } {
  const lookups: Pending[] = [];
  const definition = {
    scheme: 'scripted',
    authority: () => 'scripted',
    resolve: (look: ResolverLook): Promise<Resolution> =>
      new Promise((resolve, reject) => {
        lookups.push({
          ...look,
          answer: (...hosts) =>
            resolve({ endpoints: hosts.map((host) => ({ addresses: [{ host, port: 1 }] })) }),
          answerWith: resolve,
          fail: (message) => reject(new Error(message)),
        });
      }),
    ...options,
  };
  defineResolver(definition); // refuses bad options
  return { probe: new Probe(createResolverClass(definition), 'scripted:x', channelOptions), lookups };
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
