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
import { isJson, own } from './json.js';
import { got } from './text/show.js';
import { type Place, THROWS } from './walk/place.js';
import { leaf, list, object, type Row } from './walk/rows.js';

/** How many attempts grpc-js makes at most, and gRFC A6 asks for no more. */
const MAX_ATTEMPTS = 5;

/** Entries of methodConfig, and names of an entry. */
const MOST_ENTRIES = 1000;
const MOST_CODES = 100;
const CODES = Object.keys(Status).filter((name) => Number.isNaN(Number(name)));

const isString = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): value is number => typeof value === 'number';
const attempts: Row = (value, at) => {
  if (!Number.isInteger(value) || Number(value) < 2)
    at.refuse(value, `must be an integer from 2 to ${MAX_ATTEMPTS}`);
  else if (Number(value) > MAX_ATTEMPTS) {
    const instead = `write ${MAX_ATTEMPTS}, or raise the channel option grpc-node.retry_max_attempts_limit`;
    at.find(value, 'replaced', `grpc-js makes ${MAX_ATTEMPTS} attempts at most`, instead, {
      severity: 'note',
    });
  }
  return value;
};

/** A Duration that grpc-js waits for with a timer, up to so many times as long. */
function pause(least: 'above 0 s' | 'of 0 s or more', factor: number): Row {
  const most = Math.floor(MAX_TIMER_SECONDS / factor);
  const overflows = "Node's timer overflows, and grpc-js waits for a millisecond";
  return leaf(
    grpcJsAccepts,
    `must be a Duration ${least} such as "0.1s"`,
    [(value) => Number.parseFloat(value) > most, 'misread', overflows, `must be at most ${most} s`],
    [
      (value) => least === 'above 0 s' && Number.parseFloat(value) === 0,
      'ignored',
      'grpc-js sends one attempt after the other without a pause',
    ],
  );
}

function codeName(value: unknown): string | undefined {
  return isNumber(value) ? Status[value] : isString(value) ? value.toUpperCase() : undefined;
}

const code = leaf(
  (value): value is string | number => CODES.includes(codeName(value) ?? ''),
  'must be a status code that an RPC can fail with, such as "UNAVAILABLE" or 14',
  [(value) => codeName(value) === 'OK', 'ignored', 'an RPC that ends with OK has not failed'],
);
const CODE_LIST = 'must be an array of status codes such as ["UNAVAILABLE"]';
const codes = list(code, CODE_LIST, MOST_CODES);
const someCodes = list(code, CODE_LIST, MOST_CODES, [({ length }) => length === 0, 'throws', THROWS]);

const backoff = pause('above 0 s', 1.2); // grpc-js draws it, up to 20 % longer

/** gRFC A6 */
const retryFields = object({
  required: {
    maxAttempts: attempts,
    initialBackoff: backoff,
    maxBackoff: backoff,
    backoffMultiplier: leaf(
      (value): value is number => isNumber(value) && value > 0,
      'must be a number above 0',
    ),
    retryableStatusCodes: someCodes,
  },
});

const retryPolicy: Row = (value, at) => {
  const { initialBackoff, maxBackoff } = own(isJson(value) ? value : {});
  const [first, limit] = [parseDuration(initialBackoff), parseDuration(maxBackoff)];
  if (first && limit && durationMs(first) > durationMs(limit)) {
    // gRFC A6 limits every pause by `maxBackoff`, grpc-js all but the first.
    const happens = `grpc-js pauses for ${initialBackoff} before the second attempt all the same`;
    const instead = `write a maxBackoff of at least initialBackoff, ${got(maxBackoff)}`;
    at.at('maxBackoff').find(maxBackoff, 'ignored', happens, instead, { severity: 'note' });
  }
  return retryFields(value, at);
};

/** gRFC A6 */
const hedgingPolicy = object({
  required: { maxAttempts: attempts },
  optional: {
    hedgingDelay: pause('of 0 s or more', 1),
    nonFatalStatusCodes(value, at) {
      if (Array.isArray(value)) return codes(value, at);
      const fatal = 'grpc-js throws at the first RPC that fails, which ends the process';
      return value
        ? at.refuse(value, CODE_LIST, 'fails', fatal)
        : at.refuse(value, CODE_LIST, 'ignored', 'grpc-js ignores it');
    },
  },
  nullIgnored: ['nonFatalStatusCodes'],
});

/** A Duration as grpc-js reads it right: `{ seconds, nanos }`. */
function timeout(value: unknown, at: Place): unknown {
  const rule = 'must be a Duration such as "5s" or "0.250s"';
  const { seconds, nanos } = (isString(value) ? parseDuration(value) : isJson(value) && value) || {};
  if (!isNumber(seconds) || !isNumber(nanos)) {
    // The string of a time that is longer than a Duration can be.
    return grpcJsAccepts(value)
      ? at.refuse(value, rule, 'misread', 'grpc-js cuts the seconds to 32 bits')
      : at.refuse(value, rule);
  }
  const ms = durationMs({ seconds, nanos });
  if (ms > MAX_SECONDS * 1000) {
    const ends =
      'the deadline does not fit into a header: grpc-js throws at the first RPC, which ends the process';
    return at.refuse(value, `must be a Duration of at most ${MAX_SECONDS} s`, 'fails', ends);
  }
  // grpc-js counts in whole milliseconds.
  if (!(ms >= 1)) {
    const happens = 'every RPC fails with DEADLINE_EXCEEDED at once';
    return at.refuse(value, 'must be a Duration of at least "0.001s"', 'fails', happens);
  }
  if (!Number.isInteger(seconds) || !Number.isInteger(nanos) || nanos < 0 || nanos > 999_999_999) {
    return at.refuse(value, rule, 'misread', 'grpc-js takes the sum of both for the time');
  }
  const read = isString(value) ? asGrpcJsReads(value) : { seconds, nanos };
  if (ms > MAX_TIMER_SECONDS * 1000) {
    const happens =
      'clients of grpc-js never wait so long, and its servers may end RPCs at once: their milliseconds overflow';
    return at.mend(value, { seconds: MAX_TIMER_SECONDS, nanos: 0 }, 'misread', happens);
  }
  if (read.seconds === seconds && read.nanos === nanos) return read;
  return at.mend(
    value,
    { seconds, nanos },
    'misread',
    `grpc-js reads ${read.seconds} s and ${read.nanos} ns`,
  );
}

