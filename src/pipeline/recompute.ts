import { EVIDENCE } from '../access/decide/evidence.ts';
import { isPreconception, keeperOf, labelOf, mayRestrict } from '../access/decide/link-rules.ts';
import { MATCHING } from '../access/decide/matching.ts';
import { PROMPTS } from '../access/decide/prompt-rules.ts';
import { sightOf } from '../access/decide/sight.ts';
import type { Context } from '../context.ts';
import { link } from '../link/plan.ts';
import { withFacts } from '../save/load.ts';
import { chartsWith } from '../save/maintenance-sql.ts';
import { isEmpty, NOTHING, save } from '../save/save.ts';
import { asOf } from '../store/clock.ts';
import type { Rules } from '../store/facts.ts';
import { observing } from './observing.ts';
import { rulesOff } from './prompt-rules.ts';

/** What link goes by, now. */
export const rulesOf = ({ key }: Pick<Context, 'key'>): Rules => ({
  key,
  evidence: EVIDENCE,
  asOf: asOf().toISOString(),
  matching: MATCHING,
  keeperOf,
  isPreconception,
  labelOf,
  mayRestrict,
  prompts: PROMPTS,
  sightOf,
  observes: observing(key),
  off: rulesOff(key),
});

/**
 * Recomputes the views of the family of one chart from facts, under its locks, and writes what differs; with
 * `events` it is told, too. Gives the charts of the family, and how many families changed.
 */
export async function recompute(ctx: Context, chart: string, events: boolean) {
  const sender = { systemId: 0, identifier: '' };
  const done = await withFacts(ctx.db, [chart], sender, async (client, { facts, tainted }) => {
    const charts = facts.statements.flatMap(({ type, key }) => (type === 'Patient' ? key : []));
    const plan = link(rulesOf(ctx), facts, null, null);
    if (isEmpty(plan) && plan.due.length === 0) return { charts, tainted, changed: 0 };
    // Told of nothing, nobody may go on holding for true what cannot be read any more.
    const told = events ? plan : { ...plan, events: plan.events.filter(({ code }) => code === 'recheck') };
    await save(client, ctx, { ...NOTHING, plan: told });
    return { charts, tainted, changed: isEmpty(plan) ? 0 : 1 };
  });
  return { charts: done.charts, changed: done.changed + (await untie(ctx, done.tainted, events)) };
}

/**
 * Whoever these numbers tied together, now that each is known for a placeholder: the message that showed it
 * looked at its own family only. Gives how many families changed.
 */
export async function untie(ctx: Context, numbers: string[], events = true): Promise<number> {
  if (numbers.length === 0) return 0;
  let changed = 0;
  for (const chart of await chartsWith(ctx.db, numbers))
    changed += (await recompute(ctx, chart, events)).changed;
  return changed;
}
