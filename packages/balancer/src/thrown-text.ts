/** The text of whatever was thrown: JavaScript may throw anything, also what cannot be made a string. */
export function thrownText(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return 'something that has no text';
  }
}
