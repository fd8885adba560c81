/** After the storm: is everything that was acknowledged there, once, linked, and told? */
import type { Pool } from 'pg';
import type { Listener } from './listener.ts';
import type { Acknowledged, Senders } from './senders.ts';

export type Findings = {
  acknowledged: number;
  /** Acknowledged and not stored exactly once as accepted, not linked, or not told to a subscriber. */
  lost: number;
  storedTwice: number;
  /** People with more than one record of their own in the store. */
  duplicatesByPersonCount: number;
  /** Numbers that came out of order, with a gap, or with another content when sent again. */
  misordered: number;
  repeatedWebhooks: number;
  details: string[];
};

const STORED = `
select i.identifier, i.status, count(distinct m.id)::int as messages, count(distinct r.id)::int as records,
  count(distinct p.row_id)::int as linked
from intake i join message m on m.id = i.message_id left join record r on r.message_id = m.id
left join resource p on p.record_id = r.id group by 1, 2`;
const TWICE =
  'select count(*)::int as twice from (select from message group by system_id, identifier having count(*) > 1) more';
const PERSONS = `
select count(*)::int as persons from resource where type = 'Patient' and (content ->> 'active') is distinct from 'false'`;

type Stored = { identifier: string; status: string; messages: number; records: number; linked: number };

export async function verify(pool: Pool, senders: Senders, listener: Listener): Promise<Findings> {
  const { rows } = await pool.query<Stored>(STORED);
  const stored = new Map(rows.map((row) => [row.identifier, row]));
  const identifiers = [...senders.acknowledged.map(({ identifier }) => identifier), ...senders.admissions];
  const missing = identifiers.filter((identifier) => !isWhole(stored.get(identifier)));
  const untold = senders.acknowledged.filter(({ referral }) => !listener.hasHeard(referral));
  const twice = (await pool.query<{ twice: number }>(TWICE)).rows[0]?.twice ?? 0;
  const persons = (await pool.query<{ persons: number }>(PERSONS)).rows[0]?.persons ?? 0;
  const people = countPeople(senders.acknowledged) + senders.admissions.length;
  const faults = [...listener.told.values()].flatMap((told) => told.faults);
  return {
    acknowledged: identifiers.length,
    lost: missing.length + untold.length,
    storedTwice: twice,
    duplicatesByPersonCount: persons - people,
    misordered: faults.length,
    repeatedWebhooks: [...listener.told.values()].reduce((sum, { repeats }) => sum + repeats, 0),
    details: [
      ...missing.map((identifier) => `not stored whole: ${identifier} ${JSON.stringify(stored.get(identifier))}`),
      ...untold.map(({ referral }) => `not told: ${referral}`),
      ...faults,
      ...senders.refused,
    ].slice(0, 20),
  };
}

const isWhole = (row: Stored | undefined) =>
  row !== undefined && row.status === 'accepted' && row.messages === 1 && row.records === 1;

const countPeople = (acknowledged: Acknowledged[]) => new Set(acknowledged.map(({ person }) => person)).size;
