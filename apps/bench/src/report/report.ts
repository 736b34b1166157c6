/** What a part of the benchmark hands back: tables of figures, written as aligned Markdown for terminal and docs alike. */

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A row by the titles of its columns. */
export type Row = Readonly<Record<string, string>>;

/** The columns are those of the first row. */
export function tableOf(title: string, rows: readonly Row[]): Table {
  return { title, columns: Object.keys(rows[0] ?? {}), rows: rows.map((row) => Object.values(row)) };
}

/** One target of the project, and whether this run met it. */
export interface Verdict {
  readonly target: string;
  readonly measured: string;
  readonly met: boolean;
}

export interface Report {
  readonly tables: readonly Table[];
  readonly verdicts: readonly Verdict[];
  /** Sentences that a reader of the tables needs. */
  readonly notes: readonly string[];
}

/** Rows and header padded to the widest cell; figures to the right, as the first column is the subject. */
export function renderTable({ title, columns, rows }: Table): string {
  const all = [columns, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = columns.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0), 3));
  const line = (row: readonly string[]): string =>
    `| ${widths
      .map((width, column) => {
        const cell = row[column] ?? '';
        return column === 0 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join(' | ')} |`;
  const rule = `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  const [header = [], ...body] = all;
  return [`**${title}**`, '', line(header), rule, ...body.map(line)].join('\n');
}

export function renderReport({ tables, verdicts, notes }: Report): string {
  const targets: Table = {
    title: 'Targets',
    columns: ['target', 'measured', 'met'],
    rows: verdicts.map(({ target, measured, met }) => [target, measured, met ? 'yes' : 'NO']),
  };
  const all = verdicts.length > 0 ? [...tables, targets] : tables;
  return [...all.map(renderTable), ...notes].join('\n\n');
}

/** Three significant digits without an exponent: `0.0123`, `1.23`, `123`, `12300`. */
export function figure(value: number, unit = ''): string {
  if (!Number.isFinite(value)) return 'none';
  const digits = Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
  return unit === '' ? digits : `${digits} ${unit}`;
}

/** A ratio that is near 1: `0.998`. */
export function ratio(value: number): string {
  return Number.isFinite(value) ? value.toFixed(3) : 'none';
}

/** A part of the whole: `12.3 %`. */
export function percent(part: number): string {
  return Number.isFinite(part) ? `${(100 * part).toFixed(1)} %` : 'none';
}
