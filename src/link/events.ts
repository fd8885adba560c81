import type { Encounter, EpisodeOfCare, ServiceRequest, Task } from '@medplum/fhirtypes';
import { idOf } from '../fhir/references.ts';
import type { Category, Event, EventCode } from '../model.ts';
import type { Involvement, Member, StatementState, StoredView, View } from '../store/facts.ts';
import { performerOf } from './care/joined.ts';
import { ANTENATAL } from './care/sectors.ts';
import { stageAt } from './family/stages.ts';
import { OPEN } from './prompts/prompt.ts';
import type { Family } from './views/family.ts';
import { REDIRECTED } from './views/loop-views.ts';

type Change = { view: View; before: StoredView | undefined };
/**
 * A chart that was found not to be the person it was taken for: that person goes on, and the chart has one of
 * its own.
 */
export type Parted = { from: string; to: string; chart: StatementState };
/**
 * Of members those who open others and are opened by them: `added`, `now`, and `before`, where any left their
 * journey. `involvements`: as they were before.
 */
type Moves = {
  added: Member[];
  before: Member[];
  now: Member[];
  parted: Parted[];
  involvements: Involvement[];
};

/**
 * What of a change somebody may be told. Ids and codes only; who may hear it is asked again at every send.
 */
export function describeChanges(family: Family, changes: Change[], members: Moves): Event[] {
  const stageOf = (journey: string | null) => currentStage(family, journey);
  const event: Make = (code, view, category, rest = {}) => {
    const journey = rest.journey === undefined ? journeyOf(family, view) : rest.journey;
    const focus = { type: view.type, id: view.id };
    return {
      code,
      journey,
      persons: view.persons.slice(0, 1),
      category,
      services: [],
      focus,
      stage: stageOf(journey),
      ...rest,
    };
  };
  const events = changes.flatMap((change): Event[] => {
    const { view, before } = change;
    if (view.state === 'gone') return before?.state === 'gone' ? [] : goneEvents(change, event);
    switch (view.type) {
      case 'ServiceRequest':
        return referralEvents(family, change, event);
      case 'EpisodeOfCare':
        return episodeEvents(family, change, event);
      case 'Encounter':
        return isOutlived(family, view)
          ? []
          : [event('encounter', view, 'ENC', { services: unique([view.service]) })];
      case 'Group':
        return stageEvents(family, change, event);
      case 'Task':
        return [...promptEvents(change, event), ...redirectedEvents(family, change, event)];
      case 'Patient':
        return unmergedEvents(change, members, event);
      default:
        return [];
    }
  });
  return [...events, ...memberEvents(family, members, event), ...partingEvents(family, members)];
}

/** An antenatal contact that was planned, or goes on being planned, of a pregnancy that is lost. */
function isOutlived(family: Family, { id, content }: View): boolean {
  if ((content as Encounter).status !== 'planned') return false;
  const said = family.statements.find(({ key }) => key === id);
  const stage = currentStage(family, family.homeOf(id)?.id ?? null);
  return stage === 'contact-stop' && ANTENATAL.has(said?.sector ?? '');
}

/** The journey that a change belongs to: the home of care, else the first that its person is in. */
function journeyOf(family: Family, { type, id, persons }: Focused): string | null {
  if (type === 'Group') return id;
  const home = family.homeOf(id);
  if (home || CARE.includes(type)) return home?.id ?? null;
  const [own] = family.journeys.filter(({ members }) => members.some(({ person }) => person === persons[0]));
  return own?.id ?? null;
}

const CARE = ['EpisodeOfCare', 'Encounter', 'ServiceRequest'];

type Focused = Pick<View, 'type' | 'id' | 'persons'>;
type Make = (code: EventCode, view: Focused, category: Category, rest?: Partial<Event>) => Event;

/** States of a Task that waits for its one owner: to verify a death (doubts.ts), or any other prompt. */
const WAITS: unknown[] = ['verify-first', OPEN];

const codeOf = ({ code }: Task): string | undefined => code?.coding?.[0]?.code;

