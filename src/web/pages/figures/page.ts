/** Four charts for whoever runs Skein: what came, how soon it was told, who waits, and where families are. */
import { sayStage } from '../../../read/journey/words.ts';
import { sayCount, timeOf } from '../words.ts';
import { type Chart, drawColumns } from './chart.ts';

type Waits = { median: number; ninetieth: number; longest: number } | null;
export type Figures = {
  intake: { hour: Date; accepted: number; held: number; other: number }[];
  delays: { hour: Date; median: number | null; p95: number | null }[];
  stages: { stage: string; count: number }[];
  waits: { name: string; daysToAccepted: Waits }[];
};

const MOST_SERVICES = 12;

export function drawFigures({ intake, delays, stages, waits }: Figures): Chart[] {
  const total = intake.reduce((sum, { accepted, held, other }) => sum + accepted + held + other, 0);
  const bad = intake.reduce((sum, { held, other }) => sum + held + other, 0);
  const slowest = Math.max(0, ...delays.map(({ p95 }) => p95 ?? 0));
  const known = waits
    .flatMap(({ name, daysToAccepted }) => (daysToAccepted ? [{ name, ...daysToAccepted }] : []))
    .sort((a, b) => b.median - a.median)
    .slice(0, MOST_SERVICES);
  return [
    drawColumns({
      ...{ id: 'intake', title: 'Messages of each hour', first: 'Hour from' },
      says: `${sayCount(total, 'message')} in 24 hours, ${bad} of them held, failed or rejected`,
      names: ['Accepted', 'Held', 'Failed or rejected'],
      columns: intake.map(({ hour, accepted, held, other }) => ({
        label: timeOf(hour),
        parts: [accepted, held, other],
      })),
      say: String,
    }),
    drawColumns({
      ...{ id: 'delay', title: 'How soon it was told', first: 'Hour from' },
      says:
        slowest === 0
          ? 'Nothing was delivered in 24 hours'
          : `Of each hour the time within which 95 of 100 were answered: ${saySeconds(slowest)} at most`,
      names: ['95 of 100 within'],
      columns: delays.map(({ hour, p95 }) => ({ label: timeOf(hour), parts: [p95 ?? 0] })),
      say: saySeconds,
    }),
    drawColumns({
      ...{ id: 'waits', title: 'Days until a referral is accepted', first: 'Service' },
      says: known.length === 0 ? NONE : 'Half of the people waited no longer, this quarter',
      names: ['Days'],
      columns: known.map(({ name, median }) => ({ label: name, parts: [median] })),
      say: String,
    }),
    drawColumns({
      ...{ id: 'stages', title: 'Journeys by stage', first: 'Stage' },
      says: `${sayCount(
        stages.reduce((sum, { count }) => sum + count, 0),
        'stage',
      )} in force today`,
      names: ['Journeys'],
      columns: stages.map(({ stage, count }) => ({ label: sayStage(stage), parts: [count] })),
      say: String,
    }),
  ];
}

const NONE = 'No service has accepted five or more this quarter: of fewer nothing is told';

const saySeconds = (seconds: number): string =>
  seconds < 10 ? `${Math.round(seconds * 100) / 100} s` : `${Math.round(seconds)} s`;
