import type { Patient, RelatedPerson } from '@medplum/fhirtypes';
import type { Assertion, StatementState } from '../../store/facts.ts';
import { compareGiven, normaliseName } from '../who/names.ts';
import { givenNames, type Person } from '../who/persons.ts';
import { SAME_BIRTH } from './journeys.ts';
import { isGenetic, type ParentKind, parentClaim } from './relationships.ts';

const EVIDENCE = 'https://skein.example/fhir/CodeSystem/evidence';
const BIRTH_RECORDS = new Set(['birth-notification', 'birth-record']);

/** An active parent edge: one per pair, with every kind that was evidenced. */
export type Edge = {
  parent: Person;
  child: Person;
  kinds: ParentKind[];
  mother: boolean;
  services: string[];
};

type RelatedState = StatementState & { content: RelatedPerson };
type PersonOf = (key: string | null) => Person | undefined;

/**
 * Parent edges from what senders say of relatives. A reference binds to the one verified person it names and adds nothing to them;
 * anything weaker is a suggestion, looked at again whenever that person arrives. Never a partner edge (sharing ground rule 7).
 */
export function relatePersons(
  statements: StatementState[],
  personOf: PersonOf,
): { edges: Edge[]; assertions: Assertion[] } {
  const edges = new Map<string, Edge>();
  const assertions: Assertion[] = [];
  const related = statements.filter((state): state is RelatedState => state.type === 'RelatedPerson');
  for (const state of related.sort((a, b) => (a.key < b.key ? -1 : 1))) {
    const bound = bind(state, personOf);
    assertions.push(bound.assertion);
    if (bound.edge) addEdge(edges, bound.edge);
  }
  return {
    edges: [...edges.values()].filter((edge) => !edges.has(pairKey(edge.child, edge.parent))),
    assertions,
  };
}

function bind(state: RelatedState, personOf: PersonOf): { edge?: Edge; assertion: Assertion } {
  const suggest = (kind: Assertion['kind'], reason: string) => ({
    assertion: { kind, a: state.chart, b: state.ref, method: `reference:${state.key}`, evidence: { reason } },
  });
  const claim = parentClaim(state.content);
  if (!claim) {
    return isGenetic(state.content)
      ? suggest('possible-parent', 'a genetic parent is never linked by machine')
      : suggest('named-contact', 'a named contact, not a parent');
  }
  const patient = personOf(state.chart);
  const other = personOf(state.ref);
  if (state.ref === null) return suggest('possible-parent', 'named without an identifier');
  if (!patient || !other) return suggest('possible-parent', 'identifier names no verified person yet');
  if (patient === other) return suggest('possible-parent', 'identifier names the patient');
  if (!nameAgrees(state.content, other))
    return suggest('possible-parent', 'the name differs from that of the identifier');
  if (claim.parent === 'patient' && !isVerified(patient))
    return suggest('possible-parent', 'nobody unverified is a parent by their own word');
  const [parent, child] = claim.parent === 'related' ? [other, patient] : [patient, other];
  if (!isBornBefore(parent, child))
    return suggest('possible-parent', 'the parent would be no older than the child');
  const evidence = { kinds: claim.kinds.join(','), tier: isBirthRecord(state.content) ? 'A' : 'B' };
  return {
    edge: { parent, child, kinds: claim.kinds, mother: claim.mother, services: [state.service] },
    assertion: { kind: 'parent', a: parent.id, b: child.id, method: `reference:${state.key}`, evidence },
  };
}

const isVerified = ({ charts }: Person): boolean => charts.some(({ ref }) => ref !== null);

/**
 * Not the other way round, nor a twin who carries their mother's number. Any gap but that of one birth will do: how young a parent may
 * be is no business of matching.
 */
function isBornBefore(parent: Person, child: Person): boolean {
  const [earlier, later] = [bornOn(parent), bornOn(child)];
  const apart = Date.parse(later) - Date.parse(earlier) - (ROOM[earlier.length] ?? 0);
  return Number.isNaN(apart) || apart > SAME_BIRTH;
}

/** A year or a month may mean its last day. */
const ROOM: Record<number, number> = { 4: 366 * 86_400_000, 7: 31 * 86_400_000 };

/** The most exact date given; the charts of one person do not contradict one another. */
const bornOn = ({ charts }: Person): string =>
  charts.map(({ content }) => content.birthDate ?? '').sort((a, b) => b.length - a.length)[0] ?? '';

/** Said at the birth itself, by a source whose mapping marks it so: no sender can. */
const isBirthRecord = ({ meta }: RelatedPerson) =>
  meta?.tag?.some(({ system, code }) => system === EVIDENCE && BIRTH_RECORDS.has(code ?? '')) === true;

const pairKey = (parent: Person, child: Person) => `${parent.id} ${child.id}`;

function addEdge(edges: Map<string, Edge>, edge: Edge): void {
  const known = edges.get(pairKey(edge.parent, edge.child));
  edges.set(pairKey(edge.parent, edge.child), {
    ...edge,
    kinds: union(known?.kinds, edge.kinds),
    mother: edge.mother || known?.mother === true,
    services: union(known?.services, edge.services),
  });
}

const union = <T>(a: T[] | undefined, b: T[]): T[] => [...new Set([...(a ?? []), ...b])].sort();

/** Where the reference gives a name it must be that person's: the given name, or the family name when no given one is there. */
function nameAgrees(related: RelatedPerson, person: Person): boolean {
  const said = (related.name ?? []).flatMap(({ given }) => given ?? []);
  const patients = person.charts.map(({ content }): Patient => content);
  const verdicts = patients.map((patient) => compareGiven(said, givenNames(patient)));
  if (verdicts.includes('agree')) return true;
  if (verdicts.includes('conflict')) return false;
  const family = normaliseName(related.name?.[0]?.family ?? '');
  const families = patients.flatMap(({ name }) => (name ?? []).map((one) => normaliseName(one.family ?? '')));
  return family === '' || families.filter(Boolean).length === 0 || families.includes(family);
}
