/** What is special about a server, in words. */
import type { ServerState } from '../../protocol.js';
import { percent } from '../look/numbers.js';

export function traitsOf({ healthy, delayMs, errorRate, streamLimit }: ServerState): readonly string[] {
  return [
    ...(healthy ? [] : ['not healthy']),
    ...(delayMs > 0 ? [`+${delayMs} ms`] : []),
    ...(errorRate > 0 ? [`${percent(errorRate)} errors`] : []),
    ...(streamLimit === undefined ? [] : [`${streamLimit} streams`]),
  ];
}
