/**
 * Warnings that a subscriber fails, to whom it has named for it, and to the hook of whoever runs Skein. Each
 * is a signed POST of ids and figures, tried a few times, beside deliveries and never in their way.
 */
import type { Context } from '../../context.ts';
import type { Db } from '../../store/pool.ts';
import { placeOf } from '../../store/secrets.ts';
import { openSender, type Sender, type Target } from './send.ts';
import { signingKey } from './sign.ts';

const POLL_MS = 5_000;
/** Tries of one warning: at once, and after 1, 5 and 25 minutes. */
const TRIES = 4;
const AT_ONCE = 16;
const TIMEOUT_SECONDS = 10;

type Warning = {
  id: string;
  hook: 'contact' | 'operator';
  subscription: string;
  percent: number;
  at: Date;
  tries: number;
  contact: string | null;
  secret: string;
  former: string | null;
};

const QUEUE = `insert into warning (subscription_id, hook, percent)
select s.id, hook, percent from unnest($1::uuid[], $2::smallint[]) as w (id, percent) join subscription s using (id)
  cross join lateral (select 'contact' as hook where s.contact is not null union all select 'operator' where $3) h`;

type Crossed = { subscription: string; percent: number };

/** In the transaction or after the statement that found that these crossed a step of their schedule. */
export async function queueWarnings({ db, config }: Context, crossed: Crossed[]): Promise<void> {
  if (crossed.length === 0) return;
  const values = [crossed.map(({ subscription }) => subscription), crossed.map(({ percent }) => percent)];
  await db.query(QUEUE, [...values, config.ALERT_URL !== undefined]);
}

// Counted before it is sent: a process that dies in the middle costs one of its tries. One whose subscription
// is well again, or was switched off, is dropped.
const TAKE = `
with over as (delete from warning w using subscription s where s.id = w.subscription_id and w.due_at <= now()
  and (w.tries >= ${TRIES} or s.failing_since is null or s.status = 'off') returning w.id),
taken as (
  update warning set tries = tries + 1, due_at = now() + make_interval(mins => power(5, tries)::int) where id in (
    select id from warning where due_at <= now() and id not in (select id from over)
    order by due_at limit ${AT_ONCE} for update skip locked) returning *)
select t.id, t.hook, s.id as subscription, t.percent, t.at, t.tries, s.contact, s.secret,
  case when s.former_until > now() then s.former_secret end as former
from taken t join subscription s on s.id = t.subscription_id`;

/** Sends what is due. Safe to repeat, and at once from several workers. */
export async function sendWarnings(
  ctx: Context,
  sender: Sender,
  abort = new AbortController(),
): Promise<void> {
  const { rows } = await ctx.db.query<Warning>(TAKE);
  await Promise.all(rows.map((warning) => sendOne(ctx, sender, { warning, abort })));
}

type Sending = { warning: Warning; abort: AbortController };

async function sendOne(ctx: Context, sender: Sender, { warning, abort }: Sending): Promise<void> {
  const { id, hook, subscription, percent, tries } = warning;
  const target = targetOf(ctx, warning);
  // The deadline of one must not end the others.
  const own = new AbortController();
  abort.signal.addEventListener('abort', () => own.abort());
  const reply = target && (await sender.send(target, { id, body: bodyOf(warning) }, own));
  if (!reply || reply.ok) await forget(ctx.db, id);
  const line = { event: 'warning', kind: hook, subscription, percent, attempt: tries };
  if (reply?.ok) ctx.log.info({ ...line, outcome: reply.outcome, status: reply.status });
  else if (reply) ctx.log.warn({ ...line, outcome: reply.outcome, status: reply.status });
}

const forget = (db: Db, id: string) => db.query('delete from warning where id = $1', [id]);

/** Null where it is not registered any more. */
function targetOf(
  { config, vault }: Context,
  { hook, contact, subscription, secret, former }: Warning,
): Target | null {
  const open = (sealed: string) => vault.open(sealed, placeOf(subscription));
  const to = hook === 'contact' ? contact : config.ALERT_URL;
  const signed = hook === 'contact' ? open(secret) : config.ALERT_SECRET;
  if (!to || !signed) return null;
  const { origin, pathname, search } = new URL(to);
  const headers = ['content-type', 'application/json'];
  const key = signingKey(signed);
  const second = hook === 'contact' && former !== null ? signingKey(open(former)) : null;
  return { origin, path: pathname + search, headers, key, former: second, timeout: TIMEOUT_SECONDS };
}

/** The same on every try. */
function bodyOf({ subscription, percent, at }: Warning): string {
  const data = { subscription, percent };
  return JSON.stringify({ type: 'subscription.failing', timestamp: at.toISOString(), data });
}

/** Looks every few seconds, until stopped. */
export function startWarnings(ctx: Context): { stop(): Promise<void> } {
  const sender = openSender(ctx.config.WEBHOOK_ALLOW);
  const abort = new AbortController();
  let running: Promise<void> | null = null;
  const look = () => {
    running ??= sendWarnings(ctx, sender, abort)
      .catch((error: unknown) =>
        ctx.log.error({ event: 'warning.failed', err: error }, 'the next look retries'),
      )
      .finally(() => {
        running = null;
      });
  };
  const timer = setInterval(look, POLL_MS);
  return {
    async stop() {
      clearInterval(timer);
      abort.abort();
      await running;
      await sender.close();
    },
  };
}
