/** SQL of tracing: which charts are to be asked about, what became of it, and the one run that asks. */
import type { Patient } from '@medplum/fhirtypes';
import type { Service } from '../model.ts';
import type { Db } from '../store/pool.ts';

/** A chart whose sender verified no number. `outcome` is that of the last question, null where none was. */
export type Untraced = {
  chart: string;
  content: Patient;
  base: string;
  times: Record<string, string> | null;
  recordId: string;
  service: string;
  sector: string | null;
  kind: string | null;
  outcome: string | null;
  basis: string | null;
  tries: number;
  /** The time to ask again has come; else something was said since that changed it. */
  due: boolean;
};

const UNTRACED = `
select s.key as chart, s.content, s.base, s.times, s.record_id::text as "recordId", v.id as service, v.sector, v.kind,
  t.outcome, t.basis, coalesce(t.tries, 0) as tries, coalesce(t.next_at <= $1, true) as due
from statement s join system y on y.id = s.system_id join service v on v.id = coalesce(s.team, y.service_id)
  left join trace t on t.chart = s.key
where s.type = 'Patient' and s.ref is null
  and (t.chart is null or t.next_at <= $1 or (t.record_id <> s.record_id and t.outcome <> 'undone'))
order by t.next_at nulls first, s.seq limit $2`;

/** First those never asked about, then those that waited longest. */
export async function findUntraced(db: Db, now: Date, limit: number): Promise<Untraced[]> {
  return (await db.query<Untraced>(UNTRACED, [now, limit])).rows;
}

/** `nextAt` is null where time alone is no reason to ask again. */
export type Asked = {
  chart: string;
  outcome: string;
  basis: string | null;
  recordId: string;
  tries: number;
  at: Date;
  nextAt: Date | null;
};

export async function keepOutcome(db: Db, asked: Asked): Promise<void> {
  const { chart, outcome, basis, recordId, tries, at, nextAt } = asked;
  const sql = `
    insert into trace (chart, outcome, basis, record_id, tries, asked_at, next_at)
    values ($1, $2, $3, $4, $5, $6, coalesce($7::timestamptz, 'infinity'))
    on conflict (chart) do update set outcome = excluded.outcome, basis = excluded.basis, record_id = excluded.record_id,
      tries = excluded.tries, asked_at = excluded.asked_at, next_at = excluded.next_at`;
  await db.query(sql, [chart, outcome, basis, recordId, tries, at, nextAt]);
}

/** What was said since leaves who it is as it was. */
export async function keepSeen(db: Db, chart: string, recordId: string): Promise<void> {
  await db.query('update trace set record_id = $2 where chart = $1', [chart, recordId]);
}

type Failing = { failures: number; openUntil: Date | null };

/** Takes or renews the turn to ask, for so many seconds; null where another run has it. */
export async function takeTurn(db: Db, lease: string, now: Date, seconds: number): Promise<Failing | null> {
  const sql = `
    insert into tracing as t (lease, lease_until) values ($1, $2::timestamptz + make_interval(secs => $3))
    on conflict (one) do update set lease = excluded.lease, lease_until = excluded.lease_until
      where t.lease is null or t.lease = $1 or t.lease_until < $2
    returning failures, open_until as "openUntil"`;
  return (await db.query<Failing>(sql, [lease, now, seconds])).rows[0] ?? null;
}

export async function giveTurnBack(db: Db, lease: string): Promise<void> {
  await db.query('update tracing set lease = null, lease_until = null where lease = $1', [lease]);
}

export async function keepBreaker(db: Db, { failures, openUntil }: Failing): Promise<void> {
  await db.query('update tracing set failures = $1, open_until = $2', [failures, openUntil]);
}

export type TraceState = Failing & { outcomes: Record<string, number>; waiting: number; oldest: Date | null };

/** `waiting`: charts not asked about yet, the first of which was last said at `oldest`. */
export async function readTracing(db: Db): Promise<TraceState> {
  const sql = `
    select coalesce(b.failures, 0) as failures, b.open_until as "openUntil",
      (select coalesce(jsonb_object_agg(outcome, n), '{}') from (
        select outcome, count(*)::int as n from trace group by 1) o) as outcomes, w.waiting, w.oldest
    from (
      select count(*)::int as waiting, min(r.said_at) as oldest
      from statement s join record r on r.id = s.record_id left join trace t on t.chart = s.key
      where s.type = 'Patient' and s.ref is null and t.chart is null) w left join tracing b on true`;
  return (await db.query<TraceState>(sql)).rows[0] as TraceState;
}

/** The number that stands as traced, by the key of its statement. */
export async function findTraced(db: Db, key: string): Promise<string | null> {
  const sql = `select content #>> '{item,1,resource,identifier,value}' as number from statement
    where key = $1 and content @> '{"extension": [{"valueCode": "traced"}]}'`;
  return (await db.query<{ number: string }>(sql, [key])).rows[0]?.number ?? null;
}

/** A system that nobody acts for. Its service is there already. */
export async function keepTracer(db: Db, { id, ods, team }: Service): Promise<number> {
  const insert = 'insert into system (name, service_id, source) values ($1, $2, null) on conflict do nothing';
  await db.query(insert, [`${ods}:${team}`, id]);
  const { rows } = await db.query<{ id: number }>('select id from system where service_id = $1', [id]);
  if (!rows[0]) throw new Error(`a system is registered as ${ods}:${team}, which is a name of Skein's own`);
  return rows[0].id;
}
