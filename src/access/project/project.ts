import type { EpisodeOfCare, Group, Organization, Provenance, Resource } from '@medplum/fhirtypes';
import { idOf } from '../../fhir/references.ts';
import { STAGE_OF } from '../../fhir/systems.ts';
import type { Recipient, ResourceRow, Service } from '../../model.ts';
import {
  decide,
  decideAll,
  type Grants,
  highest,
  isClosedTo,
  reaches,
  readsOfPeople,
  withoutGlass,
} from '../decide/decide.ts';
import { isKeptInside, staysInside } from '../decide/stays-inside.ts';
import { ODS_SYSTEM } from '../register/services.ts';
import { pick } from './coded.ts';
import {
  outcomeOf,
  projectEncounter,
  projectEpisode,
  projectReferral,
  projectTeam,
  withVisibleTags,
} from './project-care.ts';
import { projectExpected } from './project-expected.ts';
import { withoutWhereabouts } from './project-held.ts';
import { projectPatient, projectRelatedPerson } from './project-person.ts';

type Known = Exclude<Grants, { everything: true }>;

const SHARED_TARGET = /^(EpisodeOfCare|Encounter|ServiceRequest|RelatedPerson)\//;
const CARE = ['EpisodeOfCare', 'Encounter', 'ServiceRequest'];

/**
 * What the recipient may see of one version of one resource, or null: then it is as if it did not exist.
 * Pure. `grants` must have been loaded for every person of the row (loadGrants). Each type is read under one
 * category of the table; what a service alone said, and what was addressed to it, it sees in full.
 */
export function project(recipient: Recipient, grants: Grants, row: ResourceRow): Resource | null {
  if (recipient.kind === 'operator') return row.content;
  if (grants.everything) throw new Error('grants of the operator were given for a system');
  const { service } = recipient.system;
  if (CARE.includes(row.type)) return projectCare(service, grants, row);
  switch (row.type) {
    case 'Patient':
      return projectPatient(grants, row);
    case 'RelatedPerson':
      return projectRelatedPerson(withoutGlass(grants), row);
    case 'CareTeam': {
      const team = projectTeam({ grants, row });
      return team && withVisibleTags({ grants, row }, team);
    }
    case 'Group':
      return projectGroup(withoutGlass(grants), row) ?? throughGlass(grants, row);
    case 'Provenance':
      return projectProvenance(service, grants, row);
    case 'Subscription':
      return row.authors.includes(service.id) ? row.content : null;
    // Between the two parties of a referral, or its owner's alone.
    case 'Task':
      return isItsOwn(grants, service, row) ? withVisibleTags({ grants, row }, row.content) : null;
    case 'Organization':
      return projectService(service, grants, row.content as Organization);
    case 'Basic':
      return row.content;
    default:
      return null;
  }
}

/**
 * A journey that is known by broken glass alone shows that one person and nobody else of it: not what the
 * person is to somebody whom the reader knows besides.
 */
function throughGlass(grants: Known, row: ResourceRow): Group | null {
  const alone = row.persons.flatMap((person) => {
    const { glass, ...grant } = grants.persons.get(person) ?? {};
    if (!glass) return [];
    const only = { ...grant, glass, care: null, roles: [] };
    return projectGroup({ ...grants, persons: new Map([[person, only]]) }, row) ?? [];
  });
  return alone[0] ?? null;
}

function projectCare(service: Service, grants: Known, row: ResourceRow): Resource | null {
  const seen = { grants, row };
  const isAuthor = row.authors.includes(service.id);
  if (isAuthor && row.type === 'EpisodeOfCare' && isClosedTo(grants, row.persons))
    return projectOwnCare(service, row);
  if (isItsOwn(grants, service, row))
    return withVisibleTags(seen, withoutWhereabouts(grants, row, row.content));
  if (isKeptInside(grants, row)) return null;
  const projected =
    row.type === 'EpisodeOfCare'
      ? projectEpisode(seen)
      : row.type === 'Encounter'
        ? projectEncounter(seen)
        : projectReferral(seen);
  return projected && withVisibleTags(seen, withoutWhereabouts<Resource>(grants, row, projected));
}

