/** The other sections: the stage, open referrals, what is next, and what has changed. */
import type { Encounter, Extension, Group, Identifier, Resource, ServiceRequest } from '@medplum/fhirtypes';
import { outcomeOf } from '../../access/project/project-care.ts';
import type { Changed } from '../../access/see/versions.ts';
import { idOf } from '../../fhir/references.ts';
import { EXPECTED_DELIVERY, EXPECTED_INFANTS, SKEIN_DEFINITIONS, STAGE_OF } from '../../fhir/systems.ts';
import { cut, refer, referenceTo, type Section, type Told } from './sections.ts';
import { daysSince, sayDate, sayDays, sayDisputed, sayStage, sayTime } from './words.ts';

const MOST_LINES = 50;
/** On a reference to a referral: how long it has waited. */
const WAITING = `${SKEIN_DEFINITIONS}days-waiting`;

export function writeStage({ seen, nameOf, now }: Told): Section {
  const today = now.toISOString().slice(0, 10);
  const group = seen
    .map(({ resource }) => resource)
    .find((one): one is Group => one.resourceType === 'Group');
  const inForce = (group?.characteristic ?? []).filter(
    ({ period }) => (period?.start ?? '') <= today && today < (period?.end ?? '9999'),
  );
  const lines = inForce.map(({ valueCodeableConcept, period, extension = [] }) => {
    const since = period?.start ? `, since ${sayDate(period.start)}` : '';
    const whose = extension.flatMap(({ url, valueReference }) =>
      url === STAGE_OF && valueReference?.reference ? nameOf(valueReference.reference) : [],
    );
    const who = inForce.length > 1 && whose.length > 0 ? `${whose.join(', ')}: ` : '';
    return `${who}${sayStage(valueCodeableConcept?.coding?.[0]?.code)}${since}${sayExpected(extension)}`;
  });
  const refers = group && lines.length > 0 ? [refer(group, nameOf)] : [];
  return { code: 'stage', title: 'Stage now', lines, refers };
}

/** Of a pregnancy: `, 2 infants expected on 25 August 2026`. */
function sayExpected(extension: Extension[]): string {
  const infants = extension.find(({ url }) => url === EXPECTED_INFANTS)?.valuePositiveInt;
  const due = extension.find(({ url }) => url === EXPECTED_DELIVERY)?.valueDate;
  if (infants === undefined) return '';
  return `, ${infants} ${infants === 1 ? 'infant' : 'infants'} expected${due ? ` on ${sayDate(due)}` : ''}`;
}

/** The longest wait first. Who is not a party to a referral knows of none that is open. */
export function writeReferrals({ seen, nameOf, now }: Told): Section {
  const referrals = seen.flatMap(({ resource }) =>
    resource.resourceType === 'ServiceRequest' ? [resource] : [],
  );
  const open = seen
    .filter(({ row }) => row.type === 'ServiceRequest' && outcomeOf(row.content) === 'asked')
    .map(({ resource }) => resource as ServiceRequest)
    .map((referral) => ({ referral, asked: firstAsked(referral, referrals) }))
    .sort((a, b) => ((a.asked ?? '9') < (b.asked ?? '9') ? -1 : 1));
  return {
    code: 'open-referrals',
    title: 'Open referrals',
    lines: cut(
      open.map(({ referral, asked }) => {
        const { subject, requester, performer } = referral;
        const from = requester?.reference ? `, from ${nameOf(requester.reference)}` : '';
        const to = performer?.[0]?.reference ? `, to ${nameOf(performer[0].reference)}` : '';
        const days = daysSince(asked, now);
        const waits = days === null ? 'waiting, nobody knows since when' : `waiting ${sayDays(days)}`;
        const disputed = sayDisputed([referral]);
        return `${nameOf(subject.reference ?? '')}${from}${to}: ${waits} (first asked on ${sayDate(asked)})${disputed}`;
      }),
      MOST_LINES,
    ),
    refers: open.slice(0, MOST_LINES).map(({ referral, asked }) => {
      const value = daysSince(asked, now);
      const valueDuration = {
        value: value ?? 0,
        unit: 'days',
        system: 'http://unitsofmeasure.org',
        code: 'd',
      };
      return refer(referral, nameOf, value === null ? undefined : [{ url: WAITING, valueDuration }]);
    }),
  };
}

/**
 * Of a referral that goes on from another (`replaces`, `basedOn`, or the same identifier by the same
 * referrer), when the first was made, as far as is seen.
 */
function firstAsked(referral: ServiceRequest, known: ServiceRequest[]): string | undefined {
  const { authoredOn, replaces = [], basedOn = [], identifier: own = [] } = referral;
  const before = [...replaces, ...basedOn];
  const others = known.filter((one) => one !== referral);
  const isIn = (all: Identifier[], said: Identifier | undefined) =>
    all.some(({ system, value }) => value !== undefined && value === said?.value && system === said.system);
  const earlier = others.filter(({ id, identifier = [], requester, authoredOn: other = '9' }) => {
    const isSame = requester?.reference === referral.requester?.reference && other < (authoredOn ?? '');
    return (
      before.some(
        (one) => idOf(one.reference, 'ServiceRequest') === id || isIn(identifier, one.identifier),
      ) ||
      (isSame && own.some((one) => isIn(identifier, one)))
    );
  });
  const dates = earlier.flatMap((one) => firstAsked(one, others) ?? []);
  return [...dates, ...(authoredOn ? [authoredOn] : [])].sort()[0];
}

export function writeNext({ seen, nameOf, now }: Told): Section {
  const today = now.toISOString().slice(0, 10);
  const planned = seen
    .flatMap(({ resource }) => (resource.resourceType === 'Encounter' ? [resource] : []))
    .filter(({ status, period }) => status === 'planned' && (period?.start ?? '9999') >= today);
  return {
    code: 'what-is-next',
    title: 'What is next',
    lines: cut(planned.map(lineOf), MOST_LINES),
    refers: planned.slice(0, MOST_LINES).map((contact) => refer(contact, nameOf)),
  };

  function lineOf(contact: Encounter): string {
    const { period, subject, serviceProvider } = contact;
    const where = serviceProvider?.reference ? ` with ${nameOf(serviceProvider.reference)}` : '';
    return `${sayDate(period?.start)}: contact planned for ${nameOf(subject?.reference ?? '')}${where}${sayDisputed([contact])}`;
  }
}

/** `changed`: what the reader sees otherwise than at `since`. */
export function writeChanges({ nameOf }: Told, since: Date | null, changed: Changed[]): Section {
  const told = changed.map(
    ({ one: { resource }, isNew }) =>
      `${nameOf(referenceTo(resource))}${whoseOf(resource)}: ${isNew ? 'new' : 'changed'}`,
  );
  const first = since
    ? `Since ${sayTime(since)}${told.length === 0 ? ': nothing that is known here' : ':'}`
    : 'You have not looked at this journey before.';
  return {
    code: 'what-has-changed',
    title: 'What has changed since you last looked',
    lines: [first, ...cut(told, MOST_LINES)],
    refers: changed.slice(0, MOST_LINES).map(({ one }) => refer(one.resource, nameOf)),
  };

  function whoseOf(resource: Resource): string {
    const { subject, patient } = resource as Partial<Record<'subject' | 'patient', { reference?: string }>>;
    const whose = resource.resourceType === 'RelatedPerson' ? undefined : (subject ?? patient)?.reference;
    return whose ? ` of ${nameOf(whose)}` : '';
  }
}
