/** SQL of numbers (keyed hashes) that are claimed, in dispute or tainted, and of people who lift that. */
import type { Patient } from '@medplum/fhirtypes';
import type { StatementState } from '../store/facts.ts';
import type { Db } from '../store/pool.ts';

/**
 * A chart that claims a number; `system` is the sender's name, `cares` that the sender spoke of care of it.
 */
export type NumberClaim = StatementState & { content: Patient; system: string; cares: boolean };

const CLAIMS = `
select s.key, s.type, s.system_id as "systemId", s.chart, s.ref, s.aliases, s.seq::int as seq, s.first, s.base, s.times, s.content,
  s.person, s.team, v.id as service, y.name as system, v.sector, v.kind,
  exists (select from set_aside a where a.chart = s.chart and a.ref = s.ref) as aside,
  exists (select from statement c where c.chart = s.key and c.type in ('EpisodeOfCare', 'Encounter', 'ServiceRequest')) as cares
from statement s join system y on y.id = s.system_id join service v on v.id = coalesce(s.team, y.service_id)
where s.ref = any($1::uuid[]) and s.type = 'Patient' order by s.seq`;

export async function claimsOf(db: Db, keys: string[]): Promise<NumberClaim[]> {
  const { rows } = await db.query<NumberClaim>(CLAIMS, [keys]);
  return rows;
}

export async function isTainted(db: Db, keys: string[]): Promise<boolean> {
  const { rowCount } = await db.query('select from tainted where key = any($1::uuid[])', [keys]);
  return (rowCount ?? 0) > 0;
}

type Doubt = { kind: string; method: string; rule: string; systems: string[]; contacts: string[] };

const DOUBTS = `
select a.kind, a.method, coalesce(a.evidence ->> 'rule', a.evidence ->> 'reason', '') as rule,
  array_agg(distinct y.name) filter (where y.name is not null) as systems,
  array_agg(distinct y.data_quality) filter (where y.data_quality is not null) as contacts
from assertion a
  left join statement s on a.method = 'reference:' || s.key
  left join system y on y.id = any(coalesce(string_to_array(a.evidence ->> 'systems', ',')::int[], array[s.system_id]))
where (a.a = any($1::uuid[]) or a.b = any($1::uuid[])) and a.kind in ('disputed-number', 'possible-same', 'possible-parent')
group by a.id order by a.id limit 100`;

/** What waits for people about these numbers: which systems differ, and their data-quality contacts. */
export async function doubtsOf(db: Db, keys: string[]): Promise<Doubt[]> {
  const { rows } = await db.query<Doubt>(DOUBTS, [keys]);
  return rows.map((row) => ({ ...row, systems: row.systems ?? [], contacts: row.contacts ?? [] }));
}

export type LiftRow = { number: string; by: string; keys: string[]; aside: { chart: string; ref: string }[] };

/** One transaction: who lifted it, whose word is set aside by that, and that the number is free again. */
export async function saveLift(db: Db, { number, by, keys, aside }: LiftRow): Promise<void> {
  await db.query('select skein_lift($1, $2, $3, $4)', [number, by, keys, JSON.stringify(aside)]);
}

export type FreezeRow = { keys: string[]; by: string; cause: string };

/** Adds that the identity of a number (all its keys) was changed; of one that is frozen already nothing. */
export async function saveFreeze(db: Db, { keys, by, cause }: FreezeRow): Promise<void> {
  await db.query(
    `insert into frozen (number, cause, by_name) select k, $2, $3 from unnest($1::uuid[]) k on conflict do nothing`,
    [keys, cause, by],
  );
}

type Frozen = { by: string; cause: string; at: Date };

export async function freezeOf(db: Db, key: string): Promise<Frozen | null> {
  const { rows } = await db.query<Frozen>('select by_name as by, cause, at from frozen where number = $1', [
    key,
  ]);
  return rows[0] ?? null;
}

type Lifted = { by: string; at: Date };

export async function liftsOf(db: Db, number: string): Promise<Lifted[]> {
  const { rows } = await db.query<Lifted>(
    'select by_name as by, at from lift where number = $1 order by id',
    [number],
  );
  return rows;
}
