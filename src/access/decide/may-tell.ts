import type { Category, Event, Level, Recipient } from '../../model.ts';
import { columnOf, decide, type Grants, knowsStages, reaches } from './decide.ts';
import { isDiscreet } from './stays-inside.ts';

/**
 * How the focus of an event stands to a recipient now. `readable`: a read of it would answer; `gone`: what
 * would answer is only that it is no more; `before`: the recipient was told of it, and not told since to
 * forget it.
 */
export type Standing = { readable: boolean; gone: boolean; before: boolean };

/**
 * May this recipient be told of this event now? Pure; asked when an event is numbered, again before every
 * try, and again by `$events`. The focus must be readable (rule 21); every person of the event must be
 * visible in its category; what comes on top is said where it is decided. Contact-stop is told whether or not
 * its focus may be read, and to whom something was told, what takes it back.
 */
export function mayTell(recipient: Recipient, grants: Grants, event: Event, focus: Standing): boolean {
  const { readable, gone, before } = focus;
  if (event.to && !grants.everything && !event.to.includes(grants.service)) return false;
  switch (event.code) {
    // Without its cause, to everyone who might otherwise ring about a baby.
    case 'contact-stop':
      // Who has a contact to come and no more is named (`to`).
      return (
        grants.everything ||
        event.to !== undefined ||
        event.persons.some((person) => isOpenOrAwaited(grants, person))
      );
    // To its one owner, whatever else that may know: its own Task.
    case 'prompt-raised':
      return readable && !gone && event.to !== undefined;
    case 'prompt-cleared':
      return readable && event.to !== undefined;
    // Of somebody whose identity was changed those are named who could read of them.
    case 'withdrawn':
      return before || (!readable && mightKnow(grants, event));
    case 'member-unlinked':
      return before || (!readable && mightKnow(grants, event));
    // Of a merge since undone, or undone since, the latter is all there is to tell.
    case 'person-merged':
      return gone && (readable || before);
    case 'person-unmerged':
      return !gone && (readable || before);
    case 'loss-retracted':
      return event.to !== undefined || before || (readable && isOfPatients(recipient, grants, event));
    default:
      return readable && !gone && isOfPatients(recipient, grants, event);
  }
}

/**
 * Whoever is named had that one as its own patient, or (`role`) had an own patient in a journey with that
 * one: did its row, or its column, let it know?
 */
function mightKnow(grants: Grants, { code, to, role }: Event): boolean {
  if (to === undefined || grants.everything) return to !== undefined;
  const column = role ?? (code === 'withdrawn' ? 'own' : undefined);
  return column !== undefined && (columnOf(grants.sector)?.[column] ?? '-') !== '-';
}

function isOpenOrAwaited(grants: Grants, person: string): boolean {
  const care = grants.everything ? null : grants.persons.get(person)?.care;
  return care === 'open' || care === 'pending';
}

/** What an event asks beyond its focus: of whom it is, and to whom it is addressed. */
function isOfPatients(recipient: Recipient, grants: Grants, event: Event): boolean {
  if (grants.everything || recipient.kind === 'operator') return recipient.kind === 'operator';
  const journeys = event.journey ? [event.journey] : undefined;
  const may = (person: string) => reaches(decide(grants, event.category, person, journeys), 'E');
  const isOpen = (person: string) => grants.persons.get(person)?.care === 'open';
  // The referrer and the named receiver: their own exchange. Others learn of a referral when an episode
  // starts.
  if (event.code.startsWith('referral-') || event.focus.type === 'ServiceRequest')
    return event.services.includes(recipient.system.service.id);
  switch (event.code) {
    case 'loss':
    case 'loss-retracted':
      return event.persons.some((person) => isOpen(person) && may(person));
    case 'encounter':
      return event.persons.every((person) => isOpen(person) && may(person));
    case 'stage-changed':
      return event.persons.some(may);
    default:
      return event.persons.length > 0 && event.persons.every(may);
  }
}

/** By what a subscription may choose. */
export type Kind = 'journey' | 'patient' | 'service' | 'stage' | 'event';
/** Rows of the filter index: values of one clause are OR-ed, clauses AND-ed. */
export type Filter = { clause: number; kind: Kind; value: string };

/**
 * True where a filter holds by something that its owner may not see: a stage, a service or a person that it
 * would learn of by having filtered for it. Values that do not hold at all are from filters since replaced,
 * and say nothing.
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
    service: { all: services, seen: knowsServices ? services.filter((one) => !isDiscreet(grants, one)) : [] },
  };
  return [...Map.groupBy(filters, ({ clause }) => clause).values()].some((clause) => {
    const holds = (part: 'all' | 'seen') =>
      clause.some(({ kind, value }) => facets[kind][part].includes(value));
    return holds('all') && !holds('seen');
  });
}
