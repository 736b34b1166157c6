/** The text of whatever was thrown, in one line: JavaScript may throw anything, and OpenSSL's texts have line breaks. */
export function messageOf(thrown: unknown): string {
  let text: string;
  try {
    text = thrown instanceof Error ? thrown.message : String(thrown);
  } catch {
    text = 'something that has no text';
  }
  return text.replaceAll(/\s*\n\s*/g, ' ').trim();
}
