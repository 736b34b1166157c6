/** Thrown for a bad target, address or server name; the message is one line and quotes the part that is wrong. */
export class TargetError extends Error {
  override readonly name = 'TargetError';
}

/** What is read; an error about it begins with the place where it stands. */
export function readAt<Read>(where: string, read: () => Read): Read {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof TargetError)) throw error;
    throw new TargetError(`${where}: ${error.message}`);
  }
}
