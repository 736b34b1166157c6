/** Which lines of the log are shown. */
import type { LabEvent } from '../../protocol.js';

export interface Filter {
  readonly kind?: LabEvent['kind'];
  readonly server?: number;
  readonly from: number;
  readonly to: number;
}

/** What concerns no server in particular concerns each. */
export function matches(event: LabEvent, { kind, server, from, to }: Filter): boolean {
  if (event.at < from || event.at > to) return false;
  if (kind !== undefined && event.kind !== kind) return false;
  return server === undefined || event.server === undefined || event.server === server;
}
