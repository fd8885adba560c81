/** What a spreadsheet writes into a CSV cell instead of what its reader saw in it. */
import type { Issue } from '../../model.ts';

type Cell = { text: string | undefined; issue?: Issue };
type Place = { field: string; year: number };

/** `="0123"`: so that a spreadsheet keeps the nought. */
const QUOTED_FORMULA = /^="((?:[^"]|"")*)"$/;
/** `=HYPERLINK("mailto:…","what is seen")` */
const LINK = /^=HYPERLINK\(\s*"((?:[^"]|"")*)"\s*(?:[,;]\s*"((?:[^"]|"")*)"\s*)?\)$/i;
const SERIAL_DAY = /^\d{5}(?:\.0+)?$/;
/** `9.99123E+09`: digits are gone, and two numbers may have become one. */
const ROUNDED = /^[+-]?\d(?:[.,]\d+)?E\+\d{1,3}$/i;
const SHORT_YEAR = /^(\d{1,2}[/.-]\d{1,2}[/.-])(\d\d)$/;

/** Days are counted from here (ECMA-376, 18.17.4.1): day 60 is 29 February 1900, which never was. */
const DAY_NOUGHT = Date.UTC(1899, 11, 30);
const DAY = 86_400_000;

/**
 * The text of a cell as its reader saw it, with a warning where that is a reading; no text where it is a
 * formula or a number that was shortened. `year`: of receipt, which dates of two digits are not after.
 */
export function readCell(raw: string, type: string, { field, year }: Place): Cell {
  const text = raw.trim();
  if (text.startsWith('=')) return readFormula(text, field);
  if (ROUNDED.test(text))
    return {
      text: undefined,
      issue: warn(
        field,
        'is a number as a spreadsheet shortens it: it is left out. Export the column as text',
      ),
    };
  // A leading apostrophe marks text; names begin with one, too ('t Hooft), and addresses, but no digit does.
  const bare = /^'(?=[\d+])/.test(text) ? text.slice(1) : text;
  return type === 'time' ? readDay(bare, { field, year }) : { text: bare };
}

function readFormula(text: string, field: string): Cell {
  const [, quoted] = QUOTED_FORMULA.exec(text) ?? [];
  const [link, target = '', seen] = LINK.exec(text) ?? [];
  const said = quoted ?? (link === undefined ? undefined : (seen ?? target.replace(/^(mailto|tel):/i, '')));
  if (said === undefined)
    return {
      text: undefined,
      issue: warn(field, 'is a formula, not a value: it is left out. Export the file with its values'),
    };
  return { text: said.replaceAll('""', '"').trim() || undefined };
}

function readDay(text: string, { field, year }: Place): Cell {
  if (SERIAL_DAY.test(text)) {
    const date = new Date(DAY_NOUGHT + Number(text) * DAY).toISOString().slice(0, 10);
    return {
      text: date,
      issue: warn(field, `"${text}" is a spreadsheet’s day number: it is read as ${date}`),
    };
  }
  const [, day, short] = SHORT_YEAR.exec(text) ?? [];
  if (!day) return { text };
  const century = year - (year % 100);
  const full = century + Number(short) > year ? century - 100 + Number(short) : century + Number(short);
  return { text: `${day}${full}`, issue: warn(field, `the year has two digits: it is read as ${full}`) };
}

const warn = (field: string, what: string): Issue => ({
  severity: 'warning',
  code: 'value',
  field,
  text: `${field}: ${what}`,
});
