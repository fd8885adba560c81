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
  nulls: string[];
  stamp: string;
  mode: 'snapshot' | 'delta';
};
type Elements = Record<string, unknown>;

const REF = '~ref';
const CHART = '~chart';
const IDENTIFIER = 'identifier|';

/**
 * Adds one saying of a resource to what its sender said of it before: last writer wins per top-level element (and per identifier
 * system), by the sender's own time (`stamp`). Commutative and idempotent, so any order of arrival gives the same state. A snapshot
 * drops what it leaves out; a delta leaves what it does not mention.
 */
export function fold(state: Folded | null, said: Said): Folded {
  const now = expand(said);
  const before = state && { ...state, elements: expand(state) };
  const folded = said.mode === 'snapshot' ? foldSnapshot(before, now, said.stamp) : foldDelta(before, now, said);
  const first = state && state.first < said.stamp ? state.first : said.stamp;
  return { first, base: folded.base, times: folded.times, ...contract(folded.elements) };
}

type State = { base: string; times: Record<string, string> | null; elements: Elements };

function foldSnapshot(state: State | null, elements: Elements, stamp: string): State {
  if (!state) return { base: stamp, times: null, elements };
  if (stamp <= state.base) return state;
  const newer = Object.entries(state.times ?? {}).filter(([, time]) => time > stamp);
  const kept = newer.map(([element]) => [element, state.elements[element]]);
  return {
    base: stamp,
    times: newer.length ? Object.fromEntries(newer) : null,
    elements: { ...elements, ...Object.fromEntries(kept) },
  };
}

function foldDelta(state: State | null, said: Elements, { stamp, nulls }: Said): State {
  if (state && stamp < state.base) return state;
  const times = { ...state?.times };
  const elements = { ...(state?.elements ?? { resourceType: said.resourceType }) };
  const mentioned = Object.keys(said).filter((element) => element !== 'resourceType');
  const emptied = nulls.flatMap((element) =>
    element === 'identifier'
      ? [...Object.keys(elements).filter((name) => name.startsWith(IDENTIFIER)), REF]
      : [element],
  );
  for (const element of [...mentioned, ...emptied]) {
    if (stamp <= (times[element] ?? '')) continue;
    times[element] = stamp;
    elements[element] = said[element];
  }
  return { base: state?.base ?? '', times, elements };
}

/** Elements of a resource, with identifiers apart by system, and the keys beside them. */
function expand({ content, chart, ref }: Pick<Folded, 'content' | 'chart' | 'ref'>): Elements {
  const { identifier, ...elements } = content as unknown as { identifier?: Identifier | Identifier[] };
  const keys = { [CHART]: chart, [REF]: ref };
  if (!Array.isArray(identifier)) return { ...content, ...keys };
  const bySystem = Map.groupBy(identifier, ({ system }) => `${IDENTIFIER}${system ?? ''}`);
  const expanded: Elements = { ...elements, ...Object.fromEntries(bySystem) };
  const claims = content.resourceType !== 'Patient' || `${IDENTIFIER}${NHS_NUMBER}` in expanded;
  return claims ? { ...expanded, ...keys } : { ...expanded, [CHART]: chart };
}

function contract(elements: Elements): Pick<Folded, 'content' | 'chart' | 'ref'> {
  const content: Elements = {};
  const identifier: Identifier[] = [];
  for (const [name, value] of Object.entries(elements).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (name.startsWith(IDENTIFIER)) identifier.push(...((value as Identifier[] | undefined) ?? []));
    else if (name !== REF && name !== CHART && value !== undefined) content[name] = value;
  }
  if (identifier.length > 0) content.identifier = identifier;
  return {
    content: content as unknown as Resource,
    chart: elements[CHART] as string,
    ref: (elements[REF] as string | null | undefined) ?? null,
  };
}
