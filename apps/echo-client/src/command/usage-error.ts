/** Something that the command line asks for and that cannot be: one line that names option, value and what is allowed. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
