import type { Encounter, EpisodeOfCare, Patient, Reference, ServiceRequest } from '@medplum/fhirtypes';
import { isVerified } from '../../fhir/nhs-number.ts';
import { idOf } from '../../fhir/references.ts';
import { NHS_NUMBER } from '../../fhir/systems.ts';
import { compareGiven, isFullName } from '../../match/names.ts';
import type { Evidence } from '../../model.ts';
import type { StatementState } from '../../store/facts.ts';
import { isImplicit } from '../fold.ts';
import { givenNames, type Pair, type PatientState, type Person, type PersonOf } from './charts.ts';

type Given = { personOf: PersonOf; evidence: Evidence };

/**
 * Charts of a sender that mean a person of others, known to it from facts alone: by an id that Skein gave,
 * where a chart of that sender is that person; or by any care that cites a referral to its service, where the
 * referral says who is meant and the chart says nothing else. All other references to people of Skein's stay
 * claims, and people of their own.
 */
export function findCited(statements: StatementState[], charts: PatientState[], given: Given): Pair[] {
  const referrals = statements.filter(({ type }) => type === 'ServiceRequest');
  const careOf = Map.groupBy(
    statements.filter(({ type }) => CARE.has(type)),
    ({ chart }) => chart,
  );
  const persons = new Set(charts.flatMap(({ key }) => given.personOf(key) ?? []));
  const apart = [...persons].filter((one) => one.charts.every((own) => own.ref === null));
  return apart.flatMap((person): Pair[] => {
    const found = person.charts.flatMap((chart) => {
      const named = isImplicit(chart) ? given.personOf(chart.content.id ?? null) : undefined;
      if (named && isKnownTo(named, chart)) return [named];
      const cited = (careOf.get(chart.key) ?? [])
        .flatMap((care) => referrals.filter((referral) => cites(care, referral)))
        .filter((referral) => performerOf(referral) === chart.service)
        .flatMap((referral) => whoIsMeant(referral, charts, given) ?? []);
      return cited.filter((who) => isNobodyElse(chart, who, named));
    });
    const [one, ...others] = new Set(found.filter((who) => who !== person));
    return one && others.length === 0 ? [[one.id, person.id]] : [];
  });
}

const CARE = new Set(['EpisodeOfCare', 'Encounter', 'ServiceRequest']);

const isKnownTo = ({ charts }: Person, { systemId }: PatientState) =>
  charts.some((one) => one.systemId === systemId && !isImplicit(one));

const performerOf = ({ content }: StatementState) =>
  idOf((content as ServiceRequest).performer?.[0]?.reference, 'Organization');

/** By the id that Skein gave it, or by an identifier that both sides use. */
function cites({ content }: StatementState, referral: StatementState): boolean {
  const { referralRequest = [], basedOn = [] } = content as Partial<
    Pick<EpisodeOfCare, 'referralRequest'> & Pick<Encounter, 'basedOn'>
  >;
  const { identifier = [] } = referral.content as ServiceRequest;
  return [...referralRequest, ...basedOn].some(
    ({ reference, identifier: named }: Reference) =>
      reference === `ServiceRequest/${referral.key}` ||
      (named?.value !== undefined &&
        identifier.some(({ system, value }) => system === named.system && value === named.value)),
  );
}

/**
 * The person of a referral that gives verified number, birth date and given name, by a sender whose word
 * counts.
 */
function whoIsMeant(
  { chart, sector }: StatementState,
  charts: PatientState[],
  given: Given,
): Person | undefined {
  const said = charts.find(({ key }) => key === chart)?.content;
  const number = said && numberOf(said);
  const says =
    said && number && isVerified(number) && said.birthDate?.length === 10 && isFullName(givenNames(said));
  return says && given.evidence.weights.has(sector ?? '') ? given.personOf(chart) : undefined;
}

const numberOf = ({ identifier }: Patient) => identifier?.find(({ system }) => system === NHS_NUMBER);

/**
 * A reference by the person's id or number; or a chart that gives number, birth date and given name, all of
 * them that person's.
 */
function isNobodyElse(chart: PatientState, person: Person, named: Person | undefined): boolean {
  const { content } = chart;
  if (content.id !== undefined && isImplicit(chart)) return named === person;
  const number = numberOf(content)?.value;
  const agreeing = person.charts.filter(
    (one) => one.ref !== null && number !== undefined && numberOf(one.content)?.value === number,
  );
  if (isImplicit(chart)) return agreeing.length > 0;
  return agreeing.some(
    ({ content: other }) =>
      other.birthDate === content.birthDate &&
      compareGiven(givenNames(other), givenNames(content)) === 'agree',
  );
}
