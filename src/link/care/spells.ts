import type { EpisodeOfCare, Period, ServiceRequest } from '@medplum/fhirtypes';
import { keyedId } from '../../fhir/ids.ts';
import { idOf } from '../../fhir/references.ts';
import type { StatementState } from '../../store/facts.ts';
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

export const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The sender's own time of a stamp. */
export const instantOf = (stamp: string): string => stamp.split('|', 1)[0] ?? '';

/** The latest thing said of a statement. */
export function latest(state: StatementState): string {
  return Object.values(state.times ?? {}).reduce((max, stamp) => (stamp > max ? stamp : max), state.base);
}

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
