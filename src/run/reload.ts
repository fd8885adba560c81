/** `skein reload` and SIGHUP: what was read at start is read again, without a restart. */
import type { Context } from '../context.ts';
import type { Db } from '../store/pool.ts';
import type { Kept } from './keep-mappings.ts';

type Stop = () => Promise<unknown>;

const LOOK_MS = 2_000;
const ASKED = "select coalesce(max(value), '') as asked from setting where name = 'reload'";
const ASK = `insert into setting (name, value) values ('reload', gen_random_uuid()::text)
  on conflict (name) do update set value = excluded.value`;

/** Asks every process of this store to read again: each does within two seconds. */
export async function askReload(db: Db): Promise<void> {
  await db.query(ASK);
}

/** Reads again when asked, one time after the other. */
export async function startReload(ctx: Context, kept: Kept[]): Promise<Stop> {
  let seen = await readAsked(ctx.db);
  let running: Promise<unknown> = Promise.resolve();
  const reload = async () => {
    for (const { reload } of kept) {
      const wrong = await reload();
      if (wrong === null) ctx.log.info({ event: 'reload' }, 'read again');
      else for (const text of wrong) ctx.log.error({ event: 'reload.refused' }, text);
    }
  };
  const look = async () => {
    const asked = await readAsked(ctx.db);
    if (asked === seen) return;
    seen = asked;
    await reload();
  };
  const inTurn = (work: () => Promise<void>) => {
    running = running
      .then(work)
      .catch((error: unknown) => ctx.log.warn({ event: 'reload.failed', err: error }));
  };
  const onSignal = () => inTurn(reload);
  const timer = setInterval(() => inTurn(look), LOOK_MS);
  process.on('SIGHUP', onSignal);
  return async () => {
    clearInterval(timer);
    process.off('SIGHUP', onSignal);
    await running;
  };
}

async function readAsked(db: Db): Promise<string> {
  const { rows } = await db.query<{ asked: string }>(ASKED);
  return rows[0]?.asked ?? '';
}
