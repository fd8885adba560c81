/** The worklist as pages show it: made from Tasks and people, as the reader was given them. */
import type { Patient, Task, TaskInput } from '@medplum/fhirtypes';
import { NOTICE } from '../../../access/decide/decide.ts';
import { dayOf, longDate, sayCount } from '../words.ts';
import { FIELDS, sayLevel, sayWhy } from './words.ts';

/** `patients` by id, as the reader sees them. */
export type Given = { patients: Map<string, Patient>; isOperator: boolean };
export type ItemLine = {
  href: string;
  question: string;
  who: string;
  agreed: string;
  since: string;
  first: boolean;
};
export type FieldRow = { field: string; one: string; other: string; level: string; boxes: number | null };
export type ItemPage = {
  question: string;
  /** Headings of the columns; `other` null for who sees one side alone. */
  one: string;
  other: string | null;
  rows: FieldRow[];
  why: string;
  evidence: string[];
  since: string;
  until: string | null;
  isFirst: boolean;
  /** What would follow, in counts; empty for who does not decide. */
  effect: string[];
  /** Why it cannot be accepted. */
  refused: string | null;
  answers: { accept: string; reject: string };
  notice: string;
};

const isBaby = (task: Task): boolean => task.code?.coding?.[0]?.code === 'suggested-relationship';
const idOf = (reference: string | undefined): string => reference?.split('/')[1] ?? '';
const codeOf = ({ type }: Pick<TaskInput, 'type'>): string => type.coding?.[0]?.code ?? '';
const inputsOf = ({ input = [] }: Task, code: string): TaskInput[] =>
  input.filter((one) => codeOf(one) === code);
const textsOf = (task: Task, code: string): string[] =>
  inputsOf(task, code).flatMap(({ valueCode, valueString }) => valueCode ?? valueString ?? []);

/** Whom it is about, as far as the reader may know: one or two ids. */
export const personsOf = (task: Task): string[] => [
  ...new Set([idOf(task.for?.reference), idOf(task.focus?.reference)]),
];

export const questionOf = (task: Task): string =>
  isBaby(task) ? 'Is this her baby?' : 'Is this the same person?';

export function describeItems(tasks: Task[], given: Given, hrefOf: (id: string) => string): ItemLine[] {
  return tasks.map((task) => ({
    href: hrefOf(task.id ?? ''),
    question: questionOf(task),
    who: personsOf(task)
      .map((id) => nameOf(given.patients.get(id)))
      .join(' and '),
    agreed: sayAgreed(task),
    since: longDate(dayOf(task.authoredOn) ?? 0),
    first: task.priority === 'urgent',
  }));
}

function sayAgreed(task: Task): string {
  const compared = Object.keys(FIELDS).flatMap((field) => textsOf(task, field).slice(0, 1));
  const same = compared.filter((level) => level === 'same').length;
  return compared.length === 0 ? 'Not compared' : `${same} of ${sayCount(compared.length, 'field')} the same`;
}

export function makeItemPage(task: Task, { patients, isOperator }: Given): ItemPage {
  const [first = '', second] = personsOf(task);
  const [one, other] = [patients.get(first), second === undefined ? undefined : patients.get(second)];
  const baby = isBaby(task);
  return {
    question: questionOf(task),
    one: baby ? 'The baby' : isOperator ? 'One record' : 'Your record',
    other: second === undefined ? null : baby ? 'Named as the mother' : 'The other record',
    rows: Object.keys(FIELDS).flatMap((field) => {
      const row = rowOf(task, field, [one, other]);
      return row.one || row.other || textsOf(task, field).length > 0 ? [row] : [];
    }),
    why: baby ? 'Who gave birth is not joined by what one sender says.' : sayWhy(textsOf(task, 'guard')),
    evidence: evidenceOf(task),
    since: longDate(dayOf(task.authoredOn) ?? 0),
    until: dayText(task.restriction?.period?.start),
    isFirst: task.priority === 'urgent',
    effect: effectOf(task),
    refused: (task.output ?? []).find((output) => codeOf(output) === 'refused')?.valueString ?? null,
    answers: baby
      ? { accept: 'Yes, she gave birth to this baby', reject: 'No, she is not the mother' }
      : { accept: 'The same person', reject: 'Different people' },
    notice: NOTICE,
  };
}

function rowOf(task: Task, field: string, [one, other]: (Patient | undefined)[]): FieldRow {
  const { text: level, boxes } = sayLevel(textsOf(task, field)[0]);
  return {
    field: FIELDS[field] ?? field,
    one: shownOf(one, field),
    other: shownOf(other, field),
    level,
    boxes,
  };
}

/** For whoever asks how it was reckoned. */
function evidenceOf(task: Task): string[] {
  const [bits] = inputsOf(task, 'bits');
  return [
    ...(bits?.valueInteger === undefined ? [] : [`${bits.valueInteger} bits for one person`]),
    ...textsOf(task, 'guard').map((guard) => `Guard: ${guard}`),
    ...textsOf(task, 'reason').map((reason) => `Reason: ${reason}`),
    ...textsOf(task, 'system').map((system) => `From: ${system}`),
  ];
}

function effectOf(task: Task): string[] {
  const counts = new Map((task.output ?? []).map((one) => [codeOf(one), one.valueUnsignedInt ?? 0]));
  if (!counts.has('persons-before')) return [];
  const of = (code: string) => counts.get(code) ?? 0;
  return [
    `${sayCount(of('persons-before'), 'person', 'people')} before, ${sayCount(of('persons-after'), 'person', 'people')} after`,
    `${sayCount(of('journeys'), 'journey')} would change`,
    `${sayCount(of('events'), 'event')} would be told to those who may know of them`,
    `${sayCount(of('recipients'), 'system')} had been told what would not be so any more, and would be told that`,
  ];
}

const nameOf = (patient: Patient | undefined): string =>
  [shownOf(patient, 'given'), shownOf(patient, 'family')].filter(Boolean).join(' ') ||
  'Somebody without a name';

const dayText = (date: string | undefined): string | null => {
  const day = dayOf(date);
  return day === null ? null : longDate(day);
};

const OF_NUMBER = 'https://fhir.nhs.uk/Id/nhs-number';

/** '' where it is not said, or not for this reader. */
function shownOf(patient: Patient | undefined, field: string): string {
  const name = patient?.name?.[0];
  const home = patient?.address?.[0];
  const values: Record<string, () => string | undefined> = {
    number: () =>
      patient?.identifier
        ?.find(({ system }) => system === OF_NUMBER)
        ?.value?.replace(/^(\d{3})(\d{3})/, '$1 $2 '),
    given: () => name?.given?.join(' '),
    family: () => name?.family,
    birthDate: () => dayText(patient?.birthDate) ?? '',
    sex: () => patient?.gender,
    address: () => [...(home?.line ?? []), home?.postalCode].filter(Boolean).join(', '),
    phone: () => patient?.telecom?.find(({ system }) => system === 'phone')?.value,
  };
  return values[field]?.() ?? '';
}
