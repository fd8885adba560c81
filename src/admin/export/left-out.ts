/** What is held of a person and not in her copy, by service and rule: for whoever releases it alone. */
import type { Consent, Resource } from '@medplum/fhirtypes';
import { SAFETY } from '../../link/safety/statements.ts';
import type { SaidRow } from '../../save/export.ts';

/** `service`: `ODS|team`; `rule`: of the sharing rules, or the column of her row in the policy. */
export type LeftOut = { what: string; rule: string; service: string; count: number };

type Shown = Record<'charts' | 'care' | 'agreements', { resource: Resource; by: string[] }[]>;
type Found = Omit<LeftOut, 'service'>;

const TEXTS = ['div', 'text', 'note', 'comment', 'description', 'patientInstruction', 'reason', 'conclusion'];
const TEXT_VALUE = /^value(String|Markdown|Annotation|Attachment)$/;
const SHARED = ['Patient', 'EpisodeOfCare', 'Encounter', 'ServiceRequest'];

/** Sorted, each once with how many there are. */
export function listLeftOut(said: SaidRow[], shown: Shown): LeftOut[] {
  const counts = new Map<string, LeftOut>();
  for (const row of said)
    for (const { what, rule, count } of findIn(row, shown)) {
      const name = [row.name, rule, what].join('\n');
      const before = counts.get(name)?.count ?? 0;
      if (count > 0) counts.set(name, { what, rule, service: row.name, count: before + count });
    }
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

function findIn(row: SaidRow, shown: Shown): Found[] {
  const { type, content, sector } = row;
  if (sector === SAFETY) return [safetyIn(type, content)];
  const texts = {
    what: 'texts, withheld for review',
    rule: 'rule 10, free text',
    count: countTexts(content),
  };
  if (type === 'RelatedPerson')
    return [{ what: 'words about others', rule: 'rule 10, third parties', count: 1 }];
  if (!SHARED.includes(type))
    return [{ what: `${type}, for its author to give`, rule: 'CLN and FRM', count: 1 }, texts];
  const isShown = type === 'Patient' ? isChartShown(row, shown) : isCareShown(row, shown);
  const hidden = { what: `${type} as a whole`, rule: 'between author and addressee', count: isShown ? 0 : 1 };
  const { telecom, address } = content as { telecom?: unknown[]; address?: unknown[] };
  const reach = (telecom?.length ?? 0) + (address?.length ?? 0);
  return [hidden, texts, { what: 'numbers and addresses', rule: 'CON and rule 9', count: reach }];
}

function safetyIn(type: string, content: Resource): Found {
  const whom = type === 'Consent' ? ((content as Consent).provision?.actor?.length ?? 0) : 1;
  return type === 'Consent'
    ? { what: 'services named in what she agreed to or refused', rule: 'rule 8', count: whom }
    : { what: 'words for her safety: released by their author alone', rule: 'rules 8, 9 and 14', count: 1 };
}

const isChartShown = ({ service }: SaidRow, { charts }: Shown) =>
  charts.some(({ by }) => by.includes(service));

/** An episode as it is served is made of what several said. */
const isCareShown = ({ key, type, service }: SaidRow, { care }: Shown) =>
  care.some(
    ({ resource, by }) =>
      resource.resourceType === type &&
      (type === 'EpisodeOfCare' ? by.includes(service) : resource.id === key),
  );

function countTexts(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return Object.entries(value).reduce((sum, [name, item]) => {
    const isText = typeof item === 'string' && (TEXTS.includes(name) || TEXT_VALUE.test(name));
    return sum + (isText ? 1 : countTexts(item));
  }, 0);
}
