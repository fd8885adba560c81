import type { Identifier, Patient } from '@medplum/fhirtypes';
import { orderCurrentFirst } from '../../fhir/current.ts';
import { nhsNumber } from '../../fhir/nhs-number.ts';
import { NHS_NUMBER, SUPERSEDED_NUMBER } from '../../fhir/systems.ts';
import { isPlaceholder, normaliseName } from '../../match/names.ts';
import type { CareSource, ChartSource } from '../../model.ts';
import { isAwaited, isUnanswered } from '../care/involve.ts';
import { isCare, latest } from '../care/spells.ts';
import type { PatientState, Person } from '../who/charts.ts';
import { partOf } from '../who/merged.ts';
import { distinct, type Family, sourceOf, sourceOfSpell } from './family.ts';

/**
 * The charts of a person, newest first, each with what decides who may know of it: the care by which others
 * may know that its author has a part, and the services that its author asked to see this person.
 */
export function chartSources(family: Family, person: Person): ChartSource[] {
  const care = careOf(family, person);
  const charts = [...person.charts].sort(compareNewest);
  const own = charts.map((chart): ChartSource => {
    const { key, sector, service: author, content, ref, traced } = chart;
    return {
      author,
      content: toShared(asPart(person, chart) ?? traced?.said ?? content),
      named: content.name?.some(isReal) === true,
      verified: ref !== null && !traced,
      care: care.known.filter(({ service, authors }) => service === author || authors.includes(author)),
      referredTo: unique(care.asked.filter((one) => one.author === author).map(({ service }) => service)),
      ...(family.labels.isInside({ key, sector }) ? { inside: true as const } : {}),
    };
  });
  return [
    ...own,
    ...charts.flatMap(({ traced, content }) => (traced ? numberSource(traced.by, content) : [])),
  ];
}

/**
 * A chart that its sender made part of another of this person: its own identifiers are old, and so is its NHS
 * number where the chart that stands has another. Undefined for any other chart.
 */
function asPart({ charts }: Person, chart: PatientState): Patient | undefined {
  const into = partOf(chart, charts);
  if (!into) return undefined;
  const { content } = chart;
  const number = nhsNumber(into.content)?.value;
  const isStill = ({ system, value }: Identifier) =>
    system === NHS_NUMBER && (number === undefined || value === number);
  const identifier = (content.identifier ?? []).map(
    (one): Identifier => (isStill(one) ? one : { ...one, use: 'old' }),
  );
  return { ...content, identifier };
}

/** A number that tracing found is no word of the chart's own sender, who may be shown no number. */
function numberSource(author: string, { identifier = [] }: Patient): ChartSource {
  const number = identifier.filter(({ system }) => system === NHS_NUMBER || system === SUPERSEDED_NUMBER);
  const content: Patient = { resourceType: 'Patient', identifier: number };
  return { author, content, named: false, verified: true, care: [], referredTo: [], national: true };
}

/** Of two that one message speaks of, the one that stands before the one that it merged. */
function compareNewest(a: PatientState, b: PatientState): number {
  if (latest(a) !== latest(b)) return latest(a) < latest(b) ? 1 : -1;
  const gone = ({ content }: PatientState) => Number(content.active === false);
  return gone(a) - gone(b) || (a.key < b.key ? -1 : 1);
}

const isReal = ({ given }: { given?: string[] }) =>
  (given ?? []).some((one) => !isPlaceholder(normaliseName(one)));

/**
 * `known`: care that has begun, contacts, and birth or kinship by somebody's word. `asked`: whom an author
 * asked to see this person, and was not refused by.
 */
function careOf(family: Family, person: Person) {
  const { spells, referrals, statements, edges, personOf } = family;
  const own = spells.filter((spell) => spell.person === person);
  const asked = referrals.filter((referral) => referral.person === person);
  const contacts = statements.filter(({ type, chart }) => type === 'Encounter' && personOf(chart) === person);
  // Of a child and of its mother. Whoever names somebody else a parent has no part in that one's care.
  const kin = edges.filter(
    ({ parent, child, mother, kinds }) =>
      child === person || (parent === person && (mother || kinds.includes('gestational'))),
  );
  const known: CareSource[] = [
    ...own.filter(isCare).map((spell) => sourceOfSpell(family, spell)),
    ...asked
      .filter(({ state }) => state === 'taken-up')
      .map(({ key, service, author }) => sourceOf(family, key, { service, authors: [author.service] })),
    ...contacts.map(({ key, service }) => sourceOf(family, key, { service, authors: [service] })),
    ...kin.map(({ services }) => ({ service: null, authors: services })),
  ];
  return {
    known: distinct(known),
    asked: [
      ...asked
        .filter((one) => one.state === 'taken-up' || isUnanswered(one, spells))
        .flatMap(({ service, author }) => (service ? [{ author: author.service, service }] : [])),
      ...own
        .filter((spell) => isAwaited(spell, referrals))
        .flatMap(({ service, services }) => services.map((author) => ({ author, service }))),
    ],
  };
}

const unique = (services: string[]): string[] => [...new Set(services)].sort();

/**
 * Without what is the sender's own affair: narrative, version, contained parts, its links to its own
 * resources; with what is over behind what is so now.
 */
function toShared(content: Patient): Patient {
  const { meta: _meta, text: _text, contained: _contained, link: _link, id: _id, ...rest } = content;
  return orderCurrentFirst(rest);
}
