/** SQL of what waits for people to decide who is who. */
import type { Patient } from '@medplum/fhirtypes';
import type { Db } from '../store/pool.ts';

/**
 * A chart of somebody who is shown to anybody at all: of a changed identity nothing is. `verified`: its word
 * on its NHS number counts, and the number is not invalid nationally; `dead`: its person died as an infant,
 * so that contacts are stopped; `sealed`: nobody is asked about that person. `at`: the day on which it was
 * first heard of.
 */
export type ChartToCompare = {
  seq: string;
  key: string;
  person: string;
  system: string;
  sector: string | null;
  content: Patient;
  verified: boolean;
  dead: boolean;
  sealed: boolean;
  at: Date;
};

// Whoever is held, or restricted by a label: not even that somebody may be them is said to anybody.
const SEALED = `(exists (select from member h where h.person = s.person and (h.held or h.restricted))
  or exists (select from statement f where f.person = s.person and f.type = 'Flag'
    and f.content @> '{"status": "active", "code": {"coding": [{"code": "hold"}]}}'))`;
const FIRST = `case when s.first ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}' then left(s.first, 10)::timestamptz else r.said_at end`;

const CHARTS = `
select s.seq::text as seq, s.key, s.person, y.name as system, v.sector, s.content, ${FIRST} as at, p.state like 'lost %' as dead,
  ${SEALED} as sealed,
  s.ref is not null and not exists (select from set_aside a where a.chart = s.key and a.ref = s.ref)
    and not exists (select from tainted t where t.key = s.ref)
    and not exists (select from statement n where n.type = 'Basic' and n.chart = s.ref
      and n.content @> '{"code": {"coding": [{"code": "number-change"}]}}'
      and not n.content @> '{"extension": [{"valueCode": "R"}]}') as verified
from statement s join system y on y.id = s.system_id join service v on v.id = coalesce(s.team, y.service_id)
  join record r on r.id = s.record_id
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

/**
 * An infant of whom somebody named a parent whom nothing else bears out, and nobody is the mother. `parent`:
 * the one person whom that names, if it names one.
 */
export type Motherless = {
  infant: string;
  parent: string | null;
  verified: boolean[];
  systems: string[];
  reasons: string[];
  at: Date;
};

const MOTHERLESS = `
select s.person as infant, named.person as parent, array_agg(distinct y.name) as systems,
  array_agg(distinct a.evidence ->> 'reason') as reasons, min(a.asserted_at) as at,
  array[exists (select from statement v where v.person = s.person and v.type = 'Patient' and v.ref is not null),
    exists (select from statement v where v.person = named.person and v.type = 'Patient' and v.ref is not null)] as verified
from assertion a join statement s on s.key = a.a and s.type = 'Patient' join system y on y.id = s.system_id
  join member m on m.person = s.person and m.role = 'infant'
  cross join lateral (select case when count(distinct p.person) = 1 then min(p.person::text)::uuid end as person
    from statement p join resource o on o.id = p.person and o.type = 'Patient' and o.state is distinct from 'gone'
    where p.type = 'Patient' and (p.key = a.b or p.ref = a.b) and p.person <> s.person) as named
where a.kind = 'possible-parent' and not ${SEALED} and not ${SEALED.replaceAll('s.person', 'named.person')}
  and not exists (select from member o where o.journey = m.journey and o.role = 'mother')
  and not exists (select from statement d join system e on e.id = d.system_id join service v on v.id = e.service_id
    join statement q on q.key = d.chart join statement c on c.key = d.ref
    where d.type = 'Linkage' and v.sector = $1 and d.content -> 'extension' -> 0 ->> 'valueCode' = 'not-parent'
      and q.person = named.person and c.person = s.person)
