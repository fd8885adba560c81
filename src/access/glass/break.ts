/** Breaking glass: kept with its row in the audit, and asked by grants at the next request. */
import type pg from 'pg';
import { actorOf, record } from '../../audit/record.ts';
import type { Human, Recipient } from '../../model.ts';
import { transaction } from '../../store/pool.ts';
import { POLICY } from '../decide/policy.ts';

/** A system, with the person at it who breaks glass. */
export type Breaker = Extract<Recipient, { kind: 'system' }> & { human: Human };

const LOCK = 'select pg_advisory_xact_lock(hashtext($1), hashtext($2))';
const FORGET = "delete from glass_attempt where at < now() - interval '1 hour'";
const COUNT = 'select count(*)::int as n from glass_attempt where issuer = $1 and subject = $2';
const TRY = 'insert into glass_attempt (issuer, subject) values ($1, $2)';

/**
 * Counts that this person tries, whomever they mean. False where they tried as often in this hour as they may
 * by the policy, whatever came of it: then nothing is looked up.
 */
export function mayTry(db: pg.Pool, { issuer, subject }: Human): Promise<boolean> {
  return transaction(db, async (client) => {
    await client.query(LOCK, [issuer, subject]);
    await client.query(FORGET);
    const { rows } = await client.query<{ n: number }>(COUNT, [issuer, subject]);
    if ((rows[0]?.n ?? 0) >= POLICY.glass.triesPerHour) return false;
    await client.query(TRY, [issuer, subject]);
    return true;
  });
}

export type Breaking = { person: string; reason: string; hours: number; request: string };
export type Broken = { id: string; until: Date };

const BREAK = `
insert into glass (expires_at, person, service, system_id, issuer, subject, name, role, organisation, reason)
select now() + make_interval(hours => b.hours), b.person, b.service, b.system, b.issuer, b.subject, b.name,
  b.role, b.organisation, b.reason
from jsonb_to_record($1::jsonb) as b (hours int, person uuid, service uuid, system int, issuer text,
  subject text, name text, role text, organisation text, reason text)
returning id, expires_at as until`;

/** In force when it is answered, for this person at this service alone. The audit has all but the reason. */
export function breakGlass(db: pg.Pool, breaker: Breaker, breaking: Breaking): Promise<Broken> {
  const { system, human } = breaker;
  const { person, reason, hours, request } = breaking;
  const { issuer, subject, name, role, organisation } = human;
  const by = { issuer, subject, name, role, organisation };
  const row = { person, reason, hours, service: system.service.id, system: system.id, ...by };
  return transaction(db, async (client) => {
    const { rows } = await client.query<Broken>(BREAK, [JSON.stringify(row)]);
    const about = { type: 'Patient', ids: [person], persons: [person], request };
    const said = { kind: 'decision' as const, outcome: 'done', interaction: 'break-glass' };
    await record(client, { ...said, actor: actorOf(breaker), ...about });
    return rows[0] as Broken;
  });
}
