/** What the clients of the policies' benchmark send, and what becomes of it. */
import type { status } from '@grpc/grpc-js';

/** What a policy that hashes finds the RPC's key in. */
export const KEY_HEADER = 'x-key';

export type Load =
  /** At random moments, as from many callers who know nothing of each other. */
  | { readonly perSecond: number; readonly ms: number }
  /** The next one when one has ended. */
  | { readonly atOnce: number; readonly rpcs: number };

export interface Outcome {
  /** When it began, in milliseconds from the beginning of the load. */
  readonly at: number;
  readonly ms: number;
  readonly code: status;
  /** The server of its last attempt. */
  readonly peer: string;
}
