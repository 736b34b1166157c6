/** What the resolvers report on `node:diagnostics_channel`, for as long as a test runs. */
import { hear } from '@petiole/test-kit/hear';
import type { ResolverAnswer, ResolverUpdate } from '../../src/index.js';

/** The updates from now on, all channels' together. */
export function updatesFromNow(): ResolverUpdate[] {
  const updates: ResolverUpdate[] = [];
  hear<ResolverUpdate>(['petiole.resolver.update'], (update) => updates.push(update));
  return updates;
}

/** The good answers from now on, all channels' together: how many endpoints each channel has then. */
export function answersFromNow(): number[] {
  const answers: number[] = [];
  hear<ResolverAnswer>(['petiole.resolver.answer'], ({ endpoints }) => answers.push(endpoints));
  return answers;
}