/** Raised, and cleared: by what raised it being gone, or by its owner. */
function promptEvents({ view, before }: Change, event: Make): Event[] {
  const [was, is] = [WAITS.includes(before?.state), WAITS.includes(view.state)];
  const code = is ? 'prompt-raised' : 'prompt-cleared';
  const prompt = is && view.state === OPEN ? codeOf(view.content as Task) : undefined;
  const rest = { journey: null, to: unique([view.service]), ...(prompt ? { prompt } : {}) };
  return was === is ? [] : [event(code, view, 'INV', rest)];
}

function redirectedEvents(family: Family, { view, before }: Change, event: Make): Event[] {
  if (view.state === before?.state || view.state !== REDIRECTED) return [];
  const id = idOf((view.content as Task).focus?.reference, 'ServiceRequest') ?? '';
  const focus = { type: 'ServiceRequest', id };
  const services = unique([...view.authors, view.service]);
  return [
    event('referral-redirected', view, 'REF', { focus, services, journey: family.homeOf(id)?.id ?? null }),
  ];
}

function goneEvents({ view, before }: Change, event: Make): Event[] {
  if (view.type === 'Task') return promptEvents({ view, before }, event);
  if (view.type !== 'Patient') return [];
  return [event('person-merged', view, 'DEM', { persons: view.persons.slice(-1), services: view.authors })];
}

function unmergedEvents({ view, before }: Change, { parted }: Moves, event: Make): Event[] {
  const isNew = before?.state === 'gone' || (!before && parted.some(({ to }) => to === view.id));
  return isNew ? [event('person-unmerged', view, 'DEM')] : [];
}

/** Care that was taken up, by its view's state. What never was is known only to the services it names. */
const isKnown = (state: string) => ['active', 'onhold', 'waitlist', 'finished'].includes(state);

const unique = (services: (string | null | undefined)[]): string[] => [
  ...new Set(services.flatMap((one) => one ?? [])),
];

const namedBy = ({ requester }: ServiceRequest, authors: string[]) => [
  ...authors,
  idOf(requester?.reference, 'Organization'),
];

/**
 * Between the parties of a referral: the service that made it and the one it names. When it is taken back the
 * care that it asked for ends before it began; care that was taken up goes on. Both still read it.
 */
function referralEvents(family: Family, { view, before }: Change, event: Make): Event[] {
  const isOff = (state: string | null) => state === 'revoked' || state === 'entered-in-error';
  const request = view.content as ServiceRequest;
  const services = unique([...namedBy(request, view.authors), view.service]);
  const isUrgent = request.priority !== undefined && request.priority !== 'routine';
  const made = (code: EventCode) => [
    event(code, view, 'REF', { services, ...(isUrgent ? { urgent: true } : {}) }),
  ];
  if (!isOff(view.state)) return before && !isOff(before.state) ? [] : made('referral-received');
  if (!before || isOff(before.state) || view.state !== 'revoked') return [];
  const isTakenUp = family.referrals.some(({ key, state }) => key === view.id && state === 'taken-up');
  return made(isTakenUp ? 'episode-changed' : 'episode-ended');
}

/**
 * `active` (confirmed by the service itself) or `planned?` (expected by a referrer): see the view's state.
 */
function episodeEvents(family: Family, { view, before }: Change, event: Make): Event[] {
  const [status, was] = [view.state ?? '', before?.state ?? null];
  const referral = idOf((view.content as EpisodeOfCare).referralRequest?.[0]?.reference, 'ServiceRequest');
  // Who referred need not have spoken of any episode.
  const asked = referral ? family.statements.find(({ key }) => key === referral) : undefined;
  const referrers = asked ? namedBy(asked.content as ServiceRequest, [asked.service]) : [];
  const services = unique([...view.authors, view.service, ...referrers]);
  const own = { services: unique([view.service]) };
  // What became of a referral is about the referral: its referrer may read that, and not the episode.
  const answered = { services, ...(referral ? { focus: { type: 'ServiceRequest', id: referral } } : {}) };
  const isOpen = (state: string | null) => state === 'active' || state === 'onhold';
  // Told once, whether it is said by itself, by care that begins, or by care that is over by now.
  // Of a referral only the service that was asked says what becomes of it (care/spells.ts).
  const performer = asked ? performerOf(asked) : null;
  const isAsked = performer === null || performer === view.service;
  const accepted =
    referral && isAsked && isKnown(status) && !isKnown(was ?? '')
      ? [event('referral-accepted', view, 'INV', answered)]
      : [];
  if (isOpen(status) && !isOpen(was)) return [...accepted, event('episode-started', view, 'INV', own)];
  // It went to another service: what is the beginning for all is the end for who had it.
  if (isOpen(status) && before?.service && before.service !== view.service) {
    const left = { services: [before.service], to: [before.service] };
    return [event('episode-ended', view, 'INV', left), event('episode-started', view, 'INV', own)];
  }
  if (status === 'waitlist') return accepted;
  if (status === 'finished')
    return [...accepted, event(was === status ? 'episode-changed' : 'episode-ended', view, 'INV', own)];
  if (status === 'cancelled') {
    const declined = referral && isAsked && was !== status && !isOpen(was);
    if (declined) return [event('referral-declined', view, 'INV', answered)];
    return was !== status && isKnown(was ?? '') ? [event('episode-ended', view, 'INV', own)] : [];
  }
  return isOpen(status) ? [event('episode-changed', view, 'INV', own)] : [];
}

