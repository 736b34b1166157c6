/** What the resolvers report on `node:diagnostics_channel`, for as long as a test runs. */
import diagnostics from 'node:diagnostics_channel';
import { onTestFinished } from 'vitest';
import type { ResolverUpdate } from '../../src/index.js';

/** Resolves when all that has happened so far has been told: events and lines of the log come a tick later. */
export const told = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

/** The updates from now on, all channels' together. */
export function updatesFromNow(): ResolverUpdate[] {
  const updates: ResolverUpdate[] = [];
  const listener = (message: unknown): void => void updates.push(message as ResolverUpdate);
  diagnostics.subscribe('petiole.resolver.update', listener);
  onTestFinished(() => void diagnostics.unsubscribe('petiole.resolver.update', listener));
  return updates;
}
