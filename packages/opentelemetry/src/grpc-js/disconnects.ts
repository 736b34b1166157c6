/**
 * Why a connection ended, in the words of `grpc.disconnect_error` (gRFC A94). grpc-js tells the owner of a subchannel that a
 * connection is gone, and not why. What its HTTP/2 session says reaches this file before grpc-js (facts O10 to O12).
 */
import type { experimental } from '@grpc/grpc-js';

/** The codes of RFC 9113, from 0 on. */
const CODES = [
  ...['NO_ERROR', 'PROTOCOL_ERROR', 'INTERNAL_ERROR', 'FLOW_CONTROL_ERROR', 'SETTINGS_TIMEOUT'],
  ...['STREAM_CLOSED', 'FRAME_SIZE_ERROR', 'REFUSED_STREAM', 'CANCEL', 'COMPRESSION_ERROR'],
  ...['CONNECT_ERROR', 'ENHANCE_YOUR_CALM', 'INADEQUATE_SECURITY', 'HTTP_1_1_REQUIRED'],
];

const ERRORS: Readonly<Record<string, DisconnectError>> = {
  ECONNRESET: 'connection reset',
  ETIMEDOUT: 'connection timed out',
  ECONNABORTED: 'connection aborted',
};

/** A code of GOAWAY that RFC 9113 does not have is `GOAWAY unknown`: servers could make up any number of them. */
export type DisconnectError =
  | `GOAWAY ${string}`
  | 'subchannel shutdown'
  | 'connection reset'
  | 'connection timed out'
  | 'connection aborted'
  | 'socket error'
  | 'unknown';

/** What there is of a subchannel and its connection behind grpc-js's public API. */
interface Internal {
  readonly refcount?: number;
  readonly transport?: Transport | null;
}

interface Transport {
  readonly session?: Session;
  keepaliveTrace?(text: string): void;
}

interface Session {
  readonly destroyed: boolean;
  prependOnceListener(event: 'goaway', listener: (code: number) => void): void;
  prependOnceListener(event: 'error', listener: (error: unknown) => void): void;
}

/**
 * Follows the connection of a subchannel that is READY.
 *
 * @returns why it ended, to be asked while grpc-js reports that it did
 */
export function followDisconnect(subchannel: experimental.SubchannelInterface): () => DisconnectError {
  const internal = subchannel as Internal;
  let cause: DisconnectError | undefined;
  const note = (found: DisconnectError): void => {
    cause ??= found;
  };
  // The subchannel has its connection when it has told all its listeners that it is READY (fact B26).
  queueMicrotask(() => {
    const { transport } = internal;
    if (!transport) return;
    noteSession(transport, note);
    noteKeepalive(transport, note);
  });
  // A subchannel that nobody uses any more ends its connection (fact O11).
  return () => cause ?? (internal.refcount === 0 ? 'subchannel shutdown' : 'unknown');
}

/** The listeners come before those of grpc-js, which reports the first event (fact O10). */
function noteSession({ session }: Transport, note: (cause: DisconnectError) => void): void {
  if (session === undefined || session.destroyed) return;
  session.prependOnceListener('goaway', (code) => note(`GOAWAY ${CODES[code] ?? 'unknown'}`));
  session.prependOnceListener('error', (error) => note(causeOf(error)));
}

/** The end of a connection whose server answers no ping shows in a trace alone, also where nobody reads it (fact O12). */
function noteKeepalive(transport: Transport, note: (cause: DisconnectError) => void): void {
  const { keepaliveTrace } = transport;
  if (keepaliveTrace === undefined) return;
  transport.keepaliveTrace = function (text) {
    if (text.startsWith('Ping timeout')) note('connection timed out');
    keepaliveTrace.call(this, text);
  };
}

/** Errors of HTTP/2 have no system call. */
function causeOf(error: unknown): DisconnectError {
  const { code = '', syscall } = error as NodeJS.ErrnoException;
  return ERRORS[code] ?? (syscall === undefined ? 'unknown' : 'socket error');
}
