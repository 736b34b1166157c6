/** The table of `methodConfig`: what grpc-js reads of its entries, and from which value on it does something else. */
import { status as Status } from '@grpc/grpc-js';
import {
  asGrpcJsReads,
  durationMs,
  grpcJsAccepts,
  MAX_SECONDS,
  MAX_TIMER_S,
  parseDuration,
} from './duration.js';
import { isBoolean, isNumber, isString, own } from './json.js';
import { got } from './text/show.js';
import { type Fate, IGNORED, type Place, THROWS } from './walk/place.js';
import { type Limit, leaf, list, object, type Row } from './walk/rows.js';

const UNREAD: Fate = ['ignored', 'grpc-js does not read the field'];
const HURRIES: Fate = ['ignored', 'grpc-js sends one attempt after the other without a pause'];
const OVERFLOWS: Fate = ['misread', "Node's timer overflows, and grpc-js waits for a millisecond"];
const IS_CUT: Fate = ['misread', 'grpc-js cuts the seconds to 32 bits'];
const IS_SUMMED: Fate = ['misread', 'grpc-js takes the sum of both for the time'];
const IS_ENDLESS: Fate = ['misread', 'grpc-js never waits so long, and its servers may end RPCs at once'];
const ENDS_AT_ONCE: Fate = ['fails', 'every RPC fails with DEADLINE_EXCEEDED at once'];
const ENDS_PROCESS: Fate = ['fails', 'grpc-js throws at an RPC, which ends the process'];
const IS_NO_FAILURE: Fate = ['ignored', 'an RPC that ends with OK has not failed'];
const MATCHES_NOTHING: Fate = ['ignored', 'it matches no method'];
const NAMES_ALL: Fate = ['misread', 'grpc-js takes it for {}: all methods'];
const NAMES_NONE: Fate = ['ignored', 'the entry applies to no method'];

/** How many attempts grpc-js makes at most, and gRFC A6 asks for no more. */
const MOST_ATTEMPTS = 5;
const MOST_ENTRIES = 1000;
const MOST_CODES = 100;

const isEmpty = ({ length }: { readonly length: number }): boolean => length === 0;

const attempts: Row = (value, at) => {
  const isRight = Number.isInteger(value) && Number(value) >= 2;
  if (!isRight) return at.refuse(value, `must be an integer from 2 to ${MOST_ATTEMPTS}`);
  const instead = `write ${MOST_ATTEMPTS}, or raise the channel option grpc-node.retry_max_attempts_limit`;
  const cut: Fate = ['replaced', `grpc-js makes ${MOST_ATTEMPTS} attempts at most`];
  if (Number(value) > MOST_ATTEMPTS) at.note(value, cut, instead);
  return value;
};

/** A Duration that grpc-js waits for with a timer, up to so many times as long. */
function pause(least: string, factor: number, ...limits: readonly Limit<string>[]): Row {
  const most = Math.floor(MAX_TIMER_S / factor);
  const isLong = (value: string) => Number.parseFloat(value) > most;
  const rule = `must be a Duration ${least} such as "0.1s"`;
  return leaf(grpcJsAccepts, rule, [isLong, OVERFLOWS, `must be at most ${most} s`], ...limits);
}

/** grpc-js draws it, up to 20 % longer. */
function backoff(): Row {
  return pause('above 0 s', 1.2, [(value) => Number.parseFloat(value) === 0, HURRIES]);
}

const CODES = 'must be an array of status codes such as ["UNAVAILABLE"]';

/** Numbers and names. */
function codes(...limits: readonly Limit<unknown[]>[]): Row {
  const all: readonly unknown[] = Object.values(Status);
  const asCode = (value: unknown) => (isString(value) ? value.toUpperCase() : value);
  const code = leaf(
    (value): value is unknown => all.includes(asCode(value)),
    'must be a status code that an RPC can fail with, such as "UNAVAILABLE" or 14',
    [(value) => value === Status.OK || asCode(value) === 'OK', IS_NO_FAILURE],
  );
  return list(code, CODES, MOST_CODES, ...limits);
}

/** gRFC A6 */
const retryPolicy = object(() => ({
  required: {
    maxAttempts: attempts,
    initialBackoff: backoff(),
    maxBackoff: backoff(),
    backoffMultiplier: leaf(
      (value): value is number => isNumber(value) && value > 0,
      'must be a number above 0',
    ),
    retryableStatusCodes: codes([isEmpty, THROWS]),
  },
  check({ initialBackoff, maxBackoff }, at) {
    if (!isString(initialBackoff) || !isString(maxBackoff)) return;
    if (!(durationMs(initialBackoff) > durationMs(maxBackoff))) return;
    // grpc-js does not limit the first pause (fact S7).
    const happens = `grpc-js pauses for ${initialBackoff} before the second attempt all the same`;
    const instead = `write a maxBackoff of at least initialBackoff, ${got(maxBackoff)}`;
    at.at('maxBackoff').note(maxBackoff, ['ignored', happens], instead);
  },
}));

/** gRFC A6 */
const hedgingPolicy = object(() => {
  const some = codes();
  return {
    required: { maxAttempts: attempts },
    optional: {
      hedgingDelay: pause('of 0 s or more', 1),
      nonFatalStatusCodes: (value, at) =>
        Array.isArray(value) ? some(value, at) : at.refuse(value, CODES, value ? ENDS_PROCESS : IGNORED),
    },
    absent: (name) => (name === 'nonFatalStatusCodes' ? IGNORED : THROWS),
  };
});

