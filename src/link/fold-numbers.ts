/**
 * Beside the times of its elements a chart keeps every number that its sender ever gave for it as verified
 * and gives no more: what a number was replaced by, and which charts an identity change concerns, is found by
 * that.
 */

/** A former number, as a key: `~had|KEY`. Its value says nothing. */
const HAD = '~had|';

type Times = Record<string, string>;
type Saying = { content: { resourceType: string }; ref: string | null };

export const isFormer = (name: string): boolean => name.startsWith(HAD);

/** Keys of the numbers that a chart had before the one that it has, or had and has no more. */
export const formerNumbers = ({ times }: { times: Times | null }): string[] =>
  Object.keys(times ?? {})
    .filter(isFormer)
    .map((name) => name.slice(HAD.length));

export function withoutFormer(times: Times | null): Times | null {
  if (!Object.keys(times ?? {}).some(isFormer)) return times;
  const rest = Object.entries(times ?? {}).filter(([name]) => !isFormer(name));
  return rest.length > 0 ? Object.fromEntries(rest) : null;
}

/** Former numbers once one more saying is folded in, which leaves `ref`: in any order the same. */
export function foldFormer(
  stored: { ref: string | null; times: Times | null } | null,
  said: Saying,
  ref: string | null,
): string[] {
  if (said.content.resourceType !== 'Patient') return [];
  const all = new Set([...(stored ? [...formerNumbers(stored), stored.ref] : []), said.ref]);
  return [...all].filter((one): one is string => one !== null && one !== ref).sort();
}

export const formerMarks = (keys: string[]): Times => Object.fromEntries(keys.map((key) => [HAD + key, '-']));
