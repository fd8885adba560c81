/**
 * What an answer gives, and whom that is about: read from the answer itself, so that it is neither more nor
 * less.
 */
import { isId } from '../fhir/ids.ts';
import { referencesIn } from '../fhir/references.ts';

/** `of`: ids of resources that tell of persons whom they do not name. Ids only. */
export type Given = { ids: string[]; persons: string[]; of: string[] };

type Told = { resourceType?: string; id?: string; entry?: Told[]; resource?: Told; fullUrl?: string };

/** `answer`: a resource or a Bundle of them; of anything else nothing is given that has an id. */
export function givenBy(answer: unknown): Given {
  const ids = new Set<string>();
  const persons = new Set<string>();
  const of = new Set<string>();
  for (const resource of resourcesIn(answer)) {
    const named = idsIn(resource);
    const own = named('Patient');
    for (const person of own) persons.add(person);
    for (const id of givenIds(resource, named)) {
      ids.add(id);
      if (tellsOfMore(resource, own)) of.add(id);
    }
  }
  return { ids: [...ids], persons: [...persons], of: [...of] };
}

/** Those made for one answer are at no URL, and what they say of others is said by the others, too. */
function resourcesIn(answer: unknown): Told[] {
  const told = (answer ?? {}) as Told;
  if (told.resourceType !== 'Bundle') return told.resourceType ? [told] : [];
  return (told.entry ?? []).flatMap(({ resource, fullUrl = '' }) =>
    resource && (resource.resourceType === 'Parameters' || !fullUrl.startsWith('urn:')) ? [resource] : [],
  );
}

const NAME = /(?:^|\/)([A-Z]\w+)\/([0-9a-f-]{36})$/;

/** Ids by type: its own, and of what it refers to, relative or with a base. */
function idsIn({ resourceType, id = '', ...rest }: Told): (type?: string) => string[] {
  const found = referencesIn(rest).flatMap((reference) => {
    const [, type = '', named = ''] = NAME.exec(reference) ?? [];
    return isId(named) ? [{ type, named }] : [];
  });
  // A status is made for one answer, with an id of its own.
  const all =
    isId(id) && resourceType && resourceType !== 'Parameters'
      ? [{ type: resourceType, named: id }, ...found]
      : found;
  return (type) => all.flatMap((one) => (type === undefined || one.type === type ? [one.named] : []));
}

/** A status of a subscription gives what it names. */
const givenIds = ({ resourceType, id = '' }: Told, named: (type?: string) => string[]): string[] =>
  resourceType === 'Parameters' ? named() : isId(id) ? [id] : [];

/** A RelatedPerson is somebody whom it does not name; whoever asks for few elements is given no reference. */
const tellsOfMore = ({ resourceType }: Told, persons: string[]): boolean =>
  resourceType === 'RelatedPerson' || persons.length === 0;
