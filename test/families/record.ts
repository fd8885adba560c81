/** One record as `skein match evaluate --format records` reads it, and the truth beside it. */
import type { OriginName } from './names/compose.ts';
import type { Outcome, Role } from './people.ts';

/** All texts; empty means unknown. */
export type FamilyRecord = {
  record_id: string;
  /** The truth. */
  person_id: string;
  source: string;
  nhs_number: string;
  /** true or false; empty where there is no number. */
  nhs_verified: string;
  given: string;
  family: string;
  birth_date: string;
  /** female or male. */
  sex: string;
  address_line: string;
  postcode: string;
  phone: string;
  /** true or false, of children. */
  multiple_birth: string;
  birth_order: string;
  mother_nhs_number: string;
};

/** What no matcher may read: for figures by origin of name, outcome of the birth, role and error. */
export type Truth = {
  family_id: string;
  role: Role;
  name_origin: OriginName;
  birth_outcome: Outcome;
  /** Another person_id that must never be brought together with this one: the same child before or after adoption. */
  never_with: string;
  /** What was done to the record, such as mothers-number or day-and-month-swapped. */
  errors: string[];
};

export const COLUMNS = [
  ...(['record_id', 'person_id', 'source', 'nhs_number', 'nhs_verified', 'given', 'family'] as const),
  ...(['birth_date', 'sex', 'address_line', 'postcode', 'phone'] as const),
  ...(['multiple_birth', 'birth_order', 'mother_nhs_number'] as const),
] satisfies (keyof FamilyRecord)[];

/** The columns that may follow the standard ones; readers of the format ignore them. */
export const TRUTH_COLUMNS = [
  ...(['family_id', 'role', 'name_origin', 'birth_outcome', 'never_with', 'errors'] as const),
] satisfies (keyof Truth)[];

export type Labelled = { record: FamilyRecord; truth: Truth };

const quoted = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

export const csvHeader = (truth: boolean) => [...COLUMNS, ...(truth ? TRUTH_COLUMNS : [])].join(',');

export function csvLine({ record, truth }: Labelled, withTruth: boolean): string {
  const values = COLUMNS.map((column) => record[column]);
  const beside = TRUTH_COLUMNS.map((column) => [truth[column]].flat().join(' '));
  return [...values, ...(withTruth ? beside : [])].map(quoted).join(',');
}
