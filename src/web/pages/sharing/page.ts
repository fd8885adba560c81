/** Who may know what, and who was told. Ids, codes and names of services alone. */
import { capital, dateTime, listOf, sayCount } from '../words.ts';

export type Told = {
  at: Date;
  system: string | null;
  service: string | null;
  by: string | null;
  kind: string;
  way: string;
  outcome: string;
  type: string | null;
  ids: string[];
  policy: string | null;
  basis: string | null;
  human: { subject: string; role: string; organisation: string } | null;
};
export type Row = { sector: string; group: string; cells: string[] };
export type Traced = { levels: { category: string; level: string }[]; because: string[] };

/** A table for each group, in the order of the policy; rows that are alike are one. */
export function groupRows(rows: Row[]): { title: string; rows: { sectors: string; cells: string[] }[] }[] {
  return [...Map.groupBy(rows, ({ group }) => group)].map(([group, own]) => ({
    title: sayCode(group),
    rows: [...Map.groupBy(own, ({ cells }) => cells.join()).values()].map((alike) => ({
      sectors: listOf(alike.map(({ sector }) => sector.replaceAll('-', ' '))),
      cells: alike[0]?.cells ?? [],
    })),
  }));
}

/** Newest first. */
export const describeTold = (told: Told[]) => [...told].reverse().map(describe);

function describe({ at, system, service, by, kind, way, outcome, human, ...one }: Told) {
  return {
    when: dateTime(at),
    who: system ?? by ?? 'Whoever runs Skein',
    service: service ?? '',
    human: human ? `${human.subject}, ${human.role} of ${human.organisation}` : '',
    what: sayCode(kind),
    ...{ way, outcome: sayCode(outcome), about: sayAbout(one), rule: sayRule(one) },
  };
}

const sayAbout = ({ type, ids }: Pick<Told, 'type' | 'ids'>): string =>
  [type, ids.length > 3 ? sayCount(ids.length, 'id') : ids.join(' ')].filter(Boolean).join(' ');

const sayRule = ({ policy, basis }: Pick<Told, 'policy' | 'basis'>): string =>
  [policy ? `policy ${policy.slice(0, 8)}` : '', basis ? `basis ${basis}` : ''].filter(Boolean).join(', ');

const LEVELS: Record<string, string> = { '-': 'Nothing', E: 'Existence', S: 'Summary', F: 'Full' };
const BECAUSE: Record<string, string> = {
  held: 'A safety hold stands of this person',
  restricted: 'A label restricts this person',
  refused: 'The person refused something of this service',
  young: 'The person is young: their own services come first',
  placed: 'The child lives apart from its birth family',
  stated: 'A clinician stated something for somebody’s safety',
  agreed: 'The person agreed to something',
  'care-open': 'The person is its own patient',
  'care-recent': 'The person was its own patient until lately',
  'care-past': 'The person was once its own patient',
  'care-pending': 'It was asked to see the person and has not answered: it reads what that referral said',
  asked: 'A referral to it waits for its answer',
  'role-mother': 'The person is the mother in a journey of its patient',
  'role-infant': 'The person is the infant in a journey of its patient',
  'role-partner': 'The person is the other parent in a journey of its patient',
  stranger: 'Nothing ties the person to this service but what it sent itself',
};

export const describeTrace = ({ levels, because }: Traced, categories: { code: string; what: string }[]) => ({
  because: because.map((code) => BECAUSE[code] ?? code),
  levels: levels.map(({ category, level }) => ({
    what: capital(categories.find(({ code }) => code === category)?.what ?? category),
    level: LEVELS[level] ?? level,
  })),
});

/** Sentences without the marks of Markdown. */
export const plain = (text: string): string => text.replace(/[`*]/g, '');

const sayCode = (code: string): string => capital(code.replaceAll('-', ' '));
