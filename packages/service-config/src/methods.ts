/** The table of `methodConfig`: what grpc-js reads of its entries, and from which value on it does something else. */
import { status as Status } from '@grpc/grpc-js';
import {
  asGrpcJsReads,
  durationMs,
  grpcJsAccepts,
  MAX_SECONDS,
  MAX_TIMER_SECONDS,
  parseDuration,
} from './duration.js';
import { isJson, type Json } from './json.js';
import { got } from './text/show.js';
import type { Place } from './walk/place.js';
import { leaf, list, object, type Row } from './walk/rows.js';

/** How many attempts grpc-js makes at most, and gRFC A6 asks for no more. */
const MAX_ATTEMPTS = 5;

/** Entries of methodConfig, and names of an entry: grpc-js compares each with each, and goes through them for an RPC. */
const MOST_ENTRIES = 1000;

const CODES = Object.keys(Status).filter((name) => Number.isNaN(Number(name)));

const isString = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): value is number => typeof value === 'number';

const attempts = leaf(
  (value): value is number => Number.isInteger(value) && Number(value) >= 2,
  `must be an integer from 2 to ${MAX_ATTEMPTS}`,
  {
    if: (value) => value > MAX_ATTEMPTS,
    outcome: 'replaced',
    happens: `grpc-js makes ${MAX_ATTEMPTS} attempts at most`,
    instead: `write ${MAX_ATTEMPTS}, or raise the channel option grpc-node.retry_max_attempts_limit`,
    severity: 'note',
  },
);

/** A Duration that grpc-js waits for with a timer, up to 20 % longer where it draws a random part. */
function pause({ zero, random }: { zero: boolean; random: boolean }): Row {
  const most = Math.floor(random ? MAX_TIMER_SECONDS / 1.2 : MAX_TIMER_SECONDS);
  return leaf(
    grpcJsAccepts,
    `must be a Duration ${zero ? 'of 0 s or more' : 'above 0 s'} such as "0.1s"`,
    {
      if: (value) => Number.parseFloat(value) > most,
      outcome: 'misread',
      happens: "Node's timer overflows, and grpc-js waits for a millisecond",
      must: `must be at most ${most} s`,
    },
    {
      if: (value) => !zero && Number.parseFloat(value) === 0,
      outcome: 'ignored',
      happens: 'grpc-js sends one attempt after the other without a pause',
    },
  );
}

const code = leaf(
  (value): value is string | number => CODES.includes(codeName(value) ?? ''),
  'must be a status code that an RPC can fail with, such as "UNAVAILABLE" or 14',
  {
    if: (value) => codeName(value) === 'OK',
    outcome: 'ignored',
    happens: 'an RPC that ends with OK has not failed',
  },
);

function codeName(value: unknown): string | undefined {
  return isNumber(value) ? Status[value] : isString(value) ? value.toUpperCase() : undefined;
}

const CODE_LIST = 'must be an array of status codes such as ["UNAVAILABLE"]';
const MOST_CODES = 100;
const codes = list(code, CODE_LIST, MOST_CODES);

/** gRFC A6 */
const retryPolicyFields = object({
  required: {
    maxAttempts: attempts,
    initialBackoff: pause({ zero: false, random: true }),
    maxBackoff: pause({ zero: false, random: true }),
    backoffMultiplier: leaf(
      (value): value is number => isNumber(value) && value > 0,
      'must be a number above 0',
    ),
    retryableStatusCodes: (value, at) => {
      const isEmpty = Array.isArray(value) && value.length === 0;
      return isEmpty ? at.refuse(value, `${CODE_LIST}, got []`) : codes(value, at);
    },
  },
});

const retryPolicy: Row = (value, at) => {
  const read = retryPolicyFields(value, at);
  if (!isJson(value)) return read;
  const [first, limit] = [parseDuration(value.initialBackoff), parseDuration(value.maxBackoff)];
  if (first !== undefined && limit !== undefined && durationMs(first) > durationMs(limit)) {
    // gRFC A6 limits every pause by `maxBackoff`, grpc-js all but the first.
    at.at('maxBackoff').find(value.maxBackoff, {
      outcome: 'ignored',
      happens: `grpc-js pauses for ${value.initialBackoff} before the second attempt all the same`,
      instead: `write a maxBackoff of at least initialBackoff, ${got(value.maxBackoff)}`,
      severity: 'note',
    });
  }
  return read;
};

