/** What the page of figures reads. */
import { findWaits } from '../access/waits/find-waits.ts';
import { readDelayHours, readIntakeHours, readStages } from '../save/figures.ts';
import { asOf } from '../store/clock.ts';
import type { ReadFigures } from '../web/pages/figures/routes.ts';

export const showFigures: ReadFigures = async ({ db }, recipient) => {
  const today = asOf().toISOString().slice(0, 10);
  const [intake, delays, stages, waits] = await Promise.all([
    readIntakeHours(db),
    readDelayHours(db),
    readStages(db, today),
    findWaits(db, recipient, { service: null, period: undefined, today }),
  ]);
  return { intake, delays, stages, waits: waits.services };
};
