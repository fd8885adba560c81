import type { RelatedPerson } from '@medplum/fhirtypes';

/**
 * What a v3-RoleCode says of parenthood. Only gestational and caring edges are ever made by machine: natural
 * (genetic) ones are suggestions, legal ones are entered by a person, and partners are contacts
 * (policy/README.md, ground rules 7 and 15).
 */
export type ParentKind = 'gestational' | 'caring';

const PARENT: Record<string, ParentKind> = {
  GESTM: 'gestational',
  MTH: 'caring',
  FTH: 'caring',
  PRN: 'caring',
  ADOPTP: 'caring',
  ADOPTM: 'caring',
  ADOPTF: 'caring',
  STPPRN: 'caring',
  STPMTH: 'caring',
  STPFTH: 'caring',
  PRNFOST: 'caring',
  NMTHF: 'caring',
  NFTHF: 'caring',
};
const CHILD = new Set([
  'CHILD',
  'CHLDADOPT',
  'CHLDFOST',
  'SONC',
  'DAUC',
  'SON',
  'DAU',
  'STPCHLD',
  'DAUADOPT',
  'SONADOPT',
]);
const GENETIC = new Set(['NMTH', 'NFTH', 'NPRN', 'NCHILD', 'NDAU', 'NSON', 'DONOR']);

export type Claim = {
  /** Which end is the parent: the related person, or the patient it is related to. */
  parent: 'related' | 'patient';
  kinds: ParentKind[];
  /**
   * The word used was mother: decides the column of the sharing table where no gestational parent is known.
   */
  mother: boolean;
};

/** Not adoptive, foster or step mothers: the column is that of who gave birth. */
const MOTHER = new Set(['MTH', 'NMTH', 'NMTHF', 'GESTM']);

export function codesOf(related: RelatedPerson): string[] {
  return (related.relationship ?? []).flatMap(({ coding }) => (coding ?? []).map(({ code }) => code ?? ''));
}

/** The parenthood a RelatedPerson claims, or null where it claims none that a machine may act on. */
export function parentClaim(related: RelatedPerson): Claim | null {
  const codes = codesOf(related);
  const kinds = [...new Set(codes.flatMap((code) => PARENT[code] ?? []))].sort();
  const child = codes.some((code) => CHILD.has(code));
  if (kinds.length > 0 && child) return null;
  if (kinds.length > 0) return { parent: 'related', kinds, mother: codes.some((code) => MOTHER.has(code)) };
  return child ? { parent: 'patient', kinds: ['caring'], mother: false } : null;
}

export const isGenetic = (related: RelatedPerson) => codesOf(related).some((code) => GENETIC.has(code));
