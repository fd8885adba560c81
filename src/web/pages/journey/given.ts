/** A journey as `$journey` gives it, sorted by type: all that the page is made from. */
import type {
  Bundle,
  Composition,
  Encounter,
  EpisodeOfCare,
  Group,
  Patient,
  Reference,
  RelatedPerson,
  Resource,
  ServiceRequest,
  Task,
} from '@medplum/fhirtypes';
import type { Why } from '../../../read/journey/reasons.ts';
import type { Involved } from '../../../read/journey/who-is-involved.ts';
import { todayOf } from '../words.ts';

/** What is asked for of one reader: projected resources and what is said of them, never a row. */
export type Told = {
  bundle: Bundle;
  involved: Involved[];
  tasks: Task[];
  why: Map<string, Why>;
  now: Date;
  /** Id of the service that looks; null for the operator. */
  service: string | null;
  /** Up to when whoever looks has seen it; null: never, or nobody in particular looks. */
  seen: Date | null;
};

export type Given = Omit<Told, 'bundle'> & {
  /** Days since 1970. */
  today: number;
  group: Group;
  patients: Patient[];
  relations: RelatedPerson[];
  episodes: EpisodeOfCare[];
  encounters: Encounter[];
  referrals: ServiceRequest[];
  /** What the reader calls a `Type/id`. */
  nameOf: (reference: string) => string;
  /** Days that a referral which is open has waited, by `ServiceRequest/id`; null: nobody knows. */
  waits: Map<string, number | null>;
  /** `Type/id` of what the reader is told otherwise than then. */
  changed: Set<string>;
};

export function sortGiven({ bundle, ...rest }: Told): Given {
  const resources = (bundle.entry ?? []).flatMap(({ resource }) => resource ?? []);
  const ofType = <T extends Resource>(type: T['resourceType']) =>
    resources.filter((one): one is T => one.resourceType === type);
  const names = namesIn(resources);
  return {
    ...rest,
    today: todayOf(rest.now),
    group: ofType<Group>('Group')[0] as Group,
    patients: ofType<Patient>('Patient'),
    relations: ofType<RelatedPerson>('RelatedPerson'),
    episodes: ofType<EpisodeOfCare>('EpisodeOfCare'),
    encounters: ofType<Encounter>('Encounter'),
    referrals: ofType<ServiceRequest>('ServiceRequest'),
    nameOf: (reference) => names.get(reference) ?? 'a service',
    waits: waitsIn(ofType<Composition>('Composition')[0]),
    changed: rest.seen ? changedIn(ofType<Composition>('Composition')[0]) : new Set(),
  };
}

/** Every reference of a journey says what its reader calls what it leads to. */
function namesIn(value: unknown, names = new Map<string, string>()): Map<string, string> {
  if (typeof value !== 'object' || value === null) return names;
  const { reference, display } = value as Reference;
  if (typeof reference === 'string' && typeof display === 'string') names.set(reference, display);
  for (const item of Object.values(value)) namesIn(item, names);
  return names;
}

const sectionOf = (composition: Composition | undefined, wanted: string) =>
  composition?.section?.find(({ code }) => code?.coding?.[0]?.code === wanted);

const changedIn = (composition: Composition | undefined): Set<string> =>
  new Set(sectionOf(composition, 'what-has-changed')?.entry?.flatMap(({ reference }) => reference ?? []));

function waitsIn(composition: Composition | undefined): Given['waits'] {
  const section = sectionOf(composition, 'open-referrals');
  return new Map(
    (section?.entry ?? []).map(({ reference = '', extension = [] }) => [
      reference,
      extension.find(({ valueDuration }) => valueDuration)?.valueDuration?.value ?? null,
    ]),
  );
}
