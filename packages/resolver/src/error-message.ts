/** The text of whatever was thrown, in one line: JavaScript may throw anything, and OpenSSL's texts have line breaks. */
export function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replaceAll(/\s*\n\s*/g, ' ').trim();
}
