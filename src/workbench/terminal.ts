/** What the workbench says, and where: data on stdout, everything else on stderr; colour and progress on a
 * terminal only. */
import type { Issue } from '../model.ts';

/** A closed pipe (`| head`) is no fault. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

export function print(text: string): void {
  process.stdout.write(text);
}

export function printJson(data: unknown): void {
  print(`${JSON.stringify(data, null, 2)}\n`);
}

export function complain(text: string): void {
  process.stderr.write(`${text}\n`);
}

export const describeIssue = ({ severity, code, field, text }: Issue): string =>
  `${severity} ${code}: ${field && !text.includes(field) ? `${field}: ` : ''}${text}`;

const CODES = { red: 31, green: 32, dim: 2 } as const;

/** Plain text where the stream is no terminal, or NO_COLOR is set. https://no-color.org */
export function paint(stream: 'stdout' | 'stderr', colour: keyof typeof CODES, text: string): string {
  if (!process[stream].isTTY || process.env.NO_COLOR) return text;
  return `\u001B[${CODES[colour]}m${text}\u001B[0m`;
}

/** Shows the progress of a long run on one line of the terminal, and clears it at the end; shows nothing
 * where stderr is a file. */
export function showProgress(label: string): { step: (done: number, of: number) => void; end: () => void } {
  const { isTTY } = process.stderr;
  let shown = 0;
  return {
    step: (done, of) => {
      // At most ten updates a second: writing to a terminal is slow.
      if (!isTTY || Date.now() - shown < 100) return;
      shown = Date.now();
      process.stderr.write(`\r\u001B[K${label}: ${done} of ${of}`);
    },
    end: () => {
      if (isTTY) process.stderr.write('\r\u001B[K');
    },
  };
}

/** Aligns rows of text in columns; the last column is not padded. */
export function columns(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, index) => (index < row.length - 1 ? cell.padEnd(widths[index] ?? 0) : cell))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
