/** The options of one target over those of the registration. */
import { messageOf } from '@petiole/service-config/internal';
import { TargetError } from '../target/error.js';
import { readQuery } from '../target/query.js';

/**
 * Reads the options that a target has behind its `?`.
 * @param check what the register function checks its options with; it is given these.
 * @throws {TargetError} on those that it refuses, too.
 */
export function targetOptions<Options extends object, Checked>(
  query: string | undefined,
  names: ReadonlyArray<keyof Options & string>,
  check: (own: Options) => Checked,
): { readonly own: Options; readonly checked: Checked } {
  // The check refuses values of a wrong type.
  const own = readQuery(query, names) as Options;
  try {
    return { own, checked: check(own) };
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    throw new TargetError(messageOf(error));
  }
}
