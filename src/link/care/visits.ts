/**
 * Stays that are one: a sender may give the number of a stay (PV1-19 of HL7 v2) now with its assigning
 * authority and now without.
 */
import type { Encounter, EpisodeOfCare, Identifier } from '@medplum/fhirtypes';
import { renameReferences } from '../../fhir/references.ts';
import { LOCAL } from '../../fhir/systems.ts';
import type { StatementState } from '../../store/facts.ts';
import { combine } from '../fold.ts';
import { latest } from './spells.ts';

type Stay = StatementState & { content: Encounter | EpisodeOfCare };

/** HL7 table 0203: the number of a visit. */
const isVisitNumber = ({ type }: Identifier): boolean => type?.coding?.[0]?.code === 'VN';
type Numbered = Pick<Stay['content'], 'identifier'>;
const visitNumbers = ({ identifier }: Numbered): Identifier[] => (identifier ?? []).filter(isVisitNumber);
const numbersOf = ({ content }: Stay): Identifier[] => visitNumbers(content);
const isBare = (stay: Stay): boolean => numbersOf(stay).every(({ system }) => system === LOCAL);

/** Of stays of one patient: the same number, and the same authority where both give one. */
export const isSameNumber = (one: Numbered, other: Numbered): boolean =>
  visitNumbers(one).some(({ system = LOCAL, value }) =>
    visitNumbers(other).some(
      ({ system: theirs = LOCAL, value: number }) =>
        number === value && (system === theirs || system === LOCAL || theirs === LOCAL),
    ),
  );

/**
 * The same statements, with one for each stay. A number without authority is that of the one stay which its
 * sender says of the same person under the same number with one; where two authorities gave that number, it
 * is told apart from both. It has the key that was known first. Pure, and the same for any order of arrival.
 */
export function joinStays(
  statements: StatementState[],
  personOf: (chart: string) => unknown,
): StatementState[] {
  const stays = statements.filter(
    (state): state is Stay =>
      (state.type === 'EpisodeOfCare' || state.type === 'Encounter') && numbersOf(state as Stay).length > 0,
  );
  const leaders = new Map<string, string>();
  for (const bare of stays) {
    const value = numbersOf(bare).find(({ system }) => system === LOCAL)?.value;
    if (value === undefined) continue;
    const person = personOf(bare.chart);
    if (person === undefined) continue;
    const same = stays.filter(
      (one) =>
        one !== bare &&
        one.type === bare.type &&
        one.systemId === bare.systemId &&
        personOf(one.chart) === person &&
        !isBare(one) &&
        numbersOf(one).some((number) => number.value === value && number.system !== LOCAL),
    );
    const [named] = same;
    if (named && same.length === 1) leaders.set(bare.key, named.key);
  }
  if (leaders.size === 0) return statements;
  const nameOf = ({ key }: StatementState) => leaders.get(key) ?? key;
  const groups = [...Map.groupBy(statements, nameOf).values()].map(bySeq);
  const keys = new Map(
    groups.flatMap(([lead, ...others]) =>
      others.map(({ type, key }) => [`${type}/${key}`, `${type}/${lead?.key}`] as [string, string]),
    ),
  );
  return bySeq(groups.map(joinGroup)).map((state) =>
    CITING.has(state.type)
      ? { ...state, content: renameReferences(state.content, (one) => keys.get(one)) }
      : state,
  );
}

/** What may name a stay. */
const CITING = new Set(['EpisodeOfCare', 'Encounter', 'ServiceRequest']);

const bySeq = (states: StatementState[]): StatementState[] => [...states].sort((a, b) => a.seq - b.seq);

/** Whose word it is follows from what was said last, as of any stay that goes from one team to another. */
function joinGroup(group: StatementState[]): StatementState {
  const [lead, ...others] = group as [StatementState, ...StatementState[]];
  if (others.length === 0) return lead;
  const last = group.reduce((one, other) => (latest(other) > latest(one) ? other : one));
  return { ...last, ...combine(group), key: lead.key, seq: lead.seq };
}
