import type { Identifier, Resource } from '@medplum/fhirtypes';
import { NHS_NUMBER } from '../fhir/nhs-number.ts';

type Folded = {
  first: string;
  base: string;
  times: Record<string, string> | null;
  content: Resource;
  chart: string;
  ref: string | null;
};
type Said = {
  content: Resource;
  chart: string;
  ref: string | null;
  given?: string;
  nulls: string[];
  stamp: string;
  mode: 'snapshot' | 'delta';
};
type Elements = Record<string, unknown>;

const CHART = '~chart';
const IDENTIFIER = 'identifier|';
/** What was last said when of the second key (an NHS number's, mostly): that it holds, that it is none, or a number and no more. */
const HOLDS = '~holds|';
const GIVEN = '~given|';
const NONE = '~none';

/**
 * Adds one saying of a resource to what its sender said of it before: last writer wins per top-level element (and per identifier
 * system), by the sender's own time (`stamp`). Commutative and idempotent, so any order of arrival gives the same state. A snapshot
 * drops what it leaves out; a delta leaves what it does not mention, the verification of a number among it.
 */
export function fold(state: Folded | null, said: Said): Folded {
  const folded = said.mode === 'snapshot' ? foldSnapshot(state, said) : foldDelta(state, said);
  const first = state && state.first < said.stamp ? state.first : said.stamp;
  return { ...folded, first };
}

function foldSnapshot(state: Folded | null, said: Said): Folded {
  const { stamp, ref } = said;
  if (state && stamp <= state.base) return state;
  const newer = Object.entries(state?.times ?? {}).filter(([, time]) => time > stamp);
  if (!state || newer.length === 0) return { first: stamp, base: stamp, times: null, ...contract(expand(said)), ref };
  const before = expand(state);
  const kept = newer.map(([element]) => [element, before[element]]);
  const marked = newer.some(([element]) => isMark(element));
  const times = Object.fromEntries(marked ? [...newer, [markOf(said), stamp]] : newer);
  const elements = { ...expand(said), ...Object.fromEntries(kept) };
  return { first: stamp, base: stamp, times, ...contract(elements), ref: marked ? refOf(times) : ref };
}

function foldDelta(state: Folded | null, said: Said): Folded {
  const { stamp, nulls } = said;
  if (state && stamp < state.base) return state;
  const now = expand(said);
  const elements = state ? expand(state) : { resourceType: said.content.resourceType };
  const mark = nulls.includes('identifier') ? NONE : mentionsRef(now) ? markOf(said) : null;
  const unmarked = state && state.base !== '' && !Object.keys(state.times ?? {}).some(isMark);
  const times = { ...(mark && unmarked ? { [markOf(state)]: state.base } : {}), ...state?.times };
  const mentioned = Object.keys(now).filter((element) => element !== 'resourceType');
  const emptied = nulls.flatMap((element) =>
    element === 'identifier' ? Object.keys(elements).filter((name) => name.startsWith(IDENTIFIER)) : [element],
  );
  for (const element of [...mentioned, ...emptied]) {
    if (stamp <= (times[element] ?? '')) continue;
    times[element] = stamp;
    elements[element] = now[element];
  }
  if (mark && stamp > (times[mark] ?? '')) times[mark] = stamp;
  const marked = mark !== null || Object.keys(times).some(isMark);
  const ref = marked ? refOf(times) : (state?.ref ?? null);
  return { first: stamp, base: state?.base ?? '', times, ...contract(elements), ref };
}

const isMark = (name: string) => name === NONE || name.startsWith(HOLDS) || name.startsWith(GIVEN);

function markOf({ ref, given }: { ref: string | null; given?: string | undefined }): string {
  return ref ? HOLDS + ref : given ? GIVEN + given : NONE;
}

/** The key that holds: the last said to, which a number given without its status since then does not undo. */
function refOf(times: Record<string, string>): string | null {
  const marks = Object.keys(times).filter(isMark);
  const last = marks.reduce((one, other) => ((times[other] ?? '') > (times[one] ?? '') ? other : one), NONE);
  if (last.startsWith(HOLDS)) return last.slice(HOLDS.length);
  const given = last.startsWith(GIVEN) ? last.slice(GIVEN.length) : null;
  return given && (times[HOLDS + given] ?? '') > (times[NONE] ?? '') ? given : null;
}

/** A Patient without a number says nothing of the number it has. */
const mentionsRef = (now: Elements) => now.resourceType !== 'Patient' || `${IDENTIFIER}${NHS_NUMBER}` in now;

/** Elements of a resource, with identifiers apart by system, and the chart beside them. */
function expand({ content, chart }: Pick<Folded, 'content' | 'chart'>): Elements {
  const { identifier, ...elements } = content as unknown as { identifier?: Identifier | Identifier[] };
  if (!Array.isArray(identifier)) return { ...content, [CHART]: chart };
  const bySystem = Map.groupBy(identifier, ({ system }) => `${IDENTIFIER}${system ?? ''}`);
  return { ...elements, ...Object.fromEntries(bySystem), [CHART]: chart };
}

function contract(elements: Elements): Pick<Folded, 'content' | 'chart'> {
  const content: Elements = {};
  const identifier: Identifier[] = [];
  for (const [name, value] of Object.entries(elements).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (name.startsWith(IDENTIFIER)) identifier.push(...((value as Identifier[] | undefined) ?? []));
    else if (!name.startsWith('~') && value !== undefined) content[name] = value;
  }
  if (identifier.length > 0) content.identifier = identifier;
  return { content: content as unknown as Resource, chart: elements[CHART] as string };
}
