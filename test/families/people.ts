/** Who there is in a family, and what is true of each at every time: names, addresses, numbers. */
import type { Address } from './addresses.ts';
import type { Name, OriginName } from './names/compose.ts';
import type { Sex } from './names/origin.ts';

export type Role = 'mother' | 'partner' | 'infant' | 'sibling' | 'half-sibling' | 'grandmother' | 'adopted';
export type Outcome = 'live' | 'stillbirth' | 'neonatal-death';

/** What was so from this day on, until the next. */
export type Since<T> = { day: number; what: T };

export type Person = {
  id: string;
  family: string;
  role: Role;
  origin: OriginName;
  /** Of the birth that the family is about. */
  outcome: Outcome;
  sex: Sex;
  /** Day of birth as every source was told it; for some adults 1 January of a year that was guessed. */
  born: number;
  /** None for the stillborn. */
  nhs: string;
  /** Oldest first, at least one. */
  names: Since<Name>[];
  addresses: Since<Address>[];
  phone: string;
  mother?: { nhs: string };
  multiple: boolean;
  /** Among those born together, from 1; 0 where alone. */
  order: number;
  /** Numbers of those born together with this one. */
  together: string[];
  /** The first and the last day on which a source may write of this person. */
  known: { from: number; to: number };
  /** The same human being under another identity, before or after adoption: never to be brought together. */
  neverWith?: string;
};

/** What was so on a day. */
export const during = <T>(spells: Since<T>[], day: number): T =>
  (spells.findLast((spell) => spell.day <= day) ?? (spells[0] as Since<T>)).what;
