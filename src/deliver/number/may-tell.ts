import {
  couldSee,
  decide,
  type Grants,
  knowsStages,
  payloadCeiling,
  payloadFor,
  reaches,
} from '../../access/decide/decide.ts';
import { PAYLOADS, type Payload } from '../../access/decide/policy.ts';
import { staysInside } from '../../access/decide/stays-inside.ts';
import { type Category, type Event, type Level, type Recipient, ROLES } from '../../model.ts';
import type { Filter, Kind } from '../subscribe/filters.ts';
import { recipientOf, type Stored } from '../subscribe/stored.ts';

/**
 * May this recipient be told of this event now? Pure; asked when an event is numbered, again before every try, and again by
 * `$events`. Every person of the event must be visible in its category; what comes on top is said where it is decided.
 */
export function mayTell(recipient: Recipient, grants: Grants, event: Event): boolean {
  if (recipient.kind === 'operator' || grants.everything) return recipient.kind === 'operator';
  const { services } = event;
  const addressed = services.includes(recipient.system.service.id);
  const journeys = event.journey ? [event.journey] : undefined;
  const may = (person: string) => reaches(decide(grants, event.category, person, journeys), 'E');
  const isOpen = (person: string) => grants.persons.get(person)?.care === 'open';
  const isAwaited = (person: string) => grants.persons.get(person)?.care === 'pending';
  // The referrer and the named receiver: their own exchange. Others learn of a referral when an episode starts.
  if (event.confined || event.code.startsWith('referral-')) return addressed;
  switch (event.code) {
    // Ends the other grounds for knowing that those have whose involvement it was.
    case 'withdrawn':
      return addressed || event.persons.every(may);
    // Without its cause, to everyone who might otherwise ring about a baby.
    case 'contact-stop':
      return event.persons.some((person) => isOpen(person) || isAwaited(person));
    case 'loss':
    case 'loss-retracted':
      return event.persons.some((person) => isOpen(person) && may(person));
    case 'encounter':
      return event.persons.every((person) => isOpen(person) && may(person));
    // That a charity, too, has met somebody is told to the charity alone.
    case 'person-merged':
      return event.persons.every(may) && !staysInside(grants, { service: null, authors: services });
    case 'stage-changed':
      return event.persons.some(may);
    case 'member-unlinked':
      return event.persons.some(isOpen) && couldSee(grants, event.partedFrom ?? ROLES);
    default:
      return event.persons.length > 0 && event.persons.every(may);
  }
}

/**
 * True where a filter holds by something that its owner may not see: a stage, a service or a person that it would learn of by having
 * filtered for it. Values that do not hold at all are from filters since replaced, and say nothing.
 */
export function matchesUnseen(grants: Grants, event: Event, filters: Filter[]): boolean {
  if (grants.everything) return false;
  const { persons, services, journey, stage, code, category } = event;
  const journeys = journey ? [journey] : undefined;
  const at = (one: Category, needed: Level) => (person: string) =>
    reaches(decide(grants, one, person, journeys), needed);
  const party = services.includes(grants.service);
  const knowsJourney = journey !== null && knowsStages(grants, journey, persons);
  const knowsServices = party || persons.every(at(category, 'S'));
  const knowsStage = knowsJourney || (code === 'contact-stop' && stage === code);
  const facets: Record<Kind, { all: (string | null)[]; seen: (string | null)[] }> = {
    event: { all: [code], seen: [code] },
    journey: { all: [journey], seen: knowsJourney ? [journey] : [] },
    stage: { all: [stage], seen: knowsStage ? [stage] : [] },
    patient: { all: persons, seen: party ? persons : persons.filter(at('DEM', 'E')) },
    service: { all: services, seen: knowsServices ? services : [] },
  };
  return [...Map.groupBy(filters, ({ clause }) => clause).values()].some((clause) => {
    const holds = (part: 'all' | 'seen') =>
      clause.some(({ kind, value }) => facets[kind][part].includes(value));
    return holds('all') && !holds('seen');
  });
}

/** How much of it: what was asked for (`asked`, at most the subscription's own), under the ceiling in force now. */
export function contentFor(
  stored: Stored,
  grants: Grants,
  { event, asked }: { event: Event; asked: Payload },
): Payload {
  const ceiling = payloadCeiling(recipientOf(stored), stored.approved);
  return payloadFor(grants, least(least(asked, stored.content), ceiling), event.persons);
}

export function least(a: Payload, b: Payload): Payload {
  return PAYLOADS.indexOf(a) < PAYLOADS.indexOf(b) ? a : b;
}
