import type { EpisodeOfCare, Period, ServiceRequest } from '@medplum/fhirtypes';
import { keyedId } from '../../fhir/ids.ts';
import { idOf } from '../../fhir/references.ts';
import type { Involvement, StatementState } from '../../store/facts.ts';
import type { Person } from '../who/charts.ts';
import { type Former, formerTeams } from './former.ts';
import { firstHeard, isCalled, type Joined, performerOf } from './joined.ts';
import { findTakenUp } from './take-up.ts';

type EpisodeState = StatementState & { content: EpisodeOfCare };

/** One spell: a person, a service, a referral (or the sender's own episode). */
export type Spell = {
  id: string;
  /** The statements it was made of. */
  keys: string[];
  person: Person;
  service: string;
  referral: string | null;
  /** Nobody said that it answers the referral: its service began care that the referral asked for. */
  inferred: boolean;
  status: EpisodeOfCare['status'];
  period: Period;
  content: EpisodeOfCare;
  services: string[];
  /** Those whose word it is, for what policy says of their sector and kind. */
  senders: Pick<StatementState, 'service' | 'sector' | 'kind'>[];
  /** The service itself said so; otherwise it is only what a referrer expects. */
  confirmed: boolean;
  /** Teams of the same feed that had this spell before it went to another, each with when it had it. */
  former: Former[];
};

/**
 * Groups what senders say of episodes into spells. What the receiving service says of its own spell outranks
 * the referrer.
 */
export function groupSpells(
  key: Buffer,
  { statements, answers }: Pick<Joined, 'statements' | 'answers'>,
  personOf: (key: string) => Person | undefined,
): Spell[] {
  const referrals = statements.filter(({ type }) => type === 'ServiceRequest');
  const episodes = statements.filter((state): state is EpisodeState => state.type === 'EpisodeOfCare');
  const said = episodes.flatMap((state): Said[] => {
    const person = personOf(state.chart);
    if (!person) return [];
    const answered = answers.get(state.key);
    const service = serviceOf(state);
    const asked = answered === undefined ? referralOf(state, referrals, person, personOf) : undefined;
    // Of a referral's spell only its two parties speak: nobody else can answer it, nor be told what became of
    // it.
    const isParty = state.service === service || (asked !== undefined && state.service === asked.service);
    const names = asked !== undefined || answered !== undefined;
    if (names && !isParty) return [];
    const cites = names || (state.content.referralRequest ?? []).length > 0;
    return [{ state, person, service, cites, referral: answered ?? asked?.key ?? null }];
  });
  const answered = new Set(said.flatMap((one) => (isOwn(one) ? (one.referral ?? []) : [])));
  const taken = findTakenUp(
    said.filter((one) => isOwn(one) && !one.cites && BEGUN.includes(one.state.content.status)),
    { referrals: referrals.filter((one) => isInForce(one) && !answered.has(one.key)), personOf },
  );
  const groups = new Map<string, Group>();
  for (const { state, person, service, referral: cited } of said) {
    const inferred = taken.get(state.key);
    const referral = inferred ?? cited;
    const id = referral ? keyedId(key, 'spell', service, referral) : state.key;
    const group = groups.get(id) ?? { id, person, referral, inferred: false, states: [] };
    group.states.push(state);
    groups.set(id, { ...group, inferred: group.inferred || inferred !== undefined });
  }
  return [...groups.values()].map(spellOf);
}

/** `cites`: it names a referral, whether or not that is known. */
type Said = {
  state: EpisodeState;
  person: Person;
  service: string;
  cites: boolean;
  referral: string | null;
};
type Group = Pick<Spell, 'id' | 'person' | 'referral' | 'inferred'> & { states: EpisodeState[] };

const isOwn = ({ state, service }: Said): boolean => state.service === service;
const BEGUN: unknown[] = ['active', 'onhold', 'finished'];
const isInForce = ({ content }: StatementState): boolean =>
  IN_FORCE.includes((content as ServiceRequest).status);

export const serviceOf = (state: EpisodeState): string =>
  idOf(state.content.managingOrganization?.reference, 'Organization') ?? state.service;

