/** Files of records of which it is known who is who. */

import { WrongUse } from '../../command/wrong-use.ts';
import { type MatchRecord, type RawRecord, readRecord } from '../../match/record.ts';
import { readCsv } from '../../parse/csv.ts';

/** `person`: who it truly is of; `file`: which of two files it is from. */
export type Truth = { record: MatchRecord; person: string; file: number };
type Cells = Record<string, string>;

function readCells(body: Buffer, asked: string[]): Cells[] {
  const units = readCsv(body);
  const wrong = units.find(({ error }) => error);
  if (wrong) throw new Error(`${wrong.position}: ${wrong.error?.text}`);
  const rows = units.map(({ tree }) => tree as Cells);
  const missing = asked.filter((name) => rows[0]?.[name] === undefined);
  if (missing.length > 0) throw new WrongUse(`the file has no column ${missing.join(', ')}`);
  return rows;
}

const YES = ['true', 't', 'yes', 'y', '1'];
const NO = ['false', 'f', 'no', 'n', '0'];

/** `records`: docs/matching.md says which columns; those of the truth and the names must be there. */
export function readRecords(body: Buffer): Truth[] {
  const rows = readCells(body, ['record_id', 'person_id', 'given', 'family', 'birth_date']);
  const raws = rows.map(rawOf);
  // Ages are those on the day that the file tells of last.
  const asOf = raws.reduce((last, { birthDate = '' }) => (birthDate > last ? birthDate : last), '');
  return raws.map((raw, at) => ({
    record: readRecord(raw, asOf),
    person: rows[at]?.person_id ?? '',
    file: 0,
  }));
}

/** One row of the format, as the scorer reads it on that day. */
export const recordOf = (row: Cells, asOf: string): MatchRecord => readRecord(rawOf(row), asOf);

function rawOf(row: Cells): RawRecord {
  const cell = (name: string) => row[name]?.trim() || undefined;
  const flag = (name: string) => {
    const word = cell(name)?.toLowerCase() ?? '';
    return YES.includes(word) ? true : NO.includes(word) ? false : undefined;
  };
  const order = Number(cell('birth_order'));
  return {
    id: cell('record_id') ?? '',
    source: cell('source'),
    nhsNumber: cell('nhs_number'),
    verified: flag('nhs_verified'),
    given: cell('given')?.split(' ') ?? [],
    family: cell('family'),
    birthDate: cell('birth_date'),
    sex: cell('sex'),
    addressLine: cell('address_line'),
    postcode: cell('postcode'),
    phones: cell('phone')?.split(/[;|]/) ?? [],
    multipleBirth: flag('multiple_birth'),
    ...(order > 0 ? { birthOrder: order } : {}),
    motherNhsNumber: cell('mother_nhs_number'),
  };
}

const FEBRL = ['rec_id', 'given_name', 'surname', 'date_of_birth', 'postcode'];

/**
 * FEBRL: made-up Australians, `rec-12-org` and `rec-12-dup-0` one person. Its identifier (seven digits, no
 * check digit) takes the place of the NHS number. The suburb, which address lines there leave out, takes that
 * of the phone: one more thing in common. There is no sex, and nobody is anybody's family.
 */
export function readFebrl(
  body: Buffer,
  { file, identifier }: { file: number; identifier: boolean },
): Truth[] {
  return readCells(body, FEBRL).map((row) => {
    const cell = (name: string) => row[name]?.trim() ?? '';
    const [, person = ''] = /^rec-(\d+)-/.exec(cell('rec_id')) ?? [];
    if (person === '') throw new WrongUse('rec_id is rec-N-org or rec-N-dup-N');
    const where = ['street_number', 'address_1', 'address_2'].map(cell).filter(Boolean);
    const record = readRecord(
      {
        id: `${file} ${cell('rec_id')}`,
        given: [cell('given_name')],
        family: cell('surname'),
        birthDate: cell('date_of_birth'),
        addressLine: where.join(' '),
        postcode: cell('postcode'),
      },
      '2100-01-01',
    );
    const number = (identifier && cell('soc_sec_id')) || undefined;
    const phones = cell('suburb') ? [cell('suburb')] : [];
    return { record: { ...record, number, verified: number !== undefined, phones }, person, file };
  });
}
