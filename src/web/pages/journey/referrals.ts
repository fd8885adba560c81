/** Referrals: sent, and what became of them, as far as the reader is told. */
import type { ServiceRequest, Task } from '@medplum/fhirtypes';
import { dayOf, longDate, sayCount } from '../words.ts';
import type { Given } from './given.ts';
import type { Item } from './items.ts';
import type { Names } from './names.ts';

/** Steps of a referral's Task that say how it was answered. */
const ACCEPTED = ['accepted', 'assessed', 'care-begun'];
const DECLINED = ['declined', 'signposted', 'redirected'];
const DEAD: unknown[] = ['entered-in-error', 'draft'];

/** In the order in which they were made, not numbered yet. Without a date there is nothing to draw. */
export function findReferrals(given: Given, names: Names): Item[] {
  return given.referrals
    .filter(({ status, authoredOn }) => !DEAD.includes(status) && dayOf(authoredOn) !== null)
    .map((referral) => referralItem(given, names, referral))
    .sort((a, b) => a.from - b.from || (a.references[0]! < b.references[0]! ? -1 : 1));
}

type Fate = { state: NonNullable<Item['state']>; day: number | null };

function referralItem(given: Given, names: Names, referral: ServiceRequest): Item {
  const { id, authoredOn, subject, requester, performer } = referral;
  const sent = dayOf(authoredOn) as number;
  const { state, day } = fateOf(given, referral);
  const who = names.person(subject.reference);
  const [from, to] = [requester, performer?.[0]].map((one) => (one?.reference ? names.service(one) : null));
  const toShort = to ? ` to ${to.isOwn ? 'you' : to.short}` : '';
  const done = sayFate(state, day === null ? null : day - sent);
  return {
    ...{ kind: 'referral', n: 0, from: sent, to: state === 'waiting' ? null : (day ?? sent) },
    references: [`ServiceRequest/${id}`],
    labels: [`${who}${toShort}, ${done}`, `${who}${toShort}`, who],
    isOwn: from?.isOwn === true || to?.isOwn === true,
    isExistence: to === null,
    ...{ dots: [], plans: [], state },
    strong: `${who}${from ? `, from ${from.full}` : ''}${to ? `, to ${to.full}` : ''}`,
    what: `Referral, ${done}`,
    when: `Sent ${longDate(sent)}${day !== null && state !== 'waiting' ? `, answered ${longDate(day)}` : ''}`,
    contacts: 'None',
  };
}

const WORDS: Record<Fate['state'], string> = {
  waiting: 'waiting',
  accepted: 'accepted',
  declined: 'declined',
  withdrawn: 'taken back',
  sent: 'sent',
};

function sayFate(state: Fate['state'], days: number | null): string {
  if (days === null || days < 0) return WORDS[state];
  if (state === 'waiting') return `waiting ${sayCount(days, 'day')}`;
  return state === 'sent' ? 'sent' : `${WORDS[state]} in ${sayCount(days, 'day')}`;
}

/** Parties read it off its Task; others are told of it once care has begun. `day` of a wait: today. */
function fateOf(given: Given, referral: ServiceRequest): Fate {
  const name = `ServiceRequest/${referral.id}`;
  if (given.waits.has(name)) return { state: 'waiting', day: given.today };
  const task = given.tasks.find(({ focus }) => focus?.reference === name);
  if (!task) return isTakenUp(given, referral) ?? { state: 'sent', day: null };
  if (task.status === 'cancelled') return { state: 'withdrawn', day: stepDay(task, ['withdrawn']) };
  if (task.status === 'rejected') return { state: 'declined', day: stepDay(task, DECLINED) };
  return { state: 'accepted', day: stepDay(task, ACCEPTED) };
}

function stepDay({ output = [] }: Task, codes: string[]): number | null {
  const days = output.flatMap(({ type, valueDateTime }) => {
    const day = codes.includes(type.coding?.[0]?.code ?? '') ? dayOf(valueDateTime) : null;
    return day === null ? [] : [day];
  });
  return days.length > 0 ? Math.min(...days) : null;
}

/** Who is no party sees a referral once it was taken up: on the day on which that service's care began. */
function isTakenUp(given: Given, { subject, performer, authoredOn }: ServiceRequest): Fate | null {
  const to = performer?.[0]?.reference;
  const asked = dayOf(authoredOn) ?? 0;
  const days = given.episodes.flatMap(({ patient, managingOrganization, period }) => {
    const day = dayOf(period?.start);
    const isIt = patient?.reference === subject.reference && managingOrganization?.reference === to;
    return to !== undefined && isIt && day !== null && day >= asked ? [day] : [];
  });
  return days.length > 0 ? { state: 'accepted', day: Math.min(...days) } : null;
}
