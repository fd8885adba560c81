/** What a lane holds: care with its contacts, contacts of no care that is shown, and referrals. */
import type { Encounter, EpisodeOfCare, Reference } from '@medplum/fhirtypes';
import { capital, dayOf, listOf, longDate, sayCount, shortDate } from '../words.ts';
import type { Given } from './given.ts';
import type { Member } from './members.ts';
import type { Names } from './names.ts';

/** `from` and `to` in days since 1970; `to` null: it goes on. Several `labels`: the first that has room. */
export type Item = {
  kind: 'care' | 'contacts' | 'referral';
  /** The number that picture and table share. */
  n: number;
  references: string[];
  from: number;
  to: number | null;
  labels: string[];
  isOwn: boolean;
  /** Only that there is such care is told. */
  isExistence: boolean;
  dots: number[];
  plans: number[];
  /** Of a referral. */
  state?: 'waiting' | 'accepted' | 'declined' | 'withdrawn' | 'sent';
  /** What the table says; `strong` first. */
  strong: string;
  what: string;
  when: string;
  contacts: string;
};

const BEGUN: unknown[] = ['active', 'onhold', 'waitlist', 'finished'];
const GOES_ON: unknown[] = ['active', 'onhold', 'waitlist'];
const MET: unknown[] = ['arrived', 'triaged', 'in-progress', 'onleave', 'finished'];
/** Care of two people that began so near to one another, by one service, is care of both. */
const TOGETHER_DAYS = 7;

/** Of one person, in the order of beginning, not numbered yet. */
export function findItems(given: Given, names: Names, member: Member): Item[] {
  const own = given.encounters.filter(({ subject }) => subject?.reference === member.reference);
  const episodes = given.episodes.filter(
    ({ patient, status, period }) =>
      patient?.reference === member.reference && BEGUN.includes(status) && dayOf(period?.start) !== null,
  );
  const careOf = new Map(own.map((one) => [one, episodes.find((episode) => isWithin(one, episode))]));
  const care = episodes.map((episode) =>
    careItem(given, names, { member, episode, met: own.filter((one) => careOf.get(one) === episode) }),
  );
  const loose = own.filter((one) => !careOf.get(one) && isDated(one));
  const groups = Map.groupBy(loose, ({ serviceProvider }) => serviceProvider?.reference ?? '');
  const contacts = [...groups.values()].map((met) => contactsItem(given, names, met));
  return [...care, ...contacts].sort(
    (a, b) => a.from - b.from || (a.references[0]! < b.references[0]! ? -1 : 1),
  );
}

const isDated = ({ period, status }: Encounter): boolean =>
  dayOf(period?.start) !== null && (MET.includes(status) || status === 'planned');

/** As it says itself, else by the service that gives both. */
function isWithin({ episodeOfCare = [], serviceProvider }: Encounter, episode: EpisodeOfCare): boolean {
  if (episodeOfCare.some(({ reference }) => reference === `EpisodeOfCare/${episode.id}`)) return true;
  const service = episode.managingOrganization?.reference;
  return episodeOfCare.length === 0 && service !== undefined && serviceProvider?.reference === service;
}

type OfCare = { member: Member; episode: EpisodeOfCare; met: Encounter[] };

function careItem(given: Given, names: Names, { member, episode, met }: OfCare): Item {
  const { today } = given;
  const { status, period, managingOrganization } = episode;
  const goesOn = GOES_ON.includes(status);
  const from = dayOf(period?.start) as number;
  const to = goesOn ? null : (dayOf(period?.end) ?? from);
  const with_ = togetherWith(given, names, { member, episode });
  const name = names.service(managingOrganization);
  const dates =
    to === null ? `since ${short(from)}` : from === to ? short(from) : `${short(from)} to ${short(to)}`;
  return {
    ...contactsIn(given, met),
    ...{ kind: 'care', n: 0, from, to },
    references: [`EpisodeOfCare/${episode.id}`, ...met.map(({ id }) => `Encounter/${id}`)],
    labels: [`${name.full}${with_}, ${dates}`, `${name.full}${with_}`, `${name.short}${with_}`, name.short],
    isOwn: name.isOwn,
    isExistence: managingOrganization?.reference === undefined,
    strong: name.full,
    what: with_ ? capital(with_.slice(2)) : '',
    when:
      to === null
        ? `Since ${longDate(from)}`
        : from === to
          ? longDate(from)
          : `${longDate(from)} to ${longDate(to)}`,
  };

  function short(day: number): string {
    return shortDate(day, today);
  }
}

function togetherWith(given: Given, names: Names, { member, episode }: Omit<OfCare, 'met'>): string {
  const service = episode.managingOrganization?.reference;
  const from = dayOf(episode.period?.start) ?? 0;
  const others = given.episodes.filter(
    (one) =>
      service !== undefined &&
      one.managingOrganization?.reference === service &&
      one.patient?.reference !== member.reference &&
      BEGUN.includes(one.status) &&
      Math.abs((dayOf(one.period?.start) ?? 0) - from) <= TOGETHER_DAYS,
  );
  const who = [...new Set(others.map(({ patient }) => names.person(patient?.reference)))];
  return who.length > 0 ? `, with ${listOf(who)}` : '';
}

function contactsItem(given: Given, names: Names, met: Encounter[]): Item {
  const provider: Reference | undefined = met[0]?.serviceProvider;
  const name = provider ? names.service(provider) : null;
  const days = met.map(({ period }) => dayOf(period?.start) as number).sort((a, b) => a - b);
  const full = name ? `Contacts with ${name.full}` : 'Contacts';
  return {
    ...contactsIn(given, met),
    ...{ kind: 'contacts', n: 0, from: days[0] as number, to: days.at(-1) as number },
    references: met.map(({ id }) => `Encounter/${id}`),
    labels: [full, name ? `Contacts, ${name.short}` : full],
    isOwn: name?.isOwn ?? false,
    isExistence: name === null,
    strong: full,
    what: name ? 'No care of theirs is shown' : '',
    when: days[0] === days.at(-1) ? longDate(days[0] as number) : `From ${longDate(days[0] as number)}`,
  };
}

function contactsIn({ today }: Given, met: Encounter[]): Pick<Item, 'dots' | 'plans' | 'contacts'> {
  const dated = met.filter(isDated);
  const daysOf = (wanted: Encounter[]) =>
    wanted.map(({ period }) => dayOf(period?.start) as number).sort((a, b) => a - b);
  const dots = daysOf(dated.filter(({ status }) => status !== 'planned'));
  const plans = daysOf(dated.filter(({ status }) => status === 'planned')).filter((day) => day >= today);
  const list = (days: number[]) => listOf(days.map((day) => shortDate(day, today)));
  const parts = [
    dots.length > 0 ? `${sayCount(dots.length, 'contact')}: ${list(dots)}` : '',
    plans.length > 0 ? `Planned: ${list(plans)}` : '',
  ].filter(Boolean);
  return { dots, plans, contacts: parts.join('. ') || 'None' };
}
