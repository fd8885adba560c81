import type { Patient, RelatedPerson } from '@medplum/fhirtypes';
import { NHS_NUMBER } from '../../fhir/systems.ts';
import { compareGiven, normaliseName } from '../../match/names.ts';
import type { Evidence } from '../../model.ts';
import type { Assertion, Due, StatementState } from '../../store/facts.ts';
import { bornOn, givenNames, type IsOwnPatient, type Person, type PersonOf } from '../who/charts.ts';
import type { Decisions } from '../who/decided.ts';
import { numberKey } from '../who/keys.ts';
import { SAME_BIRTH } from './homing.ts';
import { isGenetic, type ParentKind, parentClaim } from './relationships.ts';
import { type Bound, type RelatedState, waitingUntil, weighEdge, withoutContested } from './weigh.ts';

/** An active parent edge: one per pair, with every kind that was evidenced. */
export type Edge = {
  parent: Person;
  child: Person;
  kinds: ParentKind[];
  mother: boolean;
  services: string[];
};

/** `asOf`: the instant at which it is asked, ISO. */
type Given = {
  key: Buffer;
  personOf: PersonOf;
  isOwnPatient: IsOwnPatient;
  /** Decided by people: who is no parent, and who gave birth to whom. */
  decisions: Pick<Decisions, 'isNotParent' | 'mothers'>;
  evidence: Evidence;
  asOf: string;
};
/** `awaited`: mothers of newborns whose edge waits for evidence of the birth. */
type Related = {
  edges: Edge[];
  awaited: Pick<Edge, 'parent' | 'child'>[];
  assertions: Assertion[];
  due: Due[];
};

/**
 * Parent edges from what senders say of relatives, weighed by who says it. A reference binds to the one
 * verified person it names and adds nothing to them; anything weaker is a suggestion, looked at again
 * whenever that person arrives. Never a partner edge (sharing ground rule 7).
 */
export function relatePersons(statements: StatementState[], given: Given): Related {
  const related = statements
    .filter((state): state is RelatedState => state.type === 'RelatedPerson')
    .filter(({ sector }) => given.evidence.weights.has(sector ?? ''))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  const read = related.map((state) => bind(state, given));
  const { standing, contested } = withoutContested(
    [
      ...read.flatMap(({ bound }) => bound ?? []),
      ...given.decisions.mothers.flatMap((one) => bindDecided(one, given)),
    ],
    given.evidence,
  );
  const waiting = standing.flatMap((bound) => {
    const until = waitingUntil(bound, standing, given);
    return until === null ? [] : [{ bound, until }];
  });
  const isWaiting = (bound: Bound) => waiting.some((one) => one.bound === bound);
  const edges = new Map<string, Edge>();
  for (const bound of standing) if (!isWaiting(bound)) addEdge(edges, bound);
  return {
    edges: [...edges.values()].filter((edge) => !edges.has(pairKey(edge.child, edge.parent))),
    awaited: waiting.map(({ bound: { parent, child } }) => ({ parent, child })),
    assertions: [
      ...read.flatMap(({ suggestion }) => suggestion ?? []),
      ...standing.filter((bound) => !isWaiting(bound)).map(asserted),
      ...waiting.map(({ bound: { state } }) => suggest(given.key, state, { reason: WAITS })),
      ...contested.map(({ bound: { state }, systems }) =>
        suggest(given.key, state, { reason: 'other evidence names another', systems }),
      ),
    ],
    due: waiting.map(({ bound, until }) => ({ owner: bound.child.charts[0]?.key ?? '', at: until })),
  };
}

const WAITS = 'a mother of a newborn waits for evidence of birth';
type Doubt = { reason: string; systems?: number[]; kind?: Assertion['kind'] };

/** The number that it names is kept where it is a claim and no more, for who looks at that number. */
function suggest(key: Buffer, state: RelatedState, { reason, systems, kind }: Doubt): Assertion {
  const evidence = { reason, ...(systems ? { systems: systems.join() } : {}) };
  const number = state.content.identifier?.find(({ system }) => system === NHS_NUMBER)?.value;
  const b = state.ref ?? (number ? numberKey(number, key) : null);
  return {
    ...{ kind: kind ?? 'possible-parent', a: state.chart, b },
    ...{ method: `reference:${state.key}`, evidence },
  };
}

