/** Bytes as lines of text. A line that never ends would take all memory. */

/**
 * The lines that have ended, as many at a time as a chunk of bytes brings. What follows the last line break is no line.
 * @throws {RangeError} when one that has not ended is longer than `most` bytes.
 */
export async function* lines(
  chunks: AsyncIterable<Buffer>,
  most: number,
): AsyncGenerator<readonly string[], void, undefined> {
  let parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    const ended: string[] = [];
    let from = 0;
    for (let to = chunk.indexOf(10); to >= 0; to = chunk.indexOf(10, from)) {
      ended.push(Buffer.concat([...parts, chunk.subarray(from, to)]).toString());
      parts = [];
      length = 0;
      from = to + 1;
    }
    parts.push(chunk.subarray(from));
    length += chunk.length - from;
    if (ended.length > 0) yield ended;
    if (length > most) throw new RangeError(`a line is longer than ${most} bytes`);
  }
}
