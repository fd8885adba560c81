/** Whether one subscription was told of something, and if not, why: for whoever runs Skein. */
import { POLICY_DIGEST } from '../../access/decide/policy.ts';
import { RULES, type Rule } from '../../access/decide/why-hidden.ts';
import { messageName } from '../../fhir/ids.ts';
import { canonicalText } from '../../fhir/references.ts';
import type { Event } from '../../model.ts';
import type { Db } from '../../store/pool.ts';
import type { Stored } from '../subscribe/stored.ts';
import { filtersOf } from '../subscribe/subscription.ts';
import { askAccess } from './ask-access.ts';
import {
  type Asked,
  type Decided,
  type EventRow,
  type Facts,
  factsOf,
  findEvents,
  placesOf,
} from './why-facts.ts';

export type Cause =
  | 'delivered'
  | 'to-be-sent'
  | 'emptied'
  | 'not-numbered-yet'
  | 'not-published'
  | 'made-later'
  | 'off'
  | 'not-answered'
  | 'not-matched'
  | 'withheld'
  | 'not-told';
/** What became of it. `decided`: what was decided, and when; `today`: what would be decided now. */
type Said = { cause: Cause; words: string; decided?: Decided | null; today?: string };
export type Answer = Said & {
  code: string;
  at: Date;
  subscription: string;
  event: string;
  /** Public id of the message that made it; null: time or an operator did. */
  message: string | null;
};

/** An event, and those that were made of it to name another thing to one subscription. */
type Group = { first: EventRow; ids: string[] };

/** In the order of events, for each of the subscriptions. */
export async function explainTelling(
  { db, key }: { db: Db; key: Buffer },
  asked: Asked,
  subscriptions: Stored[],
): Promise<Answer[]> {
  const rows = await findEvents(db, asked);
  const groups = [...Map.groupBy(rows, ({ event }) => canonicalText({ ...event, focus: null })).values()].map(
    (same): Group => ({ first: same[0] as EventRow, ids: same.map(({ id }) => id) }),
  );
  const answers: Answer[] = [];
  for (const stored of subscriptions) {
    for (const group of groups) {
      const { id: event, at, event: told } = group.first;
      const message = told.message ? messageName(key, told.message.id) : null;
      const about = { code: told.code, at, subscription: stored.id, event, message };
      answers.push({ ...about, ...(await explain(db, stored, group)) });
    }
  }
  return answers;
}

async function explain(db: Db, stored: Stored, group: Group): Promise<Said> {
  const place = await placesOf(db, stored.id, group.ids);
  const facts = await factsOf(db, stored.id, { ids: group.ids, number: place?.number ?? null });
  return place ? placed(db, stored, { ...place, group, facts }) : unplaced(db, stored, { group, facts });
}

type Placed = { number: number | null; withheld: boolean; group: Group; facts: Facts };

async function placed(db: Db, stored: Stored, { number, withheld, group, facts }: Placed): Promise<Said> {
  const { failures, next, outcome, tries, lastTry, lastOutcome } = facts;
  const wait =
    failures > 0
      ? `: ${failures} tries failed, the last with ${outcome}; the next is at ${next?.toISOString() ?? 'no time yet'}`
      : '';
  if (number === null && stored.status === 'requested')
    return { cause: 'not-answered', words: 'its handshake was not answered yet' };
  if (number === null)
    return { cause: 'not-numbered-yet', words: `it waits for its number, status ${stored.status}${wait}` };
  if (withheld) {
    const words = `number ${number} was emptied: the policy hid it before it was sent`;
    const today = await askToday(db, stored, group.first);
    return { cause: 'emptied', ...whatThen(words, facts.decided, today) };
  }
  const tried = lastTry
    ? ` (${tries} ${tries === 1 ? 'try' : 'tries'}, the last at ${lastTry.toISOString()}: ${lastOutcome ?? 'under way'})`
    : '';
  if (number <= stored.deliveredNumber)
    return { cause: 'delivered', words: `number ${number} was answered with 2xx${tried}` };
  return {
    cause: 'to-be-sent',
    words: `number ${number} is to be sent, status ${stored.status}${wait}${tried}`,
  };
}

async function unplaced(
  db: Db,
  stored: Stored,
  { group: { first }, facts }: { group: Group; facts: Facts },
): Promise<Said> {
  if (!first.published) return { cause: 'not-published', words: 'it is in the outbox: is a worker running?' };
  const today = await askToday(db, stored, first);
  if (facts.decided) return { cause: 'withheld', ...whatThen('it was withheld', facts.decided, today) };
  if (facts.created > first.at)
    return { cause: 'made-later', words: `the subscription was made at ${facts.created.toISOString()}` };
  const unmet = unmetClause(first.event, stored);
  if (unmet !== null) return { cause: 'not-matched', words: unmet };
  if (stored.status === 'off')
    return { cause: 'off', words: `it is switched off${facts.error ? ` (${facts.error})` : ''}` };
  return {
    cause: 'not-told',
    words: `no decision about it is kept: its filters were others, it was off, or it is over 90 days ago; today ${today}`,
    today,
  };
}

/** What was decided, in the words of its rule, and what would be now. */
function whatThen(what: string, decided: Decided | null, today: string): Omit<Said, 'cause'> {
  if (!decided) return { words: `${what}; today ${today}`, today };
  const rule = RULES[decided.rule as Rule] ?? decided.rule;
  const policy = decided.policy === POLICY_DIGEST ? '' : ' under another policy than that in force today';
  const words = `${what} at ${decided.at.toISOString()} by the rule ${decided.rule} (${rule})${policy}; today ${today}`;
  return { words, decided, today };
}

async function askToday(db: Db, stored: Stored, { event, at }: EventRow): Promise<string> {
  const question = { stored, event, at, asked: stored.content, numbered: false };
  const [verdict] = await askAccess(db, [question]);
  const why = verdict?.why?.();
  return why ? `it would be withheld by ${why.rule}: ${why.words}` : 'it may know of it';
}

/** The first clause of its filters that the event does not meet. */
function unmetClause(
  { code, journey, stage, persons, services }: Event,
  { resource }: Stored,
): string | null {
  const has = { event: [code], journey: [journey], stage: [stage], patient: persons, service: services };
  const filters = filtersOf(resource);
  for (const clause of Map.groupBy(filters, (filter) => filter.clause).values()) {
    const isMet = clause.some(({ kind, value }) => (has[kind] as (string | null)[]).includes(value));
    const wanted = clause.map(({ value }) => value).join(',');
    if (!isMet) return `its filter ${clause[0]?.kind}=${wanted} does not hold of it`;
  }
  const isOptedIn = filters.some(({ kind, value }) => kind === 'event' && value === 'encounter');
  return code === 'encounter' && !isOptedIn ? 'contacts are told to who asks for event=encounter' : null;
}