/** gRFC A6 */
const hedgingPolicy = object({
  required: { maxAttempts: attempts },
  optional: {
    hedgingDelay: pause({ zero: true, random: false }),
    nonFatalStatusCodes: (value, at) => {
      if (Array.isArray(value)) return codes(value, at);
      const fatal = 'grpc-js throws at the first RPC that fails, which ends the process';
      at.find(value, {
        outcome: value ? 'fails' : 'ignored',
        happens: value ? fatal : 'grpc-js ignores it',
        instead: `${CODE_LIST}, ${got(value)}`,
        severity: 'error',
      });
      return undefined;
    },
  },
  nullIgnored: ['nonFatalStatusCodes'],
});

/** A Duration as grpc-js reads it right: `{ seconds, nanos }`. */
function timeout(value: unknown, at: Place): unknown {
  const must = 'must be a Duration such as "5s" or "0.250s"';
  const duration = isString(value) ? parseDuration(value) : value;
  if (!isJson(duration) || !isNumber(duration.seconds) || !isNumber(duration.nanos)) {
    const instead = `${must}, ${got(value)}`;
    if (!grpcJsAccepts(value)) return at.refuse(value, instead);
    // Longer than a Duration can be.
    return at.find(value, {
      outcome: 'misread',
      happens: 'grpc-js cuts the seconds to 32 bits',
      instead,
      severity: 'error',
    });
  }
  const { seconds, nanos } = duration;
  const ms = durationMs({ seconds, nanos });
  const wrong = (outcome: 'fails' | 'misread', happens: string, rule: string) =>
    at.find(value, { outcome, happens, instead: `${rule}, ${got(value)}`, severity: 'error' });
  if (ms > MAX_SECONDS * 1000) {
    const happens =
      'the deadline does not fit into a header: grpc-js throws at the first RPC, which ends the process';
    return wrong('fails', happens, `must be a Duration of at most ${MAX_SECONDS} s`);
  }
  // grpc-js counts in whole milliseconds.
  if (!(ms >= 1)) {
    const happens = 'every RPC fails with DEADLINE_EXCEEDED at once';
    return wrong('fails', happens, 'must be a Duration of at least "0.001s"');
  }
  if (!Number.isInteger(seconds) || !Number.isInteger(nanos) || nanos < 0 || nanos > 999_999_999) {
    return wrong('misread', 'grpc-js takes the sum of both for the time', must);
  }
  // Above that no client of grpc-js waits, and its servers take the deadline for one that has passed, or is soon.
  const isEndless = ms > MAX_TIMER_SECONDS * 1000;
  const mended = isEndless ? { seconds: MAX_TIMER_SECONDS, nanos: 0 } : { seconds, nanos };
  const read = isString(value) ? asGrpcJsReads(value) : { seconds, nanos };
  const isRead = read.seconds === mended.seconds && read.nanos === mended.nanos;
  if (!isRead) {
    const happens =
      isEndless && read.seconds === seconds && read.nanos === nanos
        ? 'servers of grpc-js keep it as milliseconds in 32 bits, which overflow, and may end RPCs at once'
        : `grpc-js reads ${read.seconds} s and ${read.nanos} ns`;
    const instead = `write ${JSON.stringify(mended)}, or have serviceConfig() write it`;
    at.find(value, { outcome: 'misread', happens, instead, severity: 'mendable' });
  }
  return mended;
}

function namePart(example: string): Row {
  return leaf(isString, 'must be a string', {
    if: (value) => value.includes('/'),
    outcome: 'ignored',
    happens: 'it matches no method',
    must: `must be a name without slashes such as ${example}`,
  });
}

const nameFields = object({ optional: { service: namePart('"pkg.Service"'), method: namePart('"Method"') } });

const name: Row = (value, at) => {
  if (Array.isArray(value)) {
    const instead = `must be an object, ${got(value)}`;
    const happens = 'grpc-js takes it for {}: all methods';
    return at.find(value, { outcome: 'misread', happens, instead, severity: 'error' });
  }
  const read = nameFields(value, at);
  // Even an empty method is refused here.
  if (isJson(read) && Object.hasOwn(read, 'method') && !own(read, 'service')) {
    at.at('method').refuse(read.method, 'must not stand without a service');
  }
  return read;
};

