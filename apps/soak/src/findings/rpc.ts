/** One RPC of the soak, from its start to its end. Times are of `performance.now()`. */
import type { status } from '@grpc/grpc-js';
import type { Connection } from './connection-watch.js';

export interface Rpc {
  readonly id: string;
  readonly method: 'unary' | 'stream';
  readonly startedAt: number;
  readonly deadlineAt: number;
  /** The connection that it was last put on, if any. */
  connection: Connection | undefined;
  sentAt: number;
}

export interface EndedRpc extends Rpc {
  readonly endedAt: number;
  readonly code: status;
  readonly details: string;
  /** How long the client's event loop stood still while the RPC ran. */
  readonly stalledMs: number;
}
