/**
 * Where the earlier attempts of an RPC went: a retry, a hedge, and grpc-js's own repetition of a refused stream are a
 * pick each. All picks of an RPC have the same `extraPickInfo` object, and each RPC has a new one (B11), so the endpoints
 * are remembered there. A first attempt allocates nothing.
 *
 * Where that object cannot hold anything, the RPC is known by the options of its metadata, which are the same for all its
 * attempts, too (B22). They tell less: an application may use them for several RPCs.
 */
import type { experimental } from '@grpc/grpc-js';
import { logErrorOnce } from '@petiole/service-config/internal';

type PickArgs = experimental.PickArgs;
type PickResult = experimental.PickResult;

/** One endpoint, or several in the order of the attempts. Undefined before the first attempt. */
export type Tried = object | readonly object[] | undefined;

const TRIED: unique symbol = Symbol('petiole.tried');
const TOO_MANY: readonly object[] = Object.freeze([]);

/** More than the attempts of any RPC. What has seen more belongs to many RPCs: it tells nothing of this one. */
const MOST = 16;
/** More than the picks that a policy around another one has made for one of them. */
const MOST_IN_ONE_PICK = 64;

interface PickInfo {
  [TRIED]?: Tried;
}

/** By the options of the metadata; made when they are needed. */
let byOptions: WeakMap<object, Tried> | undefined;

/** The endpoints that earlier attempts of the RPC went to. */
export function triedBefore({ metadata, extraPickInfo }: PickArgs): Tried {
  const tried = (extraPickInfo as PickInfo | undefined)?.[TRIED];
  if (tried !== undefined || byOptions === undefined || Object.isExtensible(extraPickInfo)) return tried;
  return byOptions.get(metadata?.getOptions());
}

/** Whether nothing is known of earlier attempts. */
export function isFirst(tried: Tried): tried is undefined {
  return tried === undefined || tried === TOO_MANY;
}

/** Where those attempts went, one after the other. */
export function attemptsOf(tried: NonNullable<Tried>): readonly object[] {
  return Array.isArray(tried) ? tried : [tried];
}

/** Remembers that the next attempt of the RPC, after those, goes to that endpoint. */
export function remember(args: PickArgs, tried: Tried, endpoint: object): void {
  if (tried !== TOO_MANY)
    keep(args, tried === undefined ? endpoint : withOneMore(attemptsOf(tried), endpoint));
}

/**
 * What was known before the outermost policy around another one was asked. It may have picks made that it does not use: they
 * see each other as attempts, so that each goes elsewhere, and are none.
 */
let outermost: { readonly tried: Tried } | undefined;

/** One pick of such a policy. Afterwards the RPC has gone to the endpoint of its answer alone, or nowhere. */
export function settled(
  args: PickArgs,
  pick: () => PickResult & { readonly pickedEndpoint?: object },
): PickResult {
  const tried = triedBefore(args);
  const isOutermost = outermost === undefined;
  outermost ??= { tried };
  try {
    const result = pick();
    const { subchannel, pickedEndpoint } = result;
    // A copy that does not say where it goes leaves what the picks have remembered.
    if (subchannel === null || pickedEndpoint !== undefined) keep(args, tried);
    if (subchannel !== null && pickedEndpoint !== undefined) remember(args, tried, pickedEndpoint);
    return result;
  } finally {
    if (isOutermost) outermost = undefined;
  }
}

/** The endpoints of the earlier attempts alone, for a pick that was told of these. */
export function attemptedBefore(tried: Tried): Tried {
  return outermost === undefined ? tried : outermost.tried;
}

function keep(args: PickArgs, all: Tried): void {
  try {
    (args.extraPickInfo as PickInfo)[TRIED] = all;
  } catch {
    // Frozen, or nothing at all.
    rememberByOptions(args, all);
  }
}

function withOneMore(tried: readonly object[], endpoint: object): readonly object[] {
  const most = outermost === undefined ? MOST : MOST_IN_ONE_PICK;
  return tried.length >= most ? TOO_MANY : [...tried, endpoint];
}

function rememberByOptions({ metadata }: PickArgs, all: Tried): void {
  byOptions ??= new WeakMap();
  try {
    byOptions.set(metadata.getOptions(), all);
  } catch {
    logErrorOnce(
      'The attempts of an RPC cannot be told from other RPCs: retries and hedges may go where earlier attempts went. ' +
        'grpc-js gives picks neither an extraPickInfo object nor options of the metadata; is this a version that ' +
        '@petiole/balancer does not know?',
    );
  }
}
