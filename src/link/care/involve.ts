/** Which service cares for whom in which journey, and who is awaited. */
import type { EpisodeOfCare } from '@medplum/fhirtypes';
import type { Involvement } from '../../store/facts.ts';
import { compare, type Referral, type Spell } from './spells.ts';

const STATE: Partial<Record<EpisodeOfCare['status'], Involvement['state']>> = {
  planned: 'pending',
  waitlist: 'open',
  active: 'open',
  onhold: 'open',
  finished: 'closed',
};
const RANK = { open: 0, pending: 1, closed: 2 };

/**
 * Nobody has spoken of care by the service it names since: not its referrer, who may expect some, nor the
 * service itself.
 */
export function isUnanswered({ key, person, service, start, state }: Referral, spells: Spell[]): boolean {
  if (state !== 'asked') return false;
  const since = instant(start) ?? '';
  return !spells.some(
    (spell) =>
      spell.referral === key ||
      (spell.person === person && spell.service === service && (instant(spell.period.start) ?? '') >= since),
  );
}

/**
 * Which service cares for whom in which journey, from spells: an open one outranks a pending one outranks a
 * closed one. Who is named by a referral is to know whom it is asked to see, whether or not the referrer
 * spoke of an episode as well.
 */
export function involve(
  spells: Spell[],
  referrals: Referral[],
  homeOf: (care: string) => string | null,
): Involvement[] {
  const asked = referrals.filter((referral) => isUnanswered(referral, spells));
  const rows = [
    ...asked.flatMap((referral) => involveAsked(referral, homeOf(referral.key))),
    ...spells
      .filter((spell) => spell.confirmed || isAwaited(spell, referrals))
      .flatMap((spell) => involveSpell(spell, homeOf(spell.id))),
  ];
  const best = new Map<string, Involvement>();
  for (const row of rows) {
    const name = `${row.person} ${row.service} ${row.journey}`;
    const known = best.get(name);
    if (!known || outranks(row, known)) best.set(name, row);
  }
  return [...best.values()];
}

/** What a referrer expects of another service, as long as it has neither been declined nor taken back. */
export function isAwaited({ referral, confirmed, status }: Spell, referrals: Referral[]): boolean {
  const asked = referrals.find(({ key }) => key === referral);
  return !confirmed && STATE[status] !== undefined && (asked === undefined || asked.state === 'asked');
}

function involveAsked({ person, service, start }: Referral, journey: string | null): Involvement[] {
  return service === null
    ? []
    : [{ person: person.id, service, journey, state: 'pending', since: instant(start), until: null }];
}

function involveSpell(spell: Spell, journey: string | null): Involvement[] {
  const { person, service, status, period, confirmed } = spell;
  const said = STATE[status];
  // Only the service itself can say that it has taken somebody on: whatever others say of it is an
  // expectation.
  const state = said === 'open' && !confirmed ? 'pending' : said;
  if (!state || (state === 'closed' && !confirmed)) return [];
  const until = state === 'closed' ? instant(period.end ?? period.start) : null;
  const of = { person: person.id, journey };
  return [
    { ...of, service, state, since: instant(period.start), until },
    ...spell.former.map((team) => ({ ...of, ...team, state: 'closed' as const })),
  ];
}

/** Of two of one kind the one that ended last, then the one that began first. */
const outranks = (a: Involvement, b: Involvement): boolean =>
  (RANK[a.state] - RANK[b.state] ||
    compare(b.until ?? '', a.until ?? '') ||
    compare(a.since ?? '', b.since ?? '')) < 0;

/** A FHIR date or dateTime as an ISO instant (the first it can mean), or null. */
function instant(date: string | undefined): string | null {
  const time = Date.parse(date ?? '');
  return Number.isNaN(time) ? null : new Date(time).toISOString();
}
