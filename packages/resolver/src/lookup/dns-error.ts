/** A failed DNS look-up: its code, what was asked and of which name. */
import { quote, thrownText } from '@petiole/service-config/internal';

const MEANINGS: Readonly<Record<string, string>> = {
  ENODATA: 'the name has no such record',
  ENOTFOUND: 'no such name',
  EAI_AGAIN: 'the DNS server did not answer',
  ESERVFAIL: 'the DNS server failed',
  EREFUSED: 'the DNS server refused',
  ECONNREFUSED: 'no DNS server there',
  ETIMEOUT: 'the DNS server did not answer in time',
  ECANCELLED: 'the deadline of the resolution passed',
  EBADNAME: 'no name of a host',
  EBADRESP: 'the DNS server sent what cannot be read',
};

/** The message is fit for a status: `AAAA look-up of "echo-1.example" failed: ESERVFAIL (the DNS server failed)`. */
export class DnsError extends Error {
  override readonly name = 'DnsError';
  /** Node's code, `ENOTFOUND` for instance. */
  readonly code: string;

  constructor(code: string, what: string, host: string) {
    const meaning = MEANINGS[code];
    super(`${what} look-up of ${quote(host)} failed: ${code}${meaning === undefined ? '' : ` (${meaning})`}`);
    this.code = code;
  }

  static from(error: unknown, what: string, host: string): DnsError {
    if (error instanceof DnsError) return error;
    // Not by instanceof: under Jest, Node's own errors are of another realm.
    const { code = error } = Object(error) as { code?: unknown };
    return new DnsError(thrownText(code), what, host);
  }

  /** Whether DNS said that there is nothing, rather than nothing being said. */
  get isDefinite(): boolean {
    return this.code === 'ENODATA' || this.code === 'ENOTFOUND';
  }
}