group by s.person, named.person order by min(a.asserted_at)`;

/** Without those of whom people (a service of that sector) decided that it is not the parent. */
export async function findMotherless(db: Db, sector: string): Promise<Motherless[]> {
  return (await db.query<Motherless>(MOTHERLESS, [sector])).rows;
}

/** Infants there are: what figures are set against. */
export async function countBirths(db: Db): Promise<number> {
  const sql = `select count(distinct person)::int as n from member where role = 'infant'`;
  return (await db.query<{ n: number }>(sql)).rows[0]?.n ?? 0;
}

/**
 * Says whether anything may have changed since it was last asked: by the newest message, finding and row.
 * Of two that are written at once the later may be committed first, so it is not asked of alone.
 */
export async function factsVersion(db: Db): Promise<string> {
  const sql = `select concat_ws(' ', (select max(id) from message), (select max(id) from assertion),
    (select max(row_id) from resource)) as version`;
  return (await db.query<{ version: string }>(sql)).rows[0]?.version ?? '';
}

/** Of these persons those of whom there is something to ask: whoever is shown to somebody, and not sealed. */
export async function stillAsked(db: Db, persons: string[]): Promise<Set<string>> {
  const sql = `select distinct s.person from statement s
    join resource p on p.id = s.person and p.type = 'Patient' and p.state is distinct from 'gone'
    where s.person = any($1::uuid[]) and s.type = 'Patient' and not ${SEALED}`;
  const { rows } = await db.query<{ person: string }>(sql, [persons]);
  return new Set(rows.map(({ person }) => person));
}

/** Of these persons those whom a service has, had or is to have in its care. */
export async function knownTo(db: Db, service: string, persons: string[]): Promise<Set<string>> {
  const sql = 'select distinct person from involvement where service = $1 and person = any($2::uuid[])';
  const { rows } = await db.query<{ person: string }>(sql, [service, persons]);
  return new Set(rows.map(({ person }) => person));
}

/** An item that is put off until a day, by the persons that it is about now. */
export type Deferral = { question: string; one: string; other: string | null; until: string };

const DEFERRED = `
select * from (select distinct on (question, least(one, other), greatest(one, other)) question, one, other, until
  from (select d.id, d.question, d.until::text, coalesce(a.person, d.one) as one, coalesce(b.person, d.other) as other
    from deferral d left join statement a on a.key = d.one left join statement b on b.key = d.other) d
  order by question, least(one, other), greatest(one, other), id desc) d where until > $1`;

/** Those that still are on `day` (yyyy-mm-dd): of an item what was said last counts. */
export async function findDeferrals(db: Db, day: string): Promise<Deferral[]> {
  return (await db.query<Deferral>(DEFERRED, [day])).rows;
}

/** `until` null: it is no longer put off. */
export type DeferralSaid = {
  question: string;
  ids: string[];
  until: string | null;
  by: string;
  reason: string;
  system: number | null;
};

export async function keepDeferral(db: Db, said: DeferralSaid): Promise<void> {
  const { question, ids, until, by, reason, system } = said;
  const sql = `insert into deferral (question, one, other, until, by_name, reason, system_id)
    values ($1, $2, $3, $4, $5, $6, $7)`;
  await db.query(sql, [question, ids[0], ids[1] ?? null, until, by, reason, system]);
}

/** What people decided and did not undo; `message`: those of one were decided together. */
export type DecidedPair = { verdict: string; one: string; other: string; message: string; persons: string[] };

const DECIDED = `
select s.content -> 'extension' -> 0 ->> 'valueCode' as verdict, s.chart as one, s.ref as other,
  r.message_id::text as message, array[a.person, b.person] as persons
from statement s join system y on y.id = s.system_id join service v on v.id = y.service_id
  join record r on r.id = s.record_id join statement a on a.key = s.chart join statement b on b.key = s.ref
where s.type = 'Linkage' and v.sector = $1
  and s.content -> 'extension' -> 0 ->> 'valueCode' in ('same', 'two', 'not-parent', 'mother')`;

/** By a service of that sector. */
export async function findDecided(db: Db, sector: string): Promise<DecidedPair[]> {
  return (await db.query<DecidedPair>(DECIDED, [sector])).rows;
}
