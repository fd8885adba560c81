/**
 * What operators watch of deliveries: who fails for how long, what reaches nobody, and this worker's clock.
 */
import type { Context } from '../../context.ts';
import { deliveryGauges } from '../../observe/metrics.ts';
import type { Db } from '../../store/pool.ts';
import { clockBehind, compareClocks, isClockWrong } from '../../store/store-time.ts';
import { SCHEDULE_SECONDS } from './retry.ts';
import { alertUnheard, countUnheard } from './urgent-alerts.ts';
import { queueWarnings } from './warnings.ts';

const { subscriptions, undelivered, oldest, failing, unheard, clock } = deliveryGauges;

/** Looks at all of it, tells each thing once in the log, and sets the figures. Safe from several workers. */
export async function watchDeliveries(ctx: Context): Promise<void> {
  await watchClock(ctx);
  await alertUnheard(ctx);
  await warnOfSchedule(ctx);
  await setFigures(ctx.db);
}

async function watchClock({ db, log }: Context): Promise<void> {
  const before = isClockWrong();
  await compareClocks(db);
  clock.set(clockBehind() / 1000);
  if (isClockWrong() && !before)
    log.error(
      { event: 'clock.wrong', behindMs: Math.round(clockBehind()) },
      'the clock of this machine is over 30 s off that of the store, whose time is used',
    );
}

/** For /health/ready. */
export const noticeClock = (): string[] =>
  isClockWrong()
    ? [`the clock of this machine is ${Math.round(clockBehind() / 1000)} s behind that of the store`]
    : [];

/** At these parts of the schedule somebody is told. */
const STEPS = [50, 70, 90, 100];
const USED = `case when status = 'error' then 100
  else least(99, 100 * extract(epoch from now() - failing_since) / ${SCHEDULE_SECONDS}) end`;
const WARN = `
with used as (select id, ${USED} as used from subscription
  where status = 'error' or status = 'active' and attempts > 0),
step as (select id, case ${STEPS.toReversed()
  .map((step) => `when used >= ${step} then ${step}`)
  .join(' ')} else 0 end as percent from used),
locked as (select s.id, step.percent from subscription s join step on step.id = s.id and step.percent > s.warned
  order by s.id for no key update of s)
update subscription s set warned = percent from locked where s.id = locked.id
returning s.id as subscription, s.origin, percent`;

/** One line at 50, 70, 90 and 100 % of the schedule of a subscription's tries. */
async function warnOfSchedule(ctx: Context): Promise<void> {
  const { db, log } = ctx;
  const { rows } = await db.query<{ subscription: string; origin: string; percent: number }>(WARN);
  for (const row of rows)
    log.warn(
      { event: 'subscription.schedule', ...row },
      'it has failed for so much of its schedule of tries',
    );
  await queueWarnings(ctx, rows);
}

const FIGURES = `
select status, count(*)::float8 as n, sum(last_number - delivered_number)::float8 as waiting,
  case when status = 'error' or status = 'active' and attempts > 0 then warned end as percent
from subscription group by 1, 4`;
const OLDEST = `
select s.status, extract(epoch from now() - min(n.numbered_at))::float8 as age from subscription s
  join notification n on n.subscription_id = s.id and n.number = s.delivered_number + 1
where s.status <> 'off' and s.last_number > s.delivered_number group by 1`;

async function setFigures(db: Db): Promise<void> {
  type Figure = { status: string; n: number; waiting: number; percent: number | null };
  const { rows } = await db.query<Figure>(FIGURES);
  for (const gauge of [subscriptions, undelivered, oldest, failing]) gauge.reset();
  const ages = await db.query<{ status: string; age: number }>(OLDEST);
  for (const { status, age } of ages.rows) oldest.set({ status }, age);
  for (const percent of [0, ...STEPS]) failing.set({ percent: String(percent) }, 0);
  for (const { status, n, waiting, percent } of rows) {
    subscriptions.inc({ status }, n);
    if (status !== 'off') undelivered.inc({ status }, waiting);
    if (percent !== null) failing.inc({ percent: String(percent) }, n);
  }
  for (const [cause, n] of Object.entries(await countUnheard(db))) unheard.set({ cause }, n);
}