/** A Duration as grpc-js reads it right: `{ seconds, nanos }`. */
const timeout: Row = (value, at) => {
  const rule = 'must be a Duration such as "5s" or "0.250s"';
  const { seconds, nanos } = own(isString(value) ? parseDuration(value) : value);
  // What grpc-js accepts all the same is longer than a Duration can be.
  if (!isNumber(seconds) || !isNumber(nanos))
    return at.refuse(value, rule, grpcJsAccepts(value) ? IS_CUT : THROWS);
  const ms = durationMs({ seconds, nanos });
  // The deadline does not fit into a header.
  if (ms > MAX_SECONDS * 1000)
    return at.refuse(value, `must be a Duration of at most ${MAX_SECONDS} s`, ENDS_PROCESS);
  // grpc-js counts in whole milliseconds.
  if (!(ms >= 1)) return at.refuse(value, 'must be a Duration of at least "0.001s"', ENDS_AT_ONCE);
  const isExact = Number.isInteger(seconds) && Number.isInteger(nanos) && nanos >= 0 && nanos < 1e9;
  if (!isExact) return at.refuse(value, rule, IS_SUMMED);
  if (ms > MAX_TIMER_S * 1000) return at.mend(value, { seconds: MAX_TIMER_S, nanos: 0 }, IS_ENDLESS);
  const read = isString(value) ? asGrpcJsReads(value) : { seconds, nanos };
  if (read.seconds === seconds && read.nanos === nanos) return read;
  const fate: Fate = ['misread', `grpc-js reads ${read.seconds} s and ${read.nanos} ns`];
  return at.mend(value, { seconds, nanos }, fate);
};

function namePart(example: string): Row {
  const rule = `must be a name without slashes such as ${example}`;
  return leaf(isString, 'must be a string', [(value) => value.includes('/'), MATCHES_NOTHING, rule]);
}

const nameFields = object(() => ({
  optional: { service: namePart('"pkg.Service"'), method: namePart('"Method"') },
  check({ service, method }, at) {
    // Even an empty method is refused here.
    if (isString(method) && !service)
      at.at('method').find(method, THROWS, 'must not stand without a service');
  },
}));

const name: Row = (value, at) => {
  if (typeof value === 'object' && value !== null) refuseTwice(value, at);
  return Array.isArray(value) ? at.refuse(value, 'must be an object', NAMES_ALL) : nameFields(value, at);
};

/** All names of all entries must differ, as grpc-js compares them. */
function refuseTwice(name: object, at: Place): void {
  const { service, method } = own(name);
  const key = JSON.stringify([service ?? '', method ?? '']);
  at.within.names ??= new Map();
  const before = at.within.names.get(key);
  if (before === undefined) at.within.names.set(key, at.path);
  else at.find(name, THROWS, `must not be named twice: ${before} is the same`);
}

const NAMES = 'must be an array such as [{"service": "pkg.Service"}]';
const NO_NAME = 'must name a service, a method, or with [{}] all methods';

type Takes = (value: unknown) => boolean;

/** A field that grpc-js does not read: of the right type it is without effect, of a wrong one grpc-js may throw. */
function unread(type: string, isRight: Takes, isTaken: Takes, instead: string): Row {
  return (value, at) => {
    const fate = isTaken(value) ? UNREAD : THROWS;
    if (!isRight(value)) return at.refuse(value, `must be ${type}`, fate);
    // False is what grpc-js does.
    if (value !== false) at.find(value, fate, `is not read: ${instead}`, { takenFrom: 'dns' });
    return isString(value) ? Number(value) : value;
  };
}

/** proto3 JSON writes a uint64 as a string. */
const isSize: Takes = (value) =>
  isString(value) ? /^\d+$/.test(value) : Number.isInteger(value) && Number(value) >= 0;

function size(way: 'send' | 'receive', isTaken: Takes): Row {
  const instead = `set the channel option grpc.max_${way}_message_length`;
  return unread('an integer of at least 0', isSize, isTaken, instead);
}

const onCall = 'set it on each call: new Metadata({ waitForReady: true })';

const entry = object(() => ({
  required: { name: list(name, NAMES, MOST_ENTRIES, [isEmpty, NAMES_NONE, NO_NAME]) },
  optional: { timeout, retryPolicy, hedgingPolicy },
  unread: {
    waitForReady: unread('true or false', isBoolean, isBoolean, onCall),
    maxRequestBytes: size('send', isNumber),
    maxResponseBytes: size('receive', isNumber),
    maxRequestMessageBytes: size('send', () => true),
    maxResponseMessageBytes: size('receive', () => true),
  },
  absent: (name) => (name.endsWith('MessageBytes') ? IGNORED : THROWS),
  check({ retryPolicy, hedgingPolicy }, at) {
    if (retryPolicy && hedgingPolicy)
      at.at('hedgingPolicy').find(hedgingPolicy, THROWS, 'must not stand beside a retryPolicy');
  },
}));

const ENTRIES = 'must be an array of objects';
const entries = list(entry, ENTRIES, MOST_ENTRIES);

/** The row of `methodConfig`. */
export const methodConfig: Row = (value, at) =>
  Array.isArray(value) ? entries(value, at) : at.refuse(value, ENTRIES, IGNORED);