/**
 * The referral of an episode: by Skein's id, by statement, or by the identifier both sides use, for the same
 * person only. Of several under one identifier the one to this service, that of who was heard first.
 */
function referralOf(
  state: EpisodeState,
  referrals: StatementState[],
  person: Person,
  personOf: (key: string) => Person | undefined,
): StatementState | undefined {
  const [cited] = state.content.referralRequest ?? [];
  const literal = idOf(cited?.reference, 'ServiceRequest');
  const found = referrals.filter((referral) => {
    const named = literal ? referral.key === literal : isCalled(referral, state.ref, cited?.identifier);
    return named && personOf(referral.chart) === person;
  });
  const own = found.filter((referral) => performerOf(referral) === serviceOf(state));
  return firstHeard(own.length > 0 ? own : found);
}

/** Care that is to come: whoever has begun it says nothing less by accepting the referral again. */
const isExpected = ({ content: { status } }: EpisodeState) => status === 'planned' || status === 'waitlist';

function spellOf({ id, person, referral, inferred, states }: Group): Spell {
  const own = states.filter((state) => state.service === serviceOf(state));
  const ranked = (own.length > 0 ? own : states).sort(
    (a, b) =>
      Number(isExpected(a)) - Number(isExpected(b)) || compare(latest(b), latest(a)) || compare(a.key, b.key),
  );
  const [best] = ranked as [EpisodeState, ...EpisodeState[]];
  const content = best.content;
  return {
    id,
    keys: states.map((state) => state.key),
    person,
    service: serviceOf(best),
    referral,
    inferred,
    status: content.status,
    period: { ...content.period, start: content.period?.start ?? best.first.slice(0, 24) },
    content,
    services: [...new Set(states.map(({ service }) => service))].sort(),
    senders: states,
    confirmed: own.length > 0,
    former: own.flatMap(formerTeams),
  };
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** The latest thing said of a statement. */
export function latest(state: StatementState): string {
  return Object.values(state.times ?? {}).reduce((max, stamp) => (stamp > max ? stamp : max), state.base);
}

const STATE: Partial<Record<EpisodeOfCare['status'], Involvement['state']>> = {
  planned: 'pending',
  waitlist: 'open',
  active: 'open',
  onhold: 'open',
  finished: 'closed',
};
const RANK = { open: 0, pending: 1, closed: 2 };

/** What one service asked another to do for a person. `declined`: the other service refused it. */
export type Referral = {
  key: string;
  person: Person;
  /** Of the service that is asked; null where none is named. */
  service: string | null;
  start: string;
  state: 'asked' | 'taken-up' | 'declined' | 'withdrawn';
  author: Pick<StatementState, 'service' | 'sector' | 'kind'>;
};

const IN_FORCE: unknown[] = ['active', 'on-hold'];

/** Every referral of known persons, and what became of it. */
export function findReferrals(
  statements: StatementState[],
  spells: Spell[],
  personOf: (key: string) => Person | undefined,
): Referral[] {
  return statements.flatMap((state) => {
    const person = state.type === 'ServiceRequest' ? personOf(state.chart) : undefined;
    if (!person) return [];
    const { authoredOn } = state.content as ServiceRequest;
    const service = performerOf(state);
    const start = authoredOn ?? state.first.slice(0, 24);
    return [{ key: state.key, person, service, start, state: outcomeOf(state, spells), author: state }];
  });
}

function outcomeOf(asked: StatementState, spells: Spell[]): Referral['state'] {
  const { key } = asked;
  const performer = performerOf(asked);
  const answers = spells.filter(
    ({ referral, confirmed, service }) =>
      referral === key && confirmed && (performer === null || service === performer),
  );
  if (answers.some(isCare)) return 'taken-up';
  if (!isInForce(asked)) return 'withdrawn';
  return answers.some(({ status }) => status === 'cancelled') ? 'declined' : 'asked';
}

/** Care that was taken up: a referral still to be accepted is between the services it names. */
export const isCare = ({ status, confirmed }: Spell) =>
  confirmed && ['active', 'onhold', 'waitlist', 'finished'].includes(status);

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
