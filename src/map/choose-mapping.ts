import type { Issue, Json } from '../model.ts';
import type { Mapping } from './language/load-mappings.ts';

/**
 * Chooses, of the mappings a sender is registered with, the one that reads this unit. A hospital may send
 * ADT, SIU and REF over one connection, so an HL7 v2 unit goes to the mapping whose `messages` list its
 * MSH-9. A source that lists no messages has one mapping, which reads everything. Gives an Issue where no
 * mapping takes the unit. Pure.
 */
export function chooseMapping(mappings: Mapping[], tree: Json): Mapping | Issue {
  const [first] = mappings;
  if (!first) return untaken('', 'this sender has no mapping');
  if (Object.keys(first.takes).length === 0) return first;
  const [code, trigger] = messageType(tree);
  if (code === '') return untaken('MSH-9', 'MSH-9 is missing: it says what the message is', 'required');
  const able = mappings.filter(({ takes }) => code in takes);
  const chosen = able.find(({ takes }) => takes[code]?.includes(trigger));
  if (chosen) return chosen;
  const codes = mappings.flatMap(({ takes }) => Object.keys(takes));
  if (able.length === 0) return untaken('MSH-9.1', `MSH-9.1 "${code}" is not taken; ${listed(codes)}`);
  const triggers = able.flatMap(({ takes }) => takes[code] ?? []);
  return untaken(
    'MSH-9.2',
    `MSH-9.2: trigger event "${trigger}" is not taken; of ${code}, ${listed(triggers)}`,
  );
}

const untaken = (field: string, text: string, code = 'not-supported'): Issue => ({
  severity: 'error',
  code,
  text,
  ...(field ? { field } : {}),
});

/** `A01, A03 and A04 are` */
function listed(names: string[]): string {
  const all = [...new Set(names)].sort();
  const last = all.pop() ?? '';
  return all.length > 0 ? `${all.join(', ')} and ${last} are` : `${last} is`;
}

function messageType(tree: Json): [code: string, trigger: string] {
  const { segments } = tree as unknown as { segments: { fields: string[][][][] }[] };
  const [code, trigger] = segments[0]?.fields[9]?.[0] ?? [];
  return [code?.[0]?.trim() ?? '', trigger?.[0]?.trim() ?? ''];
}
