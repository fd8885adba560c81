/** What one policy opens that another does not, a line each: nobody may decide that alone. */
import { CATEGORIES, type Evidence, type Weight } from '../../model.ts';
import { PAYLOADS, type Policy, type Row } from './policy.ts';

const LEVELS = '-ESF';
const PLACES = ['own', 'mother', 'partner', 'infant'] as const;
const SHORTER_IS_WIDER = [
  'refusedSectors',
  'sealedKinds',
  'preconceptionReasons',
  'discreet',
  'givesNoCare',
] as const;

const GLASS = ['hours', 'mostHours', 'triesPerHour', 'reviewWorkingDays'] as const;

/** Cells, payloads and limits of the sharing table that `after` opens further than `before`. */
export function widerSharing(before: Policy, after: Policy): string[] {
  const cells = [...after.rows].flatMap(([sector, row]) => widerRow(sector, before.rows.get(sector), row));
  const payloads = [...after.rows].flatMap(([sector, { group }]) => {
    const old = payloadOf(before, before.rows.get(sector)?.group);
    return payloadOf(after, group).some((rank, place) => rank > (old[place] ?? 0))
      ? [`${sector}: notifications may carry more`]
      : [];
  });
  const groups = [...after.rows].flatMap(([sector, { group }]) =>
    before.rows.has(sector) && before.rows.get(sector)?.group !== group ? [`${sector}: group ${group}`] : [],
  );
  const lists = SHORTER_IS_WIDER.flatMap((list) =>
    before[list].flatMap((name) => (after[list].includes(name) ? [] : [`${list}: without ${name}`])),
  );
  const labels = (['veryRestricted', 'restricted'] as const).flatMap((label) =>
    before.labels[label].flatMap((name) =>
      isLabelled(after, label, name) ? [] : [`labels: without ${name}`],
    ),
  );
  const waits = (['readsWaits', 'readsParental'] as const).flatMap((list) =>
    after[list].flatMap((name) => (before[list].includes(name) ? [] : [`${list}: ${name}`])),
  );
  const days =
    after.closedCareDays > before.closedCareDays ? [`closedCareDays: ${after.closedCareDays}`] : [];
  const glass = GLASS.flatMap((name) =>
    after.glass[name] > before.glass[name] ? [`glass ${name}: ${after.glass[name]}`] : [],
  );
  const subject = widerRow('subject', before.subject, after.subject);
  const bases = Object.entries(before.bases).flatMap(([name, { code }]) =>
    after.bases[name]?.code === code ? [] : [`bases ${name}: not ${code}`],
  );
  const tables = [...cells, ...subject, ...payloads, ...groups];
  const young = widerYoung(before, after);
  return [...tables, ...lists, ...labels, ...waits, ...days, ...glass, ...young, ...bases];
}

/** Who is young for a shorter time, or to fewer. */
function widerYoung({ young: old }: Policy, { young: now }: Policy): string[] {
  const later = (['ownFrom', 'decisionMonths'] as const).filter((name) => now[name] > old[name]);
  const sooner = (['heldUnder', 'under'] as const).filter((name) => now[name] < old[name]);
  const open = old.closedGroups.filter((group) => !now.closedGroups.includes(group));
  const leads = now.leads.filter((sector) => !old.leads.includes(sector));
  return [
    ...[...later, ...sooner].map((name) => `young ${name}: ${now[name]}`),
    ...open.map((group) => `young closedGroups: without ${group}`),
    ...leads.map((sector) => `young leads: ${sector}`),
  ];
}

/** As strictly as that, or more so. */
const isLabelled = ({ labels }: Policy, label: keyof Policy['labels'], name: string): boolean =>
  labels.veryRestricted.includes(name) || (label === 'restricted' && labels.restricted.includes(name));

type Cells = Pick<Row, 'cells'>;

function widerRow(sector: string, before: Cells | undefined, after: Cells): string[] {
  return CATEGORIES.flatMap((category) => {
    const [now, old] = [after.cells[category], before?.cells[category]];
    const levels = PLACES.flatMap((place) => {
      const was = old?.[place] ?? '-';
      const wider = LEVELS.indexOf(now[place]) > LEVELS.indexOf(was);
      return wider ? [`${sector} ${category} ${place}: ${was} to ${now[place]}`] : [];
    });
    const free = old?.agreement && !now.agreement && now.own !== '-';
    return free ? [...levels, `${sector} ${category}: without own agreement`] : levels;
  });
}

/** What subscriptions carry, and what a controller may raise that to, as ranks. */
function payloadOf({ payloads }: Policy, group: string | undefined): number[] {
  const limits = payloads[group ?? ''];
  const ceiling = limits?.ceiling ?? 'empty';
  return [ceiling, limits?.approved ?? ceiling].map((payload) => PAYLOADS.indexOf(payload));
}

/** From what counts for least to what counts for most. */
const WORDS: { [Part in keyof Weight]: Weight[Part][] } = {
  gestational: ['never', 'supports', 'A-if-verified', 'A'],
  parent: ['D', 'C', 'B-own-patient', 'B', 'A'],
  number: ['claim', 'joins', 'own-patient', 'establishes'],
  contest: ['worklist', 'own-patient', 'below-A', 'everything'],
};

/** Words that count for more by `after` than by `before`, and waits that are shorter. */
export function widerEvidence(before: Evidence, after: Evidence): string[] {
  const parts = Object.keys(WORDS) as (keyof Weight)[];
  const rank = (weight: Weight | undefined, part: keyof Weight) =>
    weight ? (WORDS[part] as string[]).indexOf(weight[part]) : 0;
  const weights = [...after.weights].flatMap(([sector, weight]) =>
    parts.flatMap((part) =>
      rank(weight, part) > rank(before.weights.get(sector), part)
        ? [`${sector} ${part}: ${weight[part]}`]
        : [],
    ),
  );
  const waits = (['newbornDays', 'waitDays'] as const).flatMap((name) =>
    after[name] < before[name] ? [`${name}: ${after[name]}`] : [],
  );
  return [...weights, ...waits];
}
