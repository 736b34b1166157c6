/** Thrown for a bad target, address or server name; the message is one line and quotes the part that is wrong. */
export class TargetError extends Error {
  override readonly name = 'TargetError';
}
