/** Who writes records of whom, when, and how completely. Shares are of the records of one source. */
import type { Role } from './people.ts';

export type Source = {
  /** False for extracts of national data sets, which hold no names, addresses or phones. */
  names: boolean;
  number: number;
  /** Of the records with a number: those traced against the national index. Only these are sure to be right. */
  verified: number;
  birthDate: number;
  sex: number;
  address: number;
  phone: number;
  /** A second given name is written out. */
  second: number;
  /** A nickname or another spelling stands for the given name, where there is one. */
  nickname: number;
  /** Errors of typing, as a multiple of those of a hospital's front desk. */
  careless: number;
  /** Of the records with a postcode: one that is out of date, or of a place where the person does not live. */
  elsewhere: number;
  /** The baby's record says whether it was born alone, and names the mother's number. */
  birth: number;
  /** Newborns who are called Baby, Infant or Twin 1. */
  placeholder: number;
};

const desk: Source = {
  ...{ names: true, number: 0.95, verified: 0.92, birthDate: 0.998, sex: 0.995, address: 0.97, phone: 0.7 },
  ...{ second: 0.2, nickname: 0.02, careless: 1, elsewhere: 0.25, birth: 0, placeholder: 0 },
};
const extract: Source = {
  ...desk,
  names: false,
  number: 0.93,
  verified: 0.9,
  address: 0,
  phone: 0,
  careless: 0.7,
};

export const SOURCES = {
  maternity: { ...desk, birth: 0.92, placeholder: 0.6 },
  neonatal: { ...desk, number: 0.85, verified: 0.85, careless: 1.3, birth: 0.85, placeholder: 0.65 },
  'birth-notification': {
    ...desk,
    number: 1,
    verified: 1,
    careless: 0.4,
    birth: 0.99,
    placeholder: 0.25,
    elsewhere: 0.15,
  },
  gp: { ...desk, number: 0.99, verified: 0.98, second: 0.7, careless: 0.5, elsewhere: 0.24 },
  'health-visiting': { ...desk, number: 0.96, verified: 0.94, phone: 0.85, birth: 0.3, placeholder: 0.05 },
  msds: { ...extract, birth: 0.95 },
  mhsds: extract,
  'third-sector': {
    ...desk,
    ...{ number: 0, birthDate: 0.82, sex: 0.7, address: 0.85, phone: 0.8, second: 0.03 },
    ...{ nickname: 0.45, careless: 3, elsewhere: 0.4 },
  },
  'csv-form': {
    ...desk,
    ...{ number: 0.5, verified: 0, birthDate: 0.93, sex: 0.75, address: 0.85, phone: 0.75, second: 0.1 },
    ...{ nickname: 0.15, careless: 4, elsewhere: 0.3 },
  },
} satisfies Record<string, Source>;
export type SourceName = keyof typeof SOURCES;

/** A record of a person in this role: the share of persons who have one, and when, in days from the family's birth. */
export type Appearance = { source: SourceName; share: number; from: number; to: number };

const seen = (source: SourceName, share: number, from: number, to: number): Appearance => ({
  source,
  share,
  from,
  to,
});
const asAdult = [seen('gp', 0.7, -1200, 600), seen('gp', 0.15, 0, 700)];

const infant = [
  ...[seen('maternity', 1, 0, 1), seen('birth-notification', 0.97, 0, 2), seen('msds', 0.6, 0, 6)],
  ...[seen('neonatal', 0.13, 0, 20), seen('neonatal', 0.06, 10, 60), seen('health-visiting', 0.9, 9, 60)],
  ...[seen('health-visiting', 0.5, 61, 420), seen('gp', 0.9, 7, 90), seen('csv-form', 0.12, 20, 600)],
  ...[seen('third-sector', 0.1, 20, 650), seen('mhsds', 0.04, 60, 690)],
];
const child = [
  seen('gp', 0.8, -1200, 600),
  seen('health-visiting', 0.5, -1200, 600),
  seen('msds', 0.2, -1200, 0),
];

export const APPEARANCES: Record<Role, readonly Appearance[]> = {
  mother: [
    ...[seen('maternity', 0.97, -220, -150), seen('maternity', 0.8, -140, 0), seen('msds', 0.6, -220, 0)],
    ...[...asAdult, seen('health-visiting', 0.55, -80, 400), seen('mhsds', 0.15, -200, 600)],
    ...[
      seen('mhsds', 0.05, -200, 600),
      seen('third-sector', 0.18, -150, 650),
      seen('csv-form', 0.15, -200, 600),
    ],
  ],
  partner: [
    ...[...asAdult, seen('mhsds', 0.05, -400, 600), seen('third-sector', 0.15, -150, 650)],
    ...[seen('csv-form', 0.12, -200, 600), seen('maternity', 0.15, -200, 0)],
  ],
  infant,
  adopted: [seen('gp', 1, 0, 690), seen('health-visiting', 0.8, 0, 690), seen('csv-form', 0.15, 0, 690)],
  sibling: [...child, seen('csv-form', 0.08, -200, 600)],
  'half-sibling': [...child, seen('csv-form', 0.08, -200, 600)],
  grandmother: [...asAdult, seen('third-sector', 0.3, -150, 650), seen('csv-form', 0.2, -200, 600)],
};