const asserted = ({ state, parent, child, kinds, tier, decided }: Bound): Assertion => ({
  kind: 'parent',
  a: parent.id,
  b: child.id,
  method: `reference:${state.key}`,
  evidence: { kinds: kinds.join(','), tier, ...(decided ? { rule: 'people decided so' } : {}) },
});

/** Of who people decided gave birth no more is asked than that both are known and two, and of birth dates. */
function bindDecided(state: StatementState, { personOf, decisions }: Given): Bound[] {
  const [parent, child] = [personOf(state.chart), personOf(state.ref)];
  if (!parent || !child || parent === child || decisions.isNotParent(parent, child)) return [];
  if (!isBornBefore(parent, child)) return [];
  const content: RelatedPerson = {
    resourceType: 'RelatedPerson',
    patient: { reference: `Patient/${state.ref}` },
  };
  const weighed = { kinds: ['gestational' as const], mother: true, tier: 'A' as const };
  return [
    {
      ...{ state: { ...state, type: 'RelatedPerson', content }, parent, child, ...weighed },
      ...{ national: false, decided: true, waits: false },
    },
  ];
}

type Read = { bound?: Bound; suggestion?: Assertion };

function bind(state: RelatedState, { key, personOf, isOwnPatient, decisions, evidence }: Given): Read {
  const doubt = (reason: string, kind?: Assertion['kind']): Read => ({
    suggestion: suggest(key, state, { reason, ...(kind ? { kind } : {}) }),
  });
  const claim = parentClaim(state.content);
  if (!claim) {
    if (isGenetic(state.content)) return doubt('a genetic parent is never linked by machine');
    return doubt('a named contact, not a parent', 'named-contact');
  }
  const patient = personOf(state.chart);
  const other = personOf(state.ref, state.service);
  if (state.ref === null) return doubt('named without an identifier that counts');
  if (!patient || !other) return doubt('identifier names no verified person yet');
  if (patient === other) return doubt('identifier names the patient');
  if (!nameAgrees(state.content, other)) return doubt('the name differs from that of the identifier');
  if (claim.parent === 'patient' && !isVerified(patient))
    return doubt('nobody unverified is a parent by their own word');
  const [parent, child] = claim.parent === 'related' ? [other, patient] : [patient, other];
  if (decisions.isNotParent(parent, child)) return doubt('people decided that it is another');
  if (!isBornBefore(parent, child)) return doubt('the parent would be no older than the child');
  const weight = evidence.weights.get(state.sector ?? '');
  const own = isVerified(patient) && isOwnPatient(patient, state.service);
  const verified = isVerified(patient) && isVerified(other);
  const weighed = weight && weighEdge(claim, weight, { verified, own });
  if (!weighed) return doubt('this service suggests, and others establish');
  return { bound: { state, parent, child, ...weighed } };
}

const isVerified = ({ charts }: Person): boolean => charts.some(({ ref }) => ref !== null);

/**
 * Not the other way round, nor a twin who carries their mother's number. Any gap but that of one birth will
 * do: how young a parent may be is no business of matching.
 */
function isBornBefore(parent: Person, child: Person): boolean {
  const [earlier, later] = [bornOn(parent), bornOn(child)];
  const apart = Date.parse(later) - Date.parse(earlier) - (ROOM[earlier.length] ?? 0);
  return Number.isNaN(apart) || apart > SAME_BIRTH;
}

/** A year or a month may mean its last day. */
const ROOM: Record<number, number> = { 4: 366 * 86_400_000, 7: 31 * 86_400_000 };

const pairKey = (parent: Person, child: Person) => `${parent.id} ${child.id}`;

function addEdge(edges: Map<string, Edge>, { state, parent, child, kinds, mother }: Bound): void {
  const known = edges.get(pairKey(parent, child));
  edges.set(pairKey(parent, child), {
    parent,
    child,
    kinds: union(known?.kinds, kinds),
    mother: mother || known?.mother === true,
    services: union(known?.services, [state.service]),
  });
}

const union = <T>(a: T[] | undefined, b: T[]): T[] => [...new Set([...(a ?? []), ...b])].sort();

/**
 * Where the reference gives a name it must be that person's: the given name, or the family name when no given
 * one is there.
 */
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
