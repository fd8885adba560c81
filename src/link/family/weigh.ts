/** Parent edges weighed by who says them: policy/evidence.yaml. */
import type { RelatedPerson } from '@medplum/fhirtypes';
import type { Evidence, Weight } from '../../model.ts';
import type { StatementState } from '../../store/facts.ts';
import { bornOn, type Person } from '../who/charts.ts';
import type { Claim, ParentKind } from './relationships.ts';

export type RelatedState = StatementState & { content: RelatedPerson };
type Tier = 'A' | 'B';
type Weighed = {
  kinds: ParentKind[];
  mother: boolean;
  tier: Tier;
  /** A national record prevails over any other evidence. */
  national: boolean;
  /** Somebody looked and decided so, which prevails over all but a national record. */
  decided?: true;
  /** The word of a service that was not at the birth: of a newborn's mother it waits for those who were. */
  waits: boolean;
};
/** What one sender says of two known people, and what it counts for. */
export type Bound = Weighed & { state: RelatedState; parent: Person; child: Person };

/**
 * Null where the sender's word makes no edge. `verified`: both people are; `own`: who it is said of is the
 * sender's own patient, verified.
 */
export function weighEdge(
  claim: Claim,
  weight: Weight,
  { verified, own }: { verified: boolean; own: boolean },
): Weighed | null {
  const { gestational, parent } = weight;
  const national = weight.contest === 'everything';
  const { kinds, mother } = claim;
  if (kinds.includes('gestational') && (gestational === 'A' || gestational === 'A-if-verified')) {
    const tier = gestational === 'A' || verified ? 'A' : 'B';
    return { kinds, mother, tier, national, waits: false };
  }
  // Whoever was not at the birth says by the same word that she is the mother.
  const said = { kinds: ['caring' as const], mother, national };
  if (parent === 'A' || parent === 'B') return { ...said, tier: parent, waits: false };
  if (parent === 'B-own-patient' && own) return { ...said, tier: 'B', waits: mother };
  return null;
}

const gaveBirth = ({ kinds }: Bound): boolean => kinds.includes('gestational');

const rankOf = (bounds: Bound[]): number =>
  bounds.reduce((most, { national, decided }) => Math.max(most, national ? 2 : decided ? 1 : 0), 0);

type Sorted = { standing: Bound[]; contested: { bound: Bound; systems: number[] }[] };

/**
 * One child was born of one person. Where evidence of that names several, a national record prevails, then
 * who people decided that it was; and what is below A gives way to A and to one another, as does "mother"
 * said of a newborn by who was not there. Two of A both stand: nobody is shown as the mother until people
 * have looked.
 */
export function withoutContested(bounds: Bound[], evidence: Evidence): Sorted {
  const sorted: Sorted = { standing: [], contested: [] };
  for (const bound of bounds) {
    const births = bounds.filter((one) => one.child === bound.child && gaveBirth(one));
    const rivals = births.filter(({ parent }) => parent !== bound.parent);
    const hers = births.filter(({ parent }) => parent === bound.parent);
    const outranked = rankOf(rivals) > rankOf(hers);
    const weak = gaveBirth(bound)
      ? bound.tier !== 'A' || outranked
      : isOfNewborn(bound, evidence) && !hers.some(({ tier }) => tier === 'A');
    const systems = [...new Set([bound, ...rivals].map(({ state }) => state.systemId))].sort((a, b) => a - b);
    if (weak && rivals.length > 0) sorted.contested.push({ bound, systems });
    else sorted.standing.push(bound);
  }
  return sorted;
}

const DAY = 86_400_000;
const saidAt = ({ state }: Bound): number => Date.parse(state.first.slice(0, 24));

const isOfNewborn = (bound: Bound, { newbornDays }: Evidence): boolean =>
  bound.waits && saidAt(bound) - Date.parse(bornOn(bound.child)) < newbornDays * DAY;

/**
 * Until when "mother" of a newborn waits, or null where it need not: evidence of the birth names her, too, or
 * none named anybody in the days that a record of it may take.
 */
export function waitingUntil(
  bound: Bound,
  standing: Bound[],
  { evidence, asOf }: { evidence: Evidence; asOf: string },
): string | null {
  if (!isOfNewborn(bound, evidence)) return null;
  const confirmed = standing.some(
    (one) => one.child === bound.child && one.parent === bound.parent && gaveBirth(one),
  );
  const until = new Date(saidAt(bound) + evidence.waitDays * DAY).toISOString();
  return !confirmed && until > asOf ? until : null;
}