/** The state of a Group begins with its stages and the one in force (journey-views.ts). */
function stageEvents(family: Family, { view, before }: Change, event: Make): Event[] {
  const stagesIn = (state: string | null | undefined) => state?.split('|')[0] ?? '';
  const stages = stagesIn(view.state);
  const members = family.journeys.find(({ id }) => id === view.id)?.members ?? [];
  const persons = members.flatMap(({ role, person }) => (role === 'partner' ? [] : person));
  // What was over before anybody heard of it is no news to anybody.
  const isNews = before || currentStage(family, view.id) !== 'after-24m';
  return stages && stages !== stagesIn(before?.state) && isNews
    ? [event('stage-changed', view, 'STG', { persons })]
    : [];
}

/** Who joined a journey that others are in, with each whom it joined. */
function memberEvents(family: Family, { added }: Moves, event: Make): Event[] {
  return family.journeys.flatMap((journey) => {
    const group = { type: 'Group', id: journey.id, persons: [] };
    const fresh = new Set(
      added.filter((member) => member.journey === journey.id).map(({ person }) => person),
    );
    const pairs = family.edges.filter(
      ({ parent, child }) =>
        (fresh.has(parent.id) || fresh.has(child.id)) &&
        [parent, child].every(({ id }) => journey.members.some(({ person }) => person === id)),
    );
    return pairs.map(({ parent, child }) =>
      event('member-linked', group, 'DEM', { persons: [parent.id, child.id] }),
    );
  });
}

/**
 * Who was in a journey together, and is in none together now: each is told of the other where it has an own
 * patient there. Nobody was sent these persons by name: whoever could know of them is told.
 */
function partingEvents({ persons }: Family, { before, now, involvements }: Moves): Event[] {
  const isHere = (person: string) => persons.some(({ id }) => id === person);
  const isKnownBy = (one: string, other: string) =>
    now.some(
      (a) =>
        a.person === one && !a.restricted && now.some((b) => b.person === other && b.journey === a.journey),
    );
  return before.flatMap((gone) =>
    before.flatMap((stays): Event[] => {
      const [one, other] = [gone.person, stays.person];
      if (gone.journey !== stays.journey || one === other || gone.restricted) return [];
      if (isKnownBy(one, other)) return [];
      if (!isHere(one) || !isHere(other)) return [];
      const to = caring(involvements, stays).filter(
        (service) => !caring(involvements, gone).includes(service),
      );
      if (to.length === 0) return [];
      const focus = { type: 'Patient', id: one };
      const whom = { persons: [one], category: 'INV' as const, services: [], role: gone.role };
      return [{ code: 'member-unlinked', journey: null, focus, stage: null, to, ...whom }];
    }),
  );
}

const caring = (involvements: Involvement[], { journey, person }: Member): string[] =>
  unique(
    involvements
      .filter((row) => row.journey === journey && row.person === person && row.state === 'open')
      .map(({ service }) => service),
  );

/** The stage in force, for the `stage` filter of subscriptions; null where unknown. */
export function currentStage({ asOf, journeys }: Pick<Family, 'asOf' | 'journeys'>, id: string | null) {
  const journey = journeys.find((one) => one.id === id);
  return journey ? stageAt(journey.stages, asOf) : null;
}
