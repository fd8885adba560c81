/** SQL of what waits for people to decide who is who. */
import type { Patient } from '@medplum/fhirtypes';
import type { Db } from '../store/pool.ts';

/**
 * A chart of somebody who is shown to anybody at all: of a changed identity nothing is. `verified`: its word
 * on its NHS number counts, and the number is not invalid nationally; `dead`: its person died as an infant,
 * so that contacts are stopped.
 */
export type ChartToCompare = {
  seq: string;
  key: string;
  person: string;
  system: string;
  content: Patient;
  verified: boolean;
  dead: boolean;
  at: Date;
};

const CHARTS = `
select s.seq::text as seq, s.key, s.person, y.name as system, s.content, r.said_at as at, p.state like 'lost %' as dead,
  s.ref is not null and not exists (select from set_aside a where a.chart = s.key and a.ref = s.ref)
    and not exists (select from tainted t where t.key = s.ref)
    and not exists (select from statement n where n.type = 'Basic' and n.chart = s.ref
      and n.content @> '{"code": {"coding": [{"code": "number-change"}]}}'
      and not n.content @> '{"extension": [{"valueCode": "R"}]}') as verified
from statement s join system y on y.id = s.system_id join record r on r.id = s.record_id
  join resource p on p.id = s.person and p.type = 'Patient' and p.state is distinct from 'gone'
where s.type = 'Patient' and s.seq > $1 order by s.seq limit $2`;

/** Charts after `seq`, in the order in which they were first heard of. */
export async function chartsToCompare(db: Db, seq: string, limit: number): Promise<ChartToCompare[]> {
  return (await db.query<ChartToCompare>(CHARTS, [seq, limit])).rows;
}

/** Pairs of charts that people (a service of that sector) decided are of two. */
export async function decidedApart(db: Db, sector: string): Promise<[string, string][]> {
  const sql = `
    select s.chart as one, s.ref as other from statement s join system y on y.id = s.system_id
      join service v on v.id = y.service_id
     where s.type = 'Linkage' and v.sector = $1
       and s.content -> 'extension' -> 0 ->> 'valueCode' in ('two', 'different')`;
  const { rows } = await db.query<{ one: string; other: string }>(sql, [sector]);
  return rows.map(({ one, other }) => [one, other]);
}

/** An infant of whom somebody named a parent whom nothing else bears out, and nobody is the mother. */
export type Motherless = { infant: string; systems: string[]; reasons: string[]; at: Date };

export async function findMotherless(db: Db): Promise<Motherless[]> {
  const sql = `
    select s.person as infant, array_agg(distinct y.name) as systems,
      array_agg(distinct a.evidence ->> 'reason') as reasons, min(a.asserted_at) as at
    from assertion a join statement s on s.key = a.a and s.type = 'Patient' join system y on y.id = s.system_id
      join member m on m.person = s.person and m.role = 'infant'
    where a.kind = 'possible-parent' and not exists (
      select from member o where o.journey = m.journey and o.role = 'mother')
    group by 1 order by min(a.asserted_at)`;
  return (await db.query<Motherless>(sql)).rows;
}

/** Infants there are: what figures are set against. */
export async function countBirths(db: Db): Promise<number> {
  const sql = `select count(distinct person)::int as n from member where role = 'infant'`;
  return (await db.query<{ n: number }>(sql)).rows[0]?.n ?? 0;
}
