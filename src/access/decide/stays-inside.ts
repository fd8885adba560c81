import type { CareSource, ResourceRow } from '../../model.ts';
import type { Grants } from './decide.ts';
import { treats } from './may-match.ts';
import { POLICY, SUBJECT } from './policy.ts';

type Known = Exclude<Grants, { everything: true }>;

/** The same of one row of care, or of a word about care. */
export const isKeptInside = (grants: Known, row: Pick<ResourceRow, 'service' | 'authors' | 'sources'>) =>
  staysInside(grants, sealOf(row) ?? row);

const sealOf = ({ sources }: Pick<ResourceRow, 'sources'>) =>
  sources && 'care' in sources ? sources.care.find(isNarrowed) : undefined;

/** Care that a label restricts. */
export const isLabelled = (row: Pick<ResourceRow, 'sources'>): boolean =>
  sealOf(row)?.patientOf !== undefined;

const isNarrowed = ({ sealed, patientOf }: CareSource) => sealed === true || patientOf !== undefined;

/**
 * True for what only author and addressee may know: care of a sealed kind, care before a pregnancy, what is
 * labelled very restricted, or restricted and not of an own patient of the reader, what a charity holds of
 * people who came to it by themselves (sharing rule 5 and row rules), and care that somebody claims to give
 * whose sector gives none. For the person herself, whose copy others may read, all care of a discreet kind.
 */
export function staysInside(grants: Known, { service, authors, sealed, patientOf }: CareSource): boolean {
  if (authors.includes(grants.service) || service === grants.service) return false;
  const parties = [service, ...authors];
  // Who reads over a shoulder would see that there is care of a kind that is not named.
  if (grants.sector === SUBJECT && parties.some((one) => isDiscreet(grants, one))) return true;
  if (patientOf !== undefined && !treats(grants, patientOf)) return true;
  const sealedKind = parties.some((one) =>
    POLICY.sealedKinds.includes(grants.services.get(one ?? '')?.kind ?? ''),
  );
  const selfReferred =
    authors.length > 0 &&
    authors.every((one) => isCharity(grants, one)) &&
    (!service || authors.includes(service));
  const isNone = POLICY.givesNoCare.includes(sectorOf(grants, service ?? '') ?? '');
  return sealed === true || sealedKind || selfReferred || isNone;
}

const isCharity = (grants: Known, service: string) =>
  POLICY.rows.get(sectorOf(grants, service) ?? '')?.group === 'third-sector';

export const sectorOf = ({ services }: Known, service: string): string | null =>
  services.get(service)?.sector ?? null;

/**
 * Prison, reproductive health and the like: that there is care is all that anybody else is told (level E of
 * the policy).
 */
export function isDiscreet(grants: Known, service: string | null): boolean {
  const known = grants.services.get(service ?? '');
  const names = [known?.kind, known?.sector];
  return service !== grants.service && names.some((name) => POLICY.discreet.includes(name ?? ''));
}
