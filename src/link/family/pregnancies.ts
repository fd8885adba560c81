/**
 * Pregnancies whose birth nobody has told of, found from antenatal care alone. They hold what belongs to them
 * until the infant is heard of, and go on as its journey then.
 */
import type { Care } from '../care/list-care.ts';
import type { Person } from '../who/charts.ts';

const WEEK = 7 * 86_400_000;
/** Due dates within six weeks are one pregnancy, and none lasts longer than this. */
const SAME_DUE = 6 * WEEK;
export const PREGNANCY = 44 * WEEK;
/** A birth so long before its due date is as early as infants live. */
const EARLY = 20 * WEEK;
/** Midwives and neonatal units discharge within weeks: what they do later is about another pregnancy. */
export const AFTER_MATERNITY = 6 * WEEK;
/** How far on a pregnancy is, more or less, when it is first heard of: nobody says its due date. */
const BOOKED = 10 * WEEK;
const LONGEST = 40 * WEEK;
/** A contact so soon after a birth may still be about that: without a due date it begins no pregnancy. */
const AFTER_BIRTH = 52 * WEEK;
const YEAR = 365.25 * 86_400_000;
const YOUNGEST = 10;

/** Times in milliseconds. `ended`: without a living infant. */
export type Pregnancy = { mother: Person; from: number; due: number | null; ended: number | null };
/** A birth, by its time and the one who gave it. */
type Born = { born: number; mother: Person | undefined };

export const timeOf = (date: string): number => Date.parse(date);

/** When it ended, or ends at the latest: on its due date, or when no pregnancy lasts any longer. */
export const endOf = ({ due, from, ended }: Pregnancy): number => ended ?? due ?? from + PREGNANCY;
/** When it ended, or the infant is born as far as can be told beforehand. */
export const expectedAt = ({ due, from, ended }: Pregnancy): number =>
  ended ?? due ?? from + LONGEST - BOOKED;

/** Is this antenatal contact about the pregnancy that ended in this birth, or about the days after it? */
export function isAbout({ start, due }: Care, born: number): boolean {
  if (due !== null) return isOfBirth(timeOf(due), born);
  const at = timeOf(start);
  return born - PREGNANCY <= at && at < born + AFTER_MATERNITY;
}

export const isOfBirth = (due: number, born: number): boolean =>
  due - EARLY <= born && born <= due + SAME_DUE;

export const isSameDue = (pregnancy: Pregnancy, due: number): boolean =>
  Math.abs((pregnancy.due ?? expectedAt(pregnancy)) - due) <= SAME_DUE;

/**
 * Of each woman's antenatal contacts that are about no known birth: those with due dates within six weeks are
 * one pregnancy, with it what was done in its time, and what is left by the time that a pregnancy takes.
 */
export function findPregnancies(births: Born[], care: Care[]): Pregnancy[] {
  const antenatal = care.filter((one) => one.antenatal && one.apart === null);
  return [...Map.groupBy(antenatal, ({ person }) => person)].flatMap(([mother, all]) => {
    const hers = births.filter((birth) => birth.mother === mother).map(({ born }) => born);
    const own = all.filter((one) => !hers.some((born) => isAbout(one, born)));
    return groupContacts(own, hers).map(({ due, at, ended }) => {
      const from = Math.min(...at);
      return { mother, due, ended, from: due === null ? from : Math.max(from, due - PREGNANCY) };
    });
  });
}

/** Of a pregnancy's care what says of infants to come: whoever is later outranks who is before. */
export const listExpected = (care: Care[]): Care[] =>
  care
    .filter(({ antenatal, due, infants, ended }) =>
      antenatal ? (due ?? infants ?? ended) !== null : ended !== null,
    )
    .sort((a, b) => (saidOf(a) < saidOf(b) ? -1 : 1));

/** Whoever saw her last knows best. */
const saidOf = ({ start, seen }: Care): string => `${start} ${seen.key}`;

/** `until`: what comes later is about something else. */
type Contacts = { due: number | null; at: number[]; ended: number | null; until: number };
type Dated = Contacts & { due: number; first: number; said: string };

function groupContacts(own: Care[], births: number[]): Contacts[] {
  const groups: Contacts[] = groupDated(own.filter(({ due }) => due !== null));
  const undated = own.filter(({ due, person, start }) => due === null && mayBear(person, timeOf(start)));
  const starting = (a: Care, b: Care) => compare(timeOf(a.start), timeOf(b.start)) || (a.id < b.id ? -1 : 1);
  for (const one of undated.sort(starting)) {
    const at = timeOf(one.start);
    const open = groups.find(({ due, until, at: [from = 0] }) =>
      due === null ? from <= at && at < until : due - PREGNANCY <= at && at < until,
    );
    const over = [...births, ...groups.flatMap(({ ended }) => ended ?? [])];
    if (open) {
      open.at.push(at);
      endAt(open, one);
    } else if (!over.some((born) => born <= at && at < born + AFTER_BIRTH)) {
      const group = { due: null, at: [at], ended: null, until: at + PREGNANCY };
      endAt(group, one);
      groups.push(group);
    }
  }
  return groups;
}

function groupDated(dated: Care[]): Contacts[] {
  const groups: Dated[] = [];
  for (const one of dated.sort((a, b) => compare(dueOf(a), dueOf(b)) || (a.id < b.id ? -1 : 1))) {
    const due = dueOf(one);
    const at = Math.min(timeOf(one.start), due);
    const said = saidOf(one);
    let same = groups.at(-1);
    if (!same || due - same.first > SAME_DUE) {
      same = { due, at: [], ended: null, until: due + SAME_DUE, first: due, said };
      groups.push(same);
    }
    same.at.push(at);
    // Scans date anew.
    if (said > same.said) Object.assign(same, { due, said, until: due + SAME_DUE });
    endAt(same, one);
  }
  return groups;
}

/** Contacts in the weeks after a loss are still about it. */
function endAt(group: Contacts, { ended }: Care): void {
  if (ended !== null) group.ended = Math.min(timeOf(ended), group.ended ?? Number.POSITIVE_INFINITY);
  if (group.ended !== null) group.until = group.ended + AFTER_MATERNITY;
}

/** Maternity units also see infants and fathers: of them nothing is expected for being seen. */
function mayBear({ charts }: Person, at: number): boolean {
  const ages = charts.flatMap(({ content: { birthDate } }) =>
    birthDate ? (at - timeOf(birthDate)) / YEAR : [],
  );
  return (
    ages.length > 0 &&
    ages.every((age) => age >= YOUNGEST) &&
    charts.every(({ content }) => content.gender !== 'male')
  );
}

const dueOf = ({ due }: Care): number => timeOf(due ?? '');
const compare = (a: number, b: number) => a - b;
