/**
 * What people and things of a journey are called, as far as one recipient may know: by what it sees of them,
 * never by what a sender wrote beside a reference.
 */
import type { CodeableConcept, Organization, Patient, RelatedPerson, Resource } from '@medplum/fhirtypes';
import { sayDate, sayKind, withArticle } from './words.ts';

/** What a `Type/id` is called. */
export type NameOf = (reference: string) => string;

const SOMEBODY = 'a person of this family';

export function nameAll(resources: Resource[]): NameOf {
  const ofType = <T extends Resource>(type: T['resourceType']) =>
    resources.filter((one): one is T => one.resourceType === type);
  const persons = ofType<Patient>('Patient');
  const relations = new Map(
    ofType<RelatedPerson>('RelatedPerson').map((one) => [`RelatedPerson/${one.id}`, one]),
  );
  const names = new Map<string, string>();
  for (const person of persons) names.set(`Patient/${person.id}`, namePerson(person, relations));
  for (const { id, name } of ofType<Organization>('Organization'))
    names.set(`Organization/${id}`, name ?? withArticle(sayKind([])));
  for (const person of persons)
    for (const { other } of person.link ?? []) {
      const relation = relations.get(other.reference ?? '');
      if (relation) names.set(other.reference as string, nameRelation(person, relation, names));
    }
  for (const resource of resources) {
    const name = nameCare(resource);
    if (name) names.set(`${resource.resourceType}/${resource.id}`, name);
  }
  return (reference) => names.get(reference) ?? unknownOf(reference);
}

/** Family and given name; of whom these may not be known, what they are to somebody else in it. */
function namePerson({ name, link }: Patient, relations: Map<string, RelatedPerson>): string {
  const [first] = name ?? [];
  const full = [...(first?.given?.slice(0, 1) ?? []), first?.family ?? ''].filter(Boolean).join(' ');
  if (full !== '') return full;
  const [kin] = (link ?? []).flatMap(({ other }) => relations.get(other.reference ?? '') ?? []);
  return kin ? `${SOMEBODY} (${kinshipOf(kin)})` : SOMEBODY;
}

const KINSHIP: [code: string, word: string][] = [
  ['GESTM', 'mother'],
  ['MTH', 'mother'],
  ['PRN', 'parent'],
  ['CHILD', 'child'],
];

/** What the related person is to the patient. */
function kinshipOf({ relationship = [] }: RelatedPerson): string {
  const codes = relationship.flatMap(({ coding = [] }) => coding.flatMap(({ code }) => code ?? []));
  return KINSHIP.find(([code]) => codes.includes(code))?.[1] ?? 'relative';
}

function nameRelation(person: Patient, relation: RelatedPerson, names: Map<string, string>): string {
  const [who, whose] = [`Patient/${person.id}`, relation.patient.reference ?? ''].map(
    (one) => names.get(one) ?? SOMEBODY,
  );
  return `${who}, ${kinshipOf(relation)} of ${whose}`;
}

function nameCare(resource: Resource): string | undefined {
  switch (resource.resourceType) {
    case 'Group':
      return 'this journey';
    case 'EpisodeOfCare':
      return `care since ${sayDate(resource.period?.start)}`;
    case 'Encounter':
      return `contact on ${sayDate(resource.period?.start)}`;
    case 'ServiceRequest':
      return `referral of ${sayDate(resource.authoredOn)}`;
    default:
      return undefined;
  }
}

/** Of what is not in the journey: what sort of thing it is, `CareTeam/…` a care team. */
function unknownOf(reference: string): string {
  const [type = ''] = reference.split('/');
  if (type === 'Patient') return SOMEBODY;
  if (type === 'Organization') return withArticle(sayKind([]));
  const words = type.replace(/(?<=[a-z])[A-Z]/g, ' $&').toLowerCase();
  return /^[a-z ]+$/.test(words) ? withArticle(words) : 'not known here';
}

/**
 * A copy in which every reference says what it leads to; one to what was made for this answer does already.
 */
export function withNames<T>(value: T, nameOf: NameOf): T {
  if (Array.isArray(value)) return value.map((item) => withNames(item, nameOf)) as T;
  if (typeof value !== 'object' || value === null) return value;
  const copy: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value))
    copy[name] = typeof item === 'object' ? withNames(item, nameOf) : item;
  const { reference } = copy;
  if (typeof reference === 'string' && !reference.startsWith('urn:')) copy.display = nameOf(reference);
  return copy as T;
}

/** Where only the kind of a service is told, that in the place of its name. */
export function withKinds(resource: Resource): Resource {
  const named = (kinds: CodeableConcept[]) => ({ display: withArticle(sayKind(kinds)) });
  if (resource.resourceType === 'EpisodeOfCare')
    return { managingOrganization: named(resource.type ?? []), ...resource };
  if (resource.resourceType !== 'CareTeam') return resource;
  const participant = resource.participant?.map((one) => ({ member: named(one.role ?? []), ...one }));
  return { ...resource, ...(participant ? { participant } : {}) };
}
