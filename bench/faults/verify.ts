/** After the storm: is everything that was acknowledged there, once, linked, readable, and told? */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Pool } from 'pg';
import { request } from 'undici';
import type { Database } from '../store.ts';
import type { Listener } from './listener.ts';
import type { Acknowledged, Senders } from './senders.ts';
import { checkTelling } from './told.ts';

export type Findings = {
  acknowledged: number;
  /** Acknowledged and not stored exactly once as accepted, not linked, or not to be found in the API exactly once. */
  lost: number;
  storedTwice: number;
  /** People with more than one record of their own in the store. */
  duplicatesByPersonCount: number;
  /** Pairs of an event and a subscriber who must be told of it, and those who were not. */
  notifications: number;
  undelivered: number;
  /** Numbers that came out of order, with a gap, or with another content when sent again. */
  outOfOrder: number;
  /** Still in the outbox, waiting for a number, or for an acknowledgement, a minute after the last message. */
  left: number;
  repeatedWebhooks: number;
  /** Statements and families that a rebuild from facts found different, and resources that it changed. */
  rebuildChanged: number;
  details: string[];
};
type Seen = { senders: Senders; listener: Listener; url: string; complete: number };

const STORED = `
select i.identifier, i.status, count(distinct m.id)::int as messages, count(distinct r.id)::int as records,
  count(distinct p.row_id)::int as linked
from intake i join message m on m.id = i.message_id left join record r on r.message_id = m.id
left join resource p on p.record_id = r.id group by 1, 2`;
const TWICE =
  'select count(*)::int as twice from (select from message group by system_id, identifier having count(*) > 1) more';
const PERSONS = `
select count(*)::int as persons from resource where type = 'Patient' and (content ->> 'active') is distinct from 'false'`;
const READERS = 8;
const REFERRAL_SYSTEM = 'https://hv.example/Id/referral';

type Stored = { identifier: string; status: string; messages: number; records: number; linked: number };

/** `complete`: the subscribers that are told of every referral in full, and so can be asked for each by its number. */
export async function verify(db: Database, { senders, listener, url, complete }: Seen): Promise<Findings> {
  const { pool } = db;
  const { rows } = await pool.query<Stored>(STORED);
  const stored = new Map(rows.map((row) => [row.identifier, row]));
  const identifiers = [...senders.acknowledged.map(({ identifier }) => identifier), ...senders.admissions];
  const missing = identifiers.filter((identifier) => !isWhole(stored.get(identifier)));
  const unread = await findUnread(url, senders.acknowledged);
  const untold = senders.acknowledged.filter(({ referral }) => !listener.hasHeard(referral, complete));
  const telling = await checkTelling(pool, listener);
  const twice = (await pool.query<{ twice: number }>(TWICE)).rows[0]?.twice ?? 0;
  const persons = (await pool.query<{ persons: number }>(PERSONS)).rows[0]?.persons ?? 0;
  const people = countPeople(senders.acknowledged) + senders.admissions.length;
  return {
    acknowledged: identifiers.length,
    lost: missing.length + unread.length,
    storedTwice: twice,
    duplicatesByPersonCount: persons - people,
    notifications: telling.wanted,
    undelivered: telling.undelivered.length + untold.length,
    outOfOrder: telling.misnumbered.length,
    left: telling.left,
    repeatedWebhooks: [...listener.told.values()].reduce((sum, { repeats }) => sum + repeats, 0),
    rebuildChanged: await countRebuilt(db),
    details: [
      ...missing.map(
        (identifier) => `not stored whole: ${identifier} ${JSON.stringify(stored.get(identifier))}`,
      ),
      ...unread,
      ...untold.map(({ referral }) => `not told: ${referral}`),
      ...telling.undelivered,
      ...telling.misnumbered,
      ...senders.refused,
    ].slice(0, 20),
  };
}

const isWhole = (row: Stored | undefined) =>
  row !== undefined && row.status === 'accepted' && row.messages === 1 && row.records === 1 && row.linked > 0;

const countPeople = (acknowledged: Acknowledged[]) => new Set(acknowledged.map(({ person }) => person)).size;

/** Referrals that a search by their number does not find exactly once. */
async function findUnread(url: string, acknowledged: Acknowledged[]): Promise<string[]> {
  const queue = acknowledged.values();
  const unread: string[] = [];
  const readOn = async () => {
    for (const { referral } of queue) {
      const query = new URLSearchParams({ identifier: `${REFERRAL_SYSTEM}|${referral}` });
      const { statusCode, body } = await request(`${url}/fhir/ServiceRequest?${query}`);
      const { entry = [] } = (await body.json()) as { entry?: object[] };
      if (statusCode !== 200 || entry.length !== 1)
        unread.push(`${referral} read ${entry.length} times: ${statusCode}`);
    }
  };
  await Promise.all(Array.from({ length: READERS }, readOn));
  return unread;
}

/** Counted twice over: by what `skein rebuild` says, and by what the rows then say. */
async function countRebuilt({ pool, url }: Database): Promise<number> {
  const before = await readVersions(pool);
  const { PATH = '', HOME = '' } = process.env;
  const env = { PATH, HOME, DATABASE_URL: url };
  const { stdout } = await promisify(execFile)(process.execPath, ['bin/skein.js', 'rebuild', '--json'], {
    env,
  });
  const { changed, statements } = JSON.parse(stdout) as { changed: number; statements: number };
  const after = await readVersions(pool);
  const ids = [...new Set([...before.keys(), ...after.keys()])];
  return changed + statements + ids.filter((id) => before.get(id) !== after.get(id)).length;
}

async function readVersions(pool: Pool): Promise<Map<string, string>> {
  const text = "select type || '/' || id as id, version || ' ' || digest as version from resource";
  const { rows } = await pool.query<{ id: string; version: string }>(text);
  return new Map(rows.map(({ id, version }) => [id, version]));
}
