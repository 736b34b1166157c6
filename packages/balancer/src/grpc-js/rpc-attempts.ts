/**
 * Where the earlier attempts of an RPC went: a retry, a hedge, and grpc-js's own repetition of a refused stream are a
 * pick each. All picks of an RPC have the same `extraPickInfo` object, and each RPC has a new one (B11), so the endpoints
 * are remembered there. A first attempt allocates nothing.
 */
import type { experimental } from '@grpc/grpc-js';

/** Whom an attempt can be sent to: an endpoint of a policy. */
interface Endpoint {
  readonly pickResult: experimental.PickResult;
}

/** One endpoint, or several. */
export type Tried = Endpoint | Endpoint[];

const TRIED: unique symbol = Symbol('petiole.tried');
const TOO_MANY: Endpoint[] = [];

/** More than the attempts of any RPC. An object that has seen more belongs to many RPCs: it tells nothing of this one. */
const MOST = 16;

interface PickInfo {
  [TRIED]?: Tried;
}

/** The endpoints that earlier attempts of the RPC went to; undefined for its first attempt. */
export function triedBefore({ extraPickInfo }: experimental.PickArgs): Tried | undefined {
  const tried = (extraPickInfo as PickInfo | undefined)?.[TRIED];
  return tried === TOO_MANY ? undefined : tried;
}

export function isAmong(tried: Tried, endpoint: Endpoint): boolean {
  return tried === endpoint || (Array.isArray(tried) && tried.includes(endpoint));
}

/** Remembers that an attempt of the RPC goes to that endpoint, and gives it back. */
export function remember<Kind extends Endpoint>(
  { extraPickInfo }: experimental.PickArgs,
  endpoint: Kind,
): Kind {
  const info = extraPickInfo as PickInfo;
  try {
    const tried = info[TRIED];
    if (tried === undefined) info[TRIED] = endpoint;
    else if (tried !== TOO_MANY) info[TRIED] = withOneMore(tried, endpoint);
  } catch {
    // Frozen, or nothing at all: it remembers nothing.
  }
  return endpoint;
}

function withOneMore(tried: Tried, endpoint: Endpoint): Tried {
  if (!Array.isArray(tried)) return [tried, endpoint];
  return tried.push(endpoint) > MOST ? TOO_MANY : tried;
}