const names = list(name, 'must be an array such as [{"service": "pkg.Service"}]', MOST_ENTRIES, {
  if: ({ length }) => length === 0,
  outcome: 'ignored',
  happens: 'the entry applies to no method',
  must: 'must name a service, a method, or with [{}] all methods',
});

/** A field that grpc-js does not read. What it throws at all the same is refused. */
function unread(
  isTyped: (value: unknown) => boolean,
  must: string,
  throws: (value: unknown) => boolean,
  instead: string,
): Row {
  return (value, at) => {
    if (value === false && isTyped(value)) return value; // what grpc-js does
    const finding = throws(value)
      ? ({ outcome: 'throws', happens: 'grpc-js throws out of the constructor of the client' } as const)
      : ({ outcome: 'ignored', happens: 'grpc-js does not read the field' } as const);
    if (isTyped(value))
      at.find(value, { ...finding, instead: `is not read: ${instead}`, severity: 'error', takenFrom: 'dns' });
    else at.find(value, { ...finding, instead: `${must}, ${got(value)}`, severity: 'error' });
    return isString(value) ? Number(value) : value;
  };
}

// proto3 JSON writes a uint64 as a string.
const isSize = (value: unknown) =>
  (Number.isInteger(value) && Number(value) >= 0) || (isString(value) && /^\d+$/.test(value));
const SIZE = 'must be an integer of at least 0';
const SEND = 'set the channel option grpc.max_send_message_length';
const RECEIVE = 'set the channel option grpc.max_receive_message_length';

const entryFields = object({
  required: { name: names },
  optional: { timeout, retryPolicy, hedgingPolicy },
  unread: {
    waitForReady: unread(
      (value) => typeof value === 'boolean',
      'must be true or false',
      (value) => typeof value !== 'boolean',
      'set it on each call: new Metadata({ waitForReady: true })',
    ),
    maxRequestBytes: unread(isSize, SIZE, (value) => !isNumber(value), SEND),
    maxResponseBytes: unread(isSize, SIZE, (value) => !isNumber(value), RECEIVE),
    maxRequestMessageBytes: unread(isSize, SIZE, () => false, SEND),
    maxResponseMessageBytes: unread(isSize, SIZE, () => false, RECEIVE),
  },
  nullIgnored: ['maxRequestMessageBytes', 'maxResponseMessageBytes'],
});

const entry: Row = (value, at) => {
  const read = entryFields(value, at);
  if (isJson(value) && own(value, 'retryPolicy') && own(value, 'hedgingPolicy')) {
    at.at('hedgingPolicy').refuse(value.hedgingPolicy, 'must not stand beside a retryPolicy');
  }
  return read;
};

const entries = list(entry, 'must be an array of objects', MOST_ENTRIES);

/** The row of `methodConfig`. */
export const methodConfig: Row = (value, at) => {
  if (Array.isArray(value)) {
    const read = entries(value, at);
    refuseDuplicates(value, at);
    return read;
  }
  const instead = `must be an array of objects, ${got(value)}`;
  at.find(value, {
    outcome: 'ignored',
    happens: 'grpc-js ignores it and logs nothing',
    instead,
    severity: 'error',
  });
  return undefined;
};

/** The names of all entries, which must differ: `service/method`, as grpc-js compares them. */
function refuseDuplicates(configs: readonly unknown[], at: Place): void {
  const seen = new Map<string, string>();
  for (const [i, config] of configs.entries()) {
    const all: readonly unknown[] = isJson(config) && Array.isArray(config.name) ? config.name : [];
    for (const [j, one] of all.entries()) {
      if (typeof one !== 'object' || one === null) continue;
      const place = at.at(i).at('name').at(j);
      const key = JSON.stringify([own(one, 'service') ?? '', own(one, 'method') ?? '']);
      const before = seen.get(key);
      if (before === undefined) seen.set(key, place.path);
      else place.refuse(one, `must not be named twice: ${before} is the same`);
    }
  }
}

function own(json: object, field: string): unknown {
  return Object.hasOwn(json, field) ? (json as Json)[field] : undefined;
}
