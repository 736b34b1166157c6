/**
 * What grpc-go's customloadbalancing example promises, as data: the endpoints,
 * the message, how often which peer answers, and in which order.
 */
import { staticTarget } from '@petiole/resolver';

/** A server that a client may reach by several addresses, and the one by which it should. */
export interface ExpectedEndpoint {
  /** In the order of the connection attempts: IPv6 first, as Happy Eyeballs has it. */
  readonly addresses: readonly string[];
  /** The address that answers, as `call.getPeer()` writes it. */
  readonly peer: string;
}

/** The first server listens on IPv4 only, the second on IPv6 only, the third on both, where IPv6 wins. */
export const ENDPOINTS: readonly ExpectedEndpoint[] = [
  { addresses: ['[::1]:50050', '127.0.0.1:50050'], peer: '127.0.0.1:50050' },
  { addresses: ['[::1]:50051', '127.0.0.1:50051'], peer: '[::1]:50051' },
  { addresses: ['[::1]:50052', '127.0.0.1:50052'], peer: '[::1]:50052' },
];

/** `static:[::1]:50050+127.0.0.1:50050,…` */
export const TARGET: string = staticTarget(ENDPOINTS);

export const MESSAGE = 'this is examples/customloadbalancing';

/** RPCs in a row to the same endpoint. */
export const REPEAT_COUNT = 3;

/** Rotations over all endpoints. */
export const ITERATIONS = 3;

/** From the start of the run to its success, servers that start late included. */
export const TIMEOUT_MS = 10_000;
