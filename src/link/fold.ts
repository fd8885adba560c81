import type { Resource } from '@medplum/fhirtypes';

type Folded = { base: string; times: Record<string, string> | null; content: Resource };
type Said = { content: Resource; nulls: string[]; stamp: string; mode: 'snapshot' | 'delta' };

/**
 * Adds one saying of a resource to what its sender said of it before: last writer wins per top-level element, by the sender's own
 * time (`stamp`). Commutative and idempotent, so any order of arrival gives the same state. A snapshot drops what it leaves out;
 * a delta leaves what it does not mention.
 */
export function fold(state: Folded | null, said: Said): Folded {
  return said.mode === 'snapshot' ? foldSnapshot(state, said) : foldDelta(state, said);
}

function foldSnapshot(state: Folded | null, said: Said): Folded {
  if (!state) return { base: said.stamp, times: null, content: said.content };
  if (said.stamp <= state.base) return state;
  const newer = Object.entries(state.times ?? {}).filter(([, stamp]) => stamp > said.stamp);
  const content = { ...said.content } as Record<string, unknown>;
  for (const [element] of newer) content[element] = elementOf(state.content, element);
  return {
    base: said.stamp,
    times: newer.length ? Object.fromEntries(newer) : null,
    content: sorted(content),
  };
}

function foldDelta(state: Folded | null, said: Said): Folded {
  const base = state?.base ?? '';
  if (said.stamp < base) return state as Folded;
  const times = { ...state?.times };
  const content = { ...(state?.content ?? { resourceType: said.content.resourceType }) } as Record<string, unknown>;
  const elements = Object.keys(said.content).filter((element) => element !== 'resourceType');
  for (const element of [...elements, ...said.nulls]) {
    if (said.stamp <= (times[element] ?? '')) continue;
    times[element] = said.stamp;
    content[element] = elementOf(said.content, element);
  }
  return { base, times: sortKeys(times), content: sorted(content) };
}

function elementOf(resource: Resource, element: string): unknown {
  return (resource as unknown as Record<string, unknown>)[element];
}

/** Elements in one order, absent ones left out, so that equal states are equal texts. */
function sorted(content: Record<string, unknown>): Resource {
  return sortKeys(
    Object.fromEntries(Object.entries(content).filter(([, value]) => value !== undefined)),
  ) as unknown as Resource;
}

function sortKeys<T>(object: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
}
