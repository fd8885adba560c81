/**
 * That somebody holds parental responsibility for a child: who, from when, by which document; in codes alone.
 */
import type { Extension, Flag } from '@medplum/fhirtypes';
import { SKEIN_DEFINITIONS } from './systems.ts';

/** What they are to the child. */
export const HOLDERS = [
  ...['mother', 'father', 'second-parent', 'step-parent', 'guardian', 'special-guardian', 'adopter'],
  'local-authority',
] as const;
export const DOCUMENTS = [
  ...['birth-certificate', 'court-order', 'agreement', 'adoption-certificate', 'care-order'],
  ...['marriage-certificate', 'guardian-appointment'],
] as const;
export type Parental = {
  holder: (typeof HOLDERS)[number];
  /** A day. */
  from: string;
  document: (typeof DOCUMENTS)[number];
};

const PARENTAL = `${SKEIN_DEFINITIONS}parental-responsibility`;

export const parentalExtension = ({ holder, from, document }: Parental): Extension => ({
  url: PARENTAL,
  extension: [
    { url: 'holder', valueCode: holder },
    { url: 'from', valueDate: from },
    { url: 'document', valueCode: document },
  ],
});

const partOf = (flag: Flag, name: string): Extension | undefined =>
  flag.extension?.find(({ url }) => url === PARENTAL)?.extension?.find(({ url }) => url === name);

export const holderOf = (flag: Flag): string | undefined => partOf(flag, 'holder')?.valueCode;

/** As it was set, and from its day on. */
export const holdsAt = (flag: Flag, at: Date): boolean =>
  flag.status === 'active' && (partOf(flag, 'from')?.valueDate ?? '9999') <= at.toISOString().slice(0, 10);
