/** What a sheet for a family is made from: who helps one person, as far as that person may be told of it. */
import type { EpisodeOfCare, Group, Patient, ServiceRequest } from '@medplum/fhirtypes';
import { treats } from '../access/decide/may-match.ts';
import { outcomeOf } from '../access/project/project-care.ts';
import { findAbout } from '../access/see/rows.ts';
import { seeAsSubject } from '../access/see/subject.ts';
import { type Seen, seeContacts, seeEach } from '../access/see/visible.ts';
import { KIND_SYSTEM } from '../fhir/systems.ts';
import { asOf } from '../store/clock.ts';
import { notFound } from './answer.ts';
import { findTasks, isToVerify } from './journey/tasks.ts';
import { seeOne } from './read.ts';
import { answerSearch } from './search/answer-search.ts';
import type { Asking } from './search/candidates.ts';
import { nameServices } from './service-names.ts';

/** `kind`: a code of `KIND_SYSTEM`, '' where none is known. `since`: a FHIR date. */
export type Helper = { name: string; kind: string; since: string | undefined };
export type Sheet = {
  patient: Patient;
  helping: Helper[];
  /** Who was asked to, and has not answered. */
  asked: Helper[];
  /** Journeys of this person, as the reader sees them: a stage may be one in which nothing is handed out. */
  journeys: Group[];
  now: Date;
};

const OPEN: unknown[] = ['active', 'onhold', 'waitlist'];

/**
 * Of an own patient. Care counts that the reader and the person both may know, with a service that both may
 * name. Throws Rejected(404) of anybody else, of a child who lives apart from its birth family (whose teams
 * would say where), and while it is to be verified whether somebody lives.
 */
export async function readSheet(asking: Asking, id: string): Promise<Sheet> {
  const { resource, grants } = await seeOne(asking, 'Patient', id);
  const isAway = !grants.everything && grants.persons.get(id)?.away === true;
  if (asking.recipient.kind === 'operator' || !treats(grants, id) || isAway) throw notFound();
  if ((await findTasks(asking, [`Patient/${id}`])).some(isToVerify)) throw notFound();
  const rows = await findAbout(asking, ['EpisodeOfCare', 'ServiceRequest'], [`Patient/${id}`]);
  const [seen, told] = await Promise.all([
    seeEach(asking.db, asking.recipient, rows),
    seeAsSubject(asking.db, id, rows),
  ]);
  const both = seen.flatMap((one, place) => (one && told[place] && isSame(one, told[place]) ? one : []));
  const [care, asked] = [both.filter(isOpenCare), both.filter(isWaiting)];
  const nameAll = await namer(asking, [...care, ...asked]);
  return {
    ...{ patient: resource as Patient, now: asOf() },
    helping: nameAll(care),
    asked: nameAll(asked),
    journeys: await findJourneys(asking, id),
  };
}

const serviceIn = (resource: unknown): string | undefined => {
  const one = resource as EpisodeOfCare | ServiceRequest;
  return one.resourceType === 'EpisodeOfCare'
    ? one.managingOrganization?.reference
    : one.performer?.[0]?.reference;
};

const isSame = ({ resource }: Seen, told: unknown): boolean =>
  serviceIn(resource) !== undefined && serviceIn(resource) === serviceIn(told);

/** Care that its own service speaks of. */
const isOpenCare = ({ row, resource }: Seen): boolean =>
  resource.resourceType === 'EpisodeOfCare' &&
  OPEN.includes(resource.status) &&
  row.service !== null &&
  row.authors.includes(row.service);

const isWaiting = ({ row, resource }: Seen): boolean =>
  resource.resourceType === 'ServiceRequest' && outcomeOf(row.content) === 'asked';

/** A line for each service, by the beginning of its care. */
async function namer(asking: Asking, seen: Seen[]): Promise<(some: Seen[]) => Helper[]> {
  const [contacts, names] = await Promise.all([
    seeContacts(
      asking.db,
      asking.recipient,
      seen.map(({ row }) => row),
    ),
    nameServices(
      asking,
      seen.map(({ resource }) => serviceIn(resource)),
    ),
  ]);
  return (some) => {
    const lines = some.flatMap(({ row, resource }): Helper[] => {
      const name = names.get(serviceIn(resource) ?? '')?.name;
      const kind = contacts.get(row.rowId)?.kind?.coding?.find(({ system }) => system === KIND_SYSTEM)?.code;
      const since = resource.resourceType === 'EpisodeOfCare' ? resource.period?.start : askedOn(resource);
      return name ? [{ name, kind: kind ?? '', since }] : [];
    });
    const first = lines.sort((a, b) => ((a.since ?? '') < (b.since ?? '') ? -1 : 1));
    return first.filter(({ name }, place) => first.findIndex((one) => one.name === name) === place);
  };
}

const askedOn = (resource: Seen['resource']): string | undefined =>
  resource.resourceType === 'ServiceRequest' ? resource.authoredOn : undefined;

async function findJourneys(asking: Asking, id: string): Promise<Group[]> {
  const pairs: [string, string][] = [
    ['member', `Patient/${id}`],
    ['_count', '50'],
  ];
  const { entry = [] } = await answerSearch(asking, { type: 'Group', base: '', pairs, lenient: false });
  return entry.flatMap(({ resource }) => (resource?.resourceType === 'Group' ? resource : []));
}
