import { DECLARES_LOSS } from '../care/sectors.ts';
import { latest } from '../care/spells.ts';
import type { Person } from '../who/charts.ts';
import { endOf, type Pregnancy } from './pregnancies.ts';

/** FHIR dates; `end` is the first day on which it is over. */
export type Stage = {
  code:
    | 'preconception'
    | 'pregnancy'
    | 'outcome-unknown'
    | 'birth-12m'
    | '12-24m'
    | 'after-24m'
    | 'contact-stop';
  start: string;
  end?: string;
};

/** Before anybody has heard of a birth or a loss. */
export const OF_PREGNANCY: ReadonlySet<Stage['code']> = new Set(['pregnancy', 'outcome-unknown']);

type Dated = { born: number; infants: Person[]; pregnancy: Pregnancy | null };

/**
 * Stages with their periods. A loss of every infant, or of the pregnancy, stops the clock. No stage moves by
 * the clock to birth: a pregnancy whose time has passed in silence is of unknown outcome. `asOf`: an ISO
 * instant.
 */
export function stagesOf({ born, infants, pregnancy }: Dated, asOf: string): Stage[] {
  if (pregnancy) return stagesOfPregnancy(pregnancy, asOf);
  const day = (months: number) => {
    const date = new Date(born);
    date.setUTCMonth(date.getUTCMonth() + months);
    return dayOf(date.getTime());
  };
  const losses = infants.map(lossOf);
  const lost = losses.every((loss) => loss !== null) ? (losses.sort().at(-1) as string) : null;
  const stages: Stage[] = [
    { code: 'birth-12m', start: day(0), end: day(12) },
    { code: '12-24m', start: day(12), end: day(24) },
    { code: 'after-24m', start: day(24) },
  ];
  if (lost === null) return stages;
  const lived = stages.filter(({ start }) => start < lost);
  const last = lived.pop();
  return [...lived, ...(last ? [{ ...last, end: lost }] : []), { code: 'contact-stop', start: lost }];
}

function stagesOfPregnancy(pregnancy: Pregnancy, asOf: string): Stage[] {
  const { ended } = pregnancy;
  const from = dayOf(Math.min(pregnancy.from, ended ?? pregnancy.from));
  if (ended !== null) {
    const day = dayOf(ended);
    return [
      ...(from < day ? [{ code: 'pregnancy' as const, start: from, end: day }] : []),
      { code: 'contact-stop', start: day },
    ];
  }
  const end = dayAfter(endOf(pregnancy));
  const expected: Stage = { code: 'pregnancy', start: from, end };
  return end <= asOf.slice(0, 10) ? [expected, { code: 'outcome-unknown', start: end }] : [expected];
}

const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10);
const dayAfter = (time: number): string => dayOf(time + 86_400_000);

/** The stage in force; null where it is not known. */
export const stageAt = (stages: Stage[], asOf: string): Stage['code'] | null =>
  stages.findLast(
    ({ start, end }) => start <= asOf.slice(0, 10) && (end === undefined || asOf.slice(0, 10) < end),
  )?.code ?? null;

/** When the next of them begins, or the last ends, as an ISO instant; null where time changes nothing. */
export function nextStageOf(stages: Stage[], asOf: string): string | null {
  const days = stages.flatMap(({ start, end }) => [start, ...(end ? [end] : [])]);
  const [next] = days.filter((day) => day > asOf.slice(0, 10)).sort();
  return next === undefined ? null : `${next}T00:00:00.000Z`;
}

/** Date of a death, where a service that may declare it says so, or a national signal of the number. */
export function lossOf(infant: Person): string | null {
  const said = infant.charts.filter(
    ({ content, sector }) =>
      DECLARES_LOSS.has(sector ?? '') && (content.deceasedBoolean === true || content.deceasedDateTime),
  );
  const [first] = said.sort((a, b) => (a.key < b.key ? -1 : 1));
  return first ? (first.content.deceasedDateTime ?? latest(first)).slice(0, 10) : (infant.died ?? null);
}