const namePart = (example: string): Row =>
  leaf(isString, 'must be a string', [
    (value) => value.includes('/'),
    'ignored',
    'it matches no method',
    `must be a name without slashes such as ${example}`,
  ]);
const nameFields = object({ optional: { service: namePart('"pkg.Service"'), method: namePart('"Method"') } });

const name: Row = (value, at) => {
  if (Array.isArray(value)) {
    return at.refuse(value, 'must be an object', 'misread', 'grpc-js takes it for {}: all methods');
  }
  const read = nameFields(value, at);
  // Even an empty method is refused here.
  if (isJson(read) && Object.hasOwn(read, 'method') && !own(read).service) {
    at.at('method').find(read.method, 'throws', THROWS, 'must not stand without a service');
  }
  return read;
};

const names = list(name, 'must be an array such as [{"service": "pkg.Service"}]', MOST_ENTRIES, [
  ({ length }) => length === 0,
  'ignored',
  'the entry applies to no method',
  'must name a service, a method, or with [{}] all methods',
]);

/** A field that grpc-js does not read: of the right type it is without effect, of a wrong one grpc-js may throw. */
function unread(
  rule: string,
  isRight: (value: unknown) => boolean,
  isTaken: (value: unknown) => boolean,
  instead: string,
): Row {
  return (value, at) => {
    if (value === false && isRight(value)) return value; // what grpc-js does
    const outcome = isTaken(value) ? 'ignored' : 'throws';
    const happens = isTaken(value) ? 'grpc-js does not read the field' : THROWS;
    if (!isRight(value)) return at.refuse(value, rule, outcome, happens);
    at.find(value, outcome, happens, `is not read: ${instead}`, { takenFrom: 'dns' });
    return isString(value) ? Number(value) : value;
  };
}

/** proto3 JSON writes a uint64 as a string. */
function size(isTaken: (value: unknown) => boolean, which: 'send' | 'receive'): Row {
  const isSize = (value: unknown) =>
    isString(value) ? /^\d+$/.test(value) : Number.isInteger(value) && Number(value) >= 0;
  return unread(
    'must be an integer of at least 0',
    isSize,
    isTaken,
    `set the channel option grpc.max_${which}_message_length`,
  );
}

const isBoolean = (value: unknown) => typeof value === 'boolean';

const entryFields = object({
  required: { name: names },
  optional: { timeout, retryPolicy, hedgingPolicy },
  unread: {
    waitForReady: unread(
      'must be true or false',
      isBoolean,
      isBoolean,
      'set it on each call: new Metadata({ waitForReady: true })',
    ),
    maxRequestBytes: size(isNumber, 'send'),
    maxResponseBytes: size(isNumber, 'receive'),
    maxRequestMessageBytes: size(() => true, 'send'),
    maxResponseMessageBytes: size(() => true, 'receive'),
  },
  nullIgnored: ['maxRequestMessageBytes', 'maxResponseMessageBytes'],
});

const entry: Row = (value, at) => {
  const read = entryFields(value, at);
  if (isJson(value) && own(value).retryPolicy && own(value).hedgingPolicy) {
    at.at('hedgingPolicy').find(value.hedgingPolicy, 'throws', THROWS, 'must not stand beside a retryPolicy');
  }
  return read;
};

const ENTRIES = 'must be an array of objects';
const entries = list(entry, ENTRIES, MOST_ENTRIES);

/** The row of `methodConfig`. */
export const methodConfig: Row = (value, at) => {
  if (!Array.isArray(value))
    return at.refuse(value, ENTRIES, 'ignored', 'grpc-js ignores it and logs nothing');
  const read = entries(value, at);
  refuseDuplicates(value, at);
  return read;
};

/** The names of all entries must differ, as grpc-js compares them. */
function refuseDuplicates(configs: readonly unknown[], at: Place): void {
  const seen = new Map<string, string>();
  for (const [i, config] of configs.entries()) {
    const all: readonly unknown[] = isJson(config) && Array.isArray(config.name) ? config.name : [];
    for (const [j, one] of all.entries()) {
      if (typeof one !== 'object' || one === null) continue;
      const key = JSON.stringify([own(one).service ?? '', own(one).method ?? '']);
      const before = seen.get(key);
      if (before === undefined) seen.set(key, `${at.path}[${i}].name[${j}]`);
      else {
        const instead = `must not be named twice: ${before} is the same`;
        at.at(i).at('name').at(j).find(one, 'throws', THROWS, instead);
      }
    }
  }
}
