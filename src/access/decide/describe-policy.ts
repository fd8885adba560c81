/** The sharing policy as a page for those who answer for it: `skein policy show`, docs/sharing.md. */
import { CATEGORIES, type Category } from '../../model.ts';
import type { Cell, Policy, Row } from './policy.ts';

/** What each category of the table is about. */
export const CATEGORY: Record<Category, string> = {
  INV: 'who is involved',
  STG: 'stage and dates of a journey',
  DEM: 'name, birth date, NHS number',
  CON: 'how to reach somebody',
  REF: 'why somebody was referred',
  ENC: 'contacts',
  CLN: 'clinical content, scores',
  FRM: 'formulation',
  SAF: 'that there is a safeguarding lead',
};

const LEVELS = `| level | means |
| --- | --- |
| - | nothing, and no sign that there is anything |
| E | that it exists: of care the kind of service, that it goes on or ended, and its duty number |
| S | a summary in codes and dates, in Skein's words; no free text |
| F | as it was sent, without what is said of others; of how to reach somebody numbers and addresses, where there is an instruction for safe contact |

A cell has four places: of the service's **own** open patient, and of the **mother**, the **partner** and the **infant** of a journey in which it has another open patient. Roles are those of one journey and end with it. The partner's place is always shut: it takes her word, asked alone, and his, which are facts and no policy.`;

/** Markdown. The same policy gives the same page. */
export function describePolicy(policy: Policy): string {
  const groups = Map.groupBy(policy.rows, ([, row]) => row.group);
  return [
    '# Who may know what',
    '',
    'The sharing policy in words, made from `policy/sharing.yaml` by `skein policy show`: change that file, and this page follows. It is a draft for controllers to sign, not law. What is not here is not shown.',
    '',
    LEVELS,
    '',
    '| category | what |',
    '| --- | --- |',
    ...CATEGORIES.map((category) => `| ${category} | ${CATEGORY[category]} |`),
    ...[...groups].flatMap(([group, rows]) => ['', `## ${titleOf(group)}`, '', ...tableOf(rows)]),
    '',
    '## The person herself',
    '',
    'What she is given by `skein person export`, once somebody has released it, is of herself alone. What is not here is for its own author to give.',
    '',
    ...tableOf([['subject', { ...policy.subject, group: 'subject' }]]),
    '',
    '## On what footing in law',
    '',
    'The word that the audit has of each disclosure, and what it stands for. A sector is told on the basis of its group, unless it has a line of its own.',
    '',
    '| who is told | basis | law |',
    '| --- | --- | --- |',
    ...Object.entries(policy.bases).map(([name, { code, law }]) => `| ${name} | ${code} | ${law} |`),
    '',
    '## What holds for all rows',
    '',
    'In this order: what is sealed by law, a safety hold, labels, what the person refused, what a clinician states for safety’s sake (to those named, S at most), what the person agreed to (one level more at most, and nothing sealed), the table, nothing.',
    '',
    ...rulesOf(policy).map((rule) => `- ${rule}`),
    '',
  ].join('\n');
}

const titleOf = (group: string): string =>
  group.charAt(0).toUpperCase() + group.slice(1).replaceAll('-', ' ');

function tableOf(rows: [string, Row][]): string[] {
  const alike = Map.groupBy(rows, ([, { cells }]) => CATEGORIES.map((one) => writeCell(cells[one])).join());
  return [
    `| sector | ${CATEGORIES.join(' | ')} |`,
    `| --- |${' --- |'.repeat(CATEGORIES.length)}`,
    ...[...alike.values()].map((same) => {
      const [[, { cells }]] = same as [[string, Row]];
      const names = same.map(([sector]) => sector).join(', ');
      return `| ${names} | ${CATEGORIES.map((one) => writeCell(cells[one])).join(' | ')} |`;
    }),
  ];
}

/** `F/E/-/S`: own, mother, partner, infant. */
export const writeCell = ({ own, mother, partner, infant, agreement }: Cell): string =>
  `${own}/${mother}/${partner}/${infant}${agreement ? ' with own agreement' : ''}`;

const listOf = (names: string[]): string =>
  names.length > 0 ? names.map((one) => `\`${one}\``).join(', ') : 'none';

/** What holds for all rows, in sentences of Markdown. */
export function rulesOf(policy: Policy): string[] {
  const { labels, glass, young } = policy;
  const payloads = Object.entries(policy.payloads).map(
    ([group, { ceiling, approved }]) =>
      `${group.replaceAll('-', ' ')} ${ceiling}${approved ? `, once its controller approved ${approved}` : ''}`,
  );
  return [
    `Care that has ended counts as open for ${policy.closedCareDays} days; then its service knows that it was involved, and what it sent itself.`,
    `A notification carries at most: ${payloads.join('; ')}. Of whoever is restricted by a label nothing but that something happened.`,
    `Never registered: ${listOf(policy.refusedSectors)}.`,
    `Known to author and addressee alone: services of kind ${listOf(policy.sealedKinds)}, and before a pregnancy what was referred for ${listOf(policy.preconceptionReasons)}.`,
    `Labelled restricted (${listOf(labels.restricted)}): to who has that person as its own patient. Very restricted (${listOf(labels.veryRestricted)}): to author and addressee.`,
    `Of these others are told that there is care, and never which: ${listOf(policy.discreet)}.`,
    `These give no care, and what they send as such is shown to nobody: ${listOf(policy.givesNoCare)}.`,
    `A child is a person of their own from ${young.ownFrom} years on, and before that if a parent. Under ${young.under} services of the groups ${listOf(young.closedGroups)} know nothing of them but what they sent themselves, until a clinician has recorded a decision of competence (Gillick), for ${young.decisionMonths} months at most; no agreement opens it. Under ${young.heldUnder} only their own services know anything, and those of a safeguarding lead (${listOf(young.leads)}) as the table has it.`,
    `Waits of all services, in figures of five people or more, are for ${listOf(policy.readsWaits)}; every service reads its own.`,
    `Who holds parental responsibility for a child is told, where DEM is S or more, to ${listOf(policy.readsParental)}.`,
    `A clinician who breaks glass reads of one person at most a summary, for ${glass.hours} hours (at most ${glass.mostHours}), may try ${glass.triesPerHour} times an hour, and is reviewed within ${glass.reviewWorkingDays} working days.`,
  ];
}