/**
 * Said by this service alone, or addressed to it. A service without a sector is addressed by nobody: anyone
 * may have named it; nor is one that reads of nobody. Of a referral that it declined a service sees nothing
 * any more (sharing rule 3), and of a young person who is closed to it nothing of what it was asked.
 */
export function isItsOwn(grants: Grants, { id, sector }: Service, row: ResourceRow): boolean {
  const { type, authors, service, content, persons } = row;
  const sent = authors.length > 0 && authors.every((author) => author === id);
  const reads = readsOfPeople(sector) && !isClosedTo(grants, persons);
  const addressed = service === id && reads && type !== 'Encounter';
  return sent || (addressed && outcomeOf(content) !== 'declined');
}

/**
 * Care that a service said it gives to a young person who is closed to it, without the referral that others
 * may have made; where they have a word in it, that there is such care and no more.
 */
function projectOwnCare({ id }: Service, { authors, content }: ResourceRow): EpisodeOfCare {
  const { referralRequest: _asked, meta: _tags, ...episode } = content as EpisodeOfCare;
  const isAlone = authors.every((author) => author === id);
  return isAlone
    ? episode
    : pick(episode, ['resourceType', 'id', 'status', 'patient', 'managingOrganization']);
}

/**
 * A registered service, as everybody may see it. One that a message named and nobody registered is what its
 * sender typed: others see of it the code of an organisation, if it is one.
 */
function projectService(service: Service, grants: Known, named: Organization): Organization {
  if (grants.services.has(named.id ?? '') || named.id === service.id) return named;
  const identifier = (named.identifier ?? []).filter(
    ({ system, value }) => system === ODS_SYSTEM && ODS_CODE.test(value ?? ''),
  );
  const [code] = identifier;
  return {
    ...pick(named, ['resourceType', 'id', 'active']),
    ...(code ? { identifier, name: code.value as string } : {}),
  };
}

/**
 * https://digital.nhs.uk/services/organisation-data-service : letters and digits, of organisations and their
 * sites.
 */
const ODS_CODE = /^[A-Z0-9]{3,10}$/;

/**
 * Category STG, of the member of whom most may be known. E: the stage now; S and F: stages with dates, and
 * of a pregnancy the infants expected. Never how many there are. A partner's own services see nothing by way
 * of him, nor those of the mother of a child who is nobody's infant any more: the stages are a birth date
 * (sharing row rules, rule 22).
 */
function projectGroup(grants: Known, row: ResourceRow): Group | null {
  const group = row.content as Group;
  const journeys = [row.id];
  const isAside = (person: string) => grants.persons.get(person)?.asideIn?.includes(row.id) === true;
  const ways = row.persons.filter((person) => !isAside(person));
  const level = highest(ways.map((person) => decide(grants, 'STG', person, journeys)));
  if (level === '-' || !isKnownJourney(grants, row)) return null;
  const today = grants.at.toISOString().slice(0, 10);
  const member = (group.member ?? []).filter(({ entity }) => {
    const person = idOf(entity?.reference, 'Patient') ?? '';
    return [decide(grants, 'DEM', person, journeys), decide(grants, 'INV', person, journeys)].some((one) =>
      reaches(one, 'E'),
    );
  });
  const known = member.flatMap(({ entity }) => idOf(entity?.reference, 'Patient') ?? []);
  const stages = stagesFor(grants, { group, ways, known });
  const current = stages
    .filter(({ period }) => (period?.start ?? '') <= today && today < (period?.end ?? '9999'))
    .slice(-1);
  const extension = projectExpected(grants, row);
  const dated = stages.map((stage) =>
    codeIn(stage) === 'pregnancy' && extension.length > 0 ? { ...stage, extension } : stage,
  );
  const characteristic = reaches(level, 'S') ? dated : current.map(({ period: _dates, ...stage }) => stage);
  return {
    ...pick(group, ['resourceType', 'id', 'active', 'type', 'actual']),
    ...(characteristic.length > 0 ? { characteristic } : {}),
    ...(member.length > 0 ? { member } : {}),
  };
}

