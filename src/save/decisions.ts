/** SQL of what people decide of who is who, and of what they look at before. */
import type { Service } from '../model.ts';
import type { Db } from '../store/pool.ts';

/** One person: its id now, and every chart of it, oldest first. */
export type Known = { person: string; charts: string[] };

/** By its id, by an id that it had, or by one of its charts: each is the key of a chart. */
export async function findPerson(db: Db, id: string): Promise<Known | null> {
  const sql = `
    select p.person, array_agg(c.key order by c.seq) as charts
      from (select coalesce(person, key) as person from statement where key = $1 and type = 'Patient') p
      join statement c on c.person = p.person and c.type = 'Patient' group by 1`;
  const { rows } = await db.query<Known>(sql, [id]);
  return rows[0] ?? null;
}

/** A system that nobody acts for, and its service, which nobody is told of. Gives the id of the system. */
export async function keepOwnSystem(db: Db, { id, name, ods, team, sector }: Service): Promise<number> {
  const insert = `
    with kept as (insert into service (id, name, ods, team, sector, registered) values ($1, $2, $3, $4, $5, false)
      on conflict do nothing)
    insert into system (name, service_id, source) values ($6, $1, null) on conflict do nothing`;
  await db.query(insert, [id, name, ods, team, sector, `${ods}:${team}`]);
  const { rows } = await db.query<{ id: number }>('select id from system where service_id = $1', [id]);
  if (!rows[0]) throw new Error(`a system is registered as ${ods}:${team}, which is a name of Skein's own`);
  return rows[0].id;
}

/** A decision that stands, and who made it. */
export type StandingDecision = {
  verdict: string;
  one: string;
  other: string;
  by: string;
  reason: string;
  at: Date;
};

const STANDING = `
select s.content -> 'extension' -> 0 ->> 'valueCode' as verdict, s.chart as one, s.ref as other,
  b.body ->> 'by' as by, b.body ->> 'reason' as reason, m.received_at as at
from statement s join system y on y.id = s.system_id join service v on v.id = y.service_id
  join record r on r.id = s.record_id join message m on m.id = r.message_id
  cross join lateral (select convert_from(m.body, 'UTF8')::jsonb as body) b
where s.type = 'Linkage' and v.sector = $2 and (s.chart = any($1::uuid[]) or s.ref = any($1::uuid[]))
order by m.received_at`;

/** Decisions about any of these charts, oldest first; none that was undone. */
export async function findDecisions(db: Db, charts: string[], sector: string): Promise<StandingDecision[]> {
  const { rows } = await db.query<StandingDecision>(STANDING, [charts, sector]);
  return rows.filter(({ verdict }) => verdict !== 'undone');
}

/** By system, of how many of these things its subscriptions were told. */
export async function countTold(db: Db, ids: string[]): Promise<Record<string, number>> {
  const sql = `
    select coalesce(y.name, 'operator') as system, count(distinct (t.type, t.id))::int as n
      from told t join subscription s on s.id = t.subscription_id left join system y on y.id = s.system_id
     where t.id = any($1::uuid[]) group by 1 order by 1`;
  const { rows } = await db.query<{ system: string; n: number }>(sql, [ids]);
  return Object.fromEntries(rows.map(({ system, n }) => [system, n]));
}

/** One chart of a person, as far as it says who that is; no names, no numbers. */
export type ChartRow = {
  chart: string;
  system: string;
  sector: string | null;
  number: 'claimed' | 'traced' | 'set aside' | 'not counted' | 'none';
  since: Date;
};

const CHARTS = `
select s.key as chart, y.name as system, v.sector, r.said_at as since,
  case when s.ref is null then case when exists (select from statement t where t.chart = s.key and t.type = 'Linkage'
    and t.content @> '{"extension": [{"valueCode": "traced"}]}') then 'traced' when s.content -> 'identifier' @> $2::jsonb then 'not counted' else 'none' end
    when exists (select from set_aside a where a.chart = s.key and a.ref = s.ref) then 'set aside' else 'claimed' end as number
from statement s join system y on y.id = s.system_id join service v on v.id = coalesce(s.team, y.service_id)
  join record r on r.id = s.record_id
where s.key = any($1::uuid[]) and s.type = 'Patient' order by s.seq`;

/** `numberSystem`: of an NHS number. */
export async function describeCharts(db: Db, charts: string[], numberSystem: string): Promise<ChartRow[]> {
  const { rows } = await db.query<ChartRow>(CHARTS, [charts, JSON.stringify([{ system: numberSystem }])]);
  return rows;
}

export type AssertionRow = { kind: string; one: string; other: string | null; rule: string; at: Date };

/** What was found of these charts, oldest first. */
export async function findAssertions(db: Db, charts: string[]): Promise<AssertionRow[]> {
  const sql = `
    select kind, a as one, b as other, coalesce(evidence ->> 'rule', evidence ->> 'reason', method) as rule, asserted_at as at
      from assertion where a = any($1::uuid[]) or b = any($1::uuid[]) order by id limit 200`;
  return (await db.query<AssertionRow>(sql, [charts])).rows;
}

export type MemberRow = { journey: string; role: string };

export async function findMemberships(db: Db, person: string): Promise<MemberRow[]> {
  const sql = 'select journey, role from member where person = $1 order by journey';
  return (await db.query<MemberRow>(sql, [person])).rows;
}
