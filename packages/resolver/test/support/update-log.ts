/** What the resolvers report on `node:diagnostics_channel`, for as long as a test runs. */
import { hear } from '@petiole/test-kit/hear';
import type { ResolverUpdate } from '../../src/index.js';

/** The updates from now on, all channels' together. */
export function updatesFromNow(): ResolverUpdate[] {
  const updates: ResolverUpdate[] = [];
  hear<ResolverUpdate>(['petiole.resolver.update'], (update) => updates.push(update));
  return updates;
}
