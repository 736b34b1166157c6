/** One question to DNS, and what counts as an answer. */
import { DnsError } from './dns-error.js';
import { untilAborted } from './until-aborted.js';

/** What DNS answers: at least one record. Rejects with a {@link DnsError}, at the latest when the signal aborts. */
export async function answerOf<T>(
  ask: () => Promise<readonly T[]>,
  what: string,
  host: string,
  signal: AbortSignal,
): Promise<readonly T[]> {
  if (signal.aborted) throw new DnsError('ECANCELLED', what, host);
  let records: readonly T[];
  try {
    records = await untilAborted(ask(), signal);
  } catch (error) {
    throw DnsError.from(error, what, host);
  }
  // A name that is a CNAME of nothing comes as an empty success.
  if (records.length === 0) throw new DnsError('ENODATA', what, host);
  return records;
}
