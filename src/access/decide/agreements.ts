/**
 * What was agreed to or refused of a person, and by whom in what capacity (docs/adr/0032-who-agreed.md).
 * Pure, and asked anew each time: an age and a decision change by themselves.
 */
import type { Consent, Flag } from '@medplum/fhirtypes';
import { findScope, standsAt } from '../../fhir/competence.ts';
import { consentFor } from '../../fhir/consent.ts';
import { findGivenBy } from '../../fhir/given-by.ts';
import { holderOf, holdsAt } from '../../fhir/parental.ts';
import type { Grant } from './decide.ts';
import { POLICY } from './policy.ts';
import { type Aged, ageAt, decidesFor } from './young.ts';

type To = { service: string; sector: string | null; at: Date };

/** Under the age at which people agree for themselves, infants included; of unknown age nobody is. */
export const isMinor = ({ births }: Pick<Aged, 'births'>, at: Date): boolean =>
  births.some((birth) => ageAt(birth, at) < POLICY.young.under);

/** Who holds parental responsibility now. */
export const holdersAt = (rulings: Flag[], at: Date): string[] => [
  ...new Set(rulings.filter((flag) => holdsAt(flag, at)).flatMap((flag) => holderOf(flag) ?? [])),
];

/** Of a child: who may speak for it, and that it may speak for itself about something. */
export function describeMinor({ rulings }: Aged, at: Date): Pick<Grant, 'minor' | 'holders' | 'decides'> {
  const decides = rulings.some((ruling) => findScope(ruling) !== undefined && standsAt(ruling, at));
  return { minor: true, holders: holdersAt(rulings, at), ...(decides ? { decides } : {}) };
}

/**
 * What a service is refused, may know besides, and may know by a safeguarding statement alone, at an instant.
 */
export function agreementsFor(
  consents: Consent[],
  aged: Aged,
  to: To,
): Pick<Grant, 'refused' | 'agreed' | 'stated'> {
  const said = consents.flatMap((consent) => {
    const told = consentFor(consent, to);
    return told ? [{ ...told, ...findGivenBy(consent) }] : [];
  });
  const standing = said.filter((one) => counts(one, aged, to));
  const of = (wanted: (one: (typeof said)[number]) => boolean) =>
    standing.filter(wanted).flatMap(({ categories }) => categories);
  const refused = of(({ type }) => type === 'deny');
  const agreed = of(({ type, capacity }) => type === 'permit' && capacity !== 'safeguarding');
  const stated = of(({ type, capacity }) => type === 'permit' && capacity === 'safeguarding');
  return {
    ...(refused.length > 0 ? { refused } : {}),
    ...(agreed.length > 0 ? { agreed } : {}),
    ...(stated.length > 0 ? { stated } : {}),
  };
}

type Word = { type: 'permit' | 'deny' } & ReturnType<typeof findGivenBy>;

/**
 * A child is spoken for by whoever holds parental responsibility, until of an age, or found able, to decide.
 * A refusal of one of them stands against the agreement of another, since a refusal comes before any
 * agreement; that of one who holds it no more stands until it is withdrawn.
 */
function counts({ type, capacity, holder }: Word, aged: Aged, { service, sector, at }: To): boolean {
  const minor = isMinor(aged, at);
  const decides = decidesFor(aged.rulings, { service, sector, at });
  switch (capacity) {
    case 'self':
      return type === 'deny' || !minor || decides;
    case 'parental-responsibility':
      return minor && !decides && (type === 'deny' || holdersAt(aged.rulings, at).includes(holder ?? ''));
    case 'decision-maker':
      return !minor;
    case 'safeguarding':
      return type === 'permit';
    default:
      // Of a capacity that nobody defined only what narrows is heeded.
      return type === 'deny';
  }
}
