/** Texts of whatever was thrown: JavaScript may throw anything, also what cannot be made a string. */

/** With the kind of the error before it: `TypeError: …`. */
export function thrownText(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return 'something that has no text';
  }
}

/** Without. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : thrownText(thrown);
}
