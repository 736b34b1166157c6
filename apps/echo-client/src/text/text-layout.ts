/** Text in columns of a terminal: what does not fit goes to the next line, or ends in `…`. */
import cliTruncate from 'cli-truncate';
import stringWidth from 'string-width';

const GAP = '  ';

/** The parts side by side, in as many lines as they need; every line but the first begins with `indent`. */
export function flow(parts: readonly string[], width: number, indent = ''): readonly string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const line = lines.at(-1);
    const longer = line === undefined ? part : line + GAP + part;
    if (line !== undefined && stringWidth(longer) <= width) lines[lines.length - 1] = longer;
    else lines.push(line === undefined ? part : indent + part);
  }
  return lines.map((line) => fit(line, width));
}

/** At most `width` columns; colours may be in the text. */
export function fit(text: string, width: number): string {
  return stringWidth(text) <= width ? text : cliTruncate(text, width);
}
