import { hash } from 'node:crypto';
import type pg from 'pg';
import { bornOn, turningConsents } from '../access/decide/consents-due.ts';
import { POLICY, POLICY_TEXT } from '../access/decide/policy.ts';
import { birthsTurning } from '../access/decide/young.ts';
import { asOf } from '../store/clock.ts';
import { type Db, transaction } from '../store/pool.ts';

const LOCK = 5_170_004;
/** A recheck names no more than this. */
const FOCI = 500;
/** Clocks of the machines that judge and of the one that keeps time differ by less. */
const BEHIND_SECONDS = 5;

// Of a person, and of all members of a journey: their care, themselves, and the journeys that they are in.
const DUE = `
with person as (
  select person from involvement where state = 'closed' and until >= $1::timestamptz - $3 * interval '1 day'
    and until < $2::timestamptz - $3 * interval '1 day'
  union select m.person from member m join member o using (journey) where o.closes >= $1 and o.closes < $2
  union ${turningConsents('$4', '$5')}
  union ${bornOn('$6')}),
focus as (
  select r.id from person p join resource r on r.owner = p.person
  union select person from person
  union select m.journey from person p join member m using (person)),
numbered as (select t.id, (row_number() over (order by t.id) - 1) / ${FOCI} as page
  from (select distinct id from told where id in (select id from focus)) t),
page as (select jsonb_agg(id) as foci from numbered group by page)
insert into outbox (event) select jsonb_build_object('code', 'recheck', 'foci', foci) from page`;

/**
 * Asks again about what the passing of time took away between two instants: care that closed so long ago that
 * only its existence is known (closedCareDays of the policy), infants who are nobody's infant any more, and
 * what a person refused from then on, or agreed to until then; and young people who are of another age, or of
 * whom a decision of competence ended. Safe to repeat.
 */
export async function recheckDue(db: Db, from: Date, to: Date): Promise<void> {
  const births = birthsTurning(from, to);
  await db.query(DUE, [from, to, POLICY.closedCareDays, from.toISOString(), to.toISOString(), births]);
}

const ALL = `
with numbered as (select t.id, (row_number() over (order by t.id) - 1) / ${FOCI} as page from (select distinct
  id from told) t)
insert into outbox (event)
  select jsonb_build_object('code', 'recheck', 'foci', jsonb_agg(id)) from numbered group by page`;

/**
 * What decides, beside facts and time: the policy, and which service is what. One without a sector or kind
 * decides nothing.
 */
async function digestRules(db: Db): Promise<string> {
  const { rows } = await db.query<{ text: string }>(
    `select coalesce(string_agg(concat_ws(' ', id, sector, kind), ',' order by id), '') as text from service
      where registered and (sector is not null or kind is not null)`,
  );
  return hash('sha256', POLICY_TEXT + rows[0]?.text, 'base64url').slice(0, 22);
}

const READ = `select (select value from setting where name = 'rules') as rules,
  (select value::timestamptz from setting where name = 'rechecked') as since,
  now() - interval '${BEHIND_SECONDS} seconds' as now`;
const KEEP = `insert into setting (name, value) values ('rules', $1), ('rechecked', $2)
  on conflict (name) do update set value = excluded.value`;

/**
 * Asks again about whatever time, another policy or another registration took away since the last time. One
 * at a time.
 */
export async function recheckChanges(db: pg.Pool): Promise<void> {
  await transaction(db, async (client) => {
    const lock = await client.query<{ got: boolean }>('select pg_try_advisory_xact_lock($1) as got', [LOCK]);
    if (!lock.rows[0]?.got) return;
    type Kept = { rules: string | null; since: Date | null; now: Date };
    const { rows } = await client.query<Kept>(READ);
    const { rules, since, now: real } = rows[0] as Kept;
    const now = asOf(real);
    const digest = await digestRules(client);
    if (rules !== digest) await client.query(ALL);
    else if (since) await recheckDue(client, since, now);
    await client.query(KEEP, [digest, now.toISOString()]);
  });
}