/** `ways`: members by way of whom the journey is read; `known`: those who are shown. */
type Shown = { group: Group; ways: string[]; known: string[] };

/**
 * Whose a stage is is shown of an infant whom the reader may know, where it would hear of a loss as well: own
 * patient that infant or the mother, and CLN. Else the loss of one of twins would show by what is not there
 * any more. Of one who died while another lives nobody else sees the stages at all.
 */
function stagesFor(grants: Known, { group, ways, known }: Shown) {
  const stages = (group.characteristic ?? []).filter(({ code }) =>
    code?.coding?.some((coding) => coding.code === 'stage'),
  );
  const infants = new Set(stages.flatMap(infantsOf));
  const stopped = new Set(
    stages.filter((one) => codeIn(one) === 'contact-stop').flatMap((one) => infantsOf(one)),
  );
  const hearsOfLoss = (person: string) =>
    grants.persons.get(person)?.care === 'open' &&
    reaches(decide(grants, 'CLN', person, [group.id ?? '']), 'E');
  const unlinked = (group.member ?? []).flatMap(({ inactive, entity }) =>
    inactive ? (idOf(entity?.reference, 'Patient') ?? []) : [],
  );
  const byMother = ways.some(
    (person) => !infants.has(person) && !unlinked.includes(person) && hearsOfLoss(person),
  );
  const isShown = (infant: string) => known.includes(infant) && (byMother || hearsOfLoss(infant));
  return stages.flatMap(({ extension: _whose, ...stage }, place) => {
    const whose = infantsOf(stages[place]);
    const shown = whose.filter(isShown);
    const isApart = whose.length > 0 && whose.every((infant) => stopped.has(infant));
    if (isApart && shown.length === 0 && stopped.size < infants.size) return [];
    const extension = (stages[place]?.extension ?? []).filter(({ valueReference }) =>
      shown.includes(idOf(valueReference?.reference, 'Patient') ?? ''),
    );
    return [{ ...(extension.length > 0 ? { extension } : {}), ...stage }];
  });
}

type Stage = NonNullable<Group['characteristic']>[number];
const codeIn = ({ valueCodeableConcept }: Stage) => valueCodeableConcept?.coding?.[0]?.code;
const infantsOf = (stage: Stage | undefined): string[] =>
  (stage?.extension ?? []).flatMap(({ url, valueReference }) =>
    url === STAGE_OF ? (idOf(valueReference?.reference, 'Patient') ?? []) : [],
  );

/** Stages that are known from care alone. */
const FROM_CARE = ['preconception', 'pregnancy', 'outcome-unknown'];

/**
 * A birth, or care that the reader may know of: else the journey is there for something that nobody but
 * others may know.
 */
function isKnownJourney(grants: Known, { content, sources }: ResourceRow): boolean {
  const care = sources && 'care' in sources ? sources.care : [];
  const { characteristic = [] } = content as Group;
  const codes = characteristic.flatMap((stage) => codeIn(stage) ?? []);
  return codes.some((code) => !FROM_CARE.includes(code)) || care.some((one) => !staysInside(grants, one));
}

/**
 * To its author, where it may know of every person concerned: that something else changed too would tell of a
 * match. To others, where those persons are all fully its own: what care changed and by which rule, never who
 * said it or under which message id. That something else of a person changed would tell of a message that
 * they may not know.
 */
function projectProvenance(service: Service, grants: Known, row: ResourceRow): Provenance | null {
  const provenance = row.content as Provenance;
  const known = decideAll(grants, 'DEM', row.persons);
  if (isItsOwn(grants, service, row)) return reaches(known, 'E') ? provenance : null;
  if (known !== 'F' || decideAll(grants, 'INV', row.persons) !== 'F' || isKeptInside(grants, row))
    return null;
  const target = provenance.target.filter(({ reference }) => SHARED_TARGET.test(reference ?? ''));
  if (target.length === 0) return null;
  return {
    ...pick(provenance, ['resourceType', 'id', 'recorded', 'policy', 'activity']),
    target,
    agent: [{ who: { display: 'a service that is not named here' } }],
  } as Provenance;
}
