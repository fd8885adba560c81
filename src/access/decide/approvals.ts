/**
 * What lets somebody know more is put in force by two people, whose names are kept with what they approved.
 */
import { hash } from 'node:crypto';
import type { Db } from '../../store/pool.ts';

const APPROVERS = 2;
const APPROVE = 'insert into policy_approval (digest, by_name) values ($1, $2) on conflict do nothing';
const APPROVED = 'select count(distinct lower(by_name))::int as n from policy_approval where digest = $1';

/**
 * Keeps who approves of `what` (a text that says all of it), and whether two have by now. Inside a
 * transaction. One name in other letters is one person.
 */
export async function isApproved(db: Db, what: string, approvers: string[]): Promise<boolean> {
  const digest = hash('sha256', what, 'base64url');
  const names = [...new Map(approvers.map((name) => [name.trim().toLowerCase(), name.trim()])).values()];
  for (const name of names.filter(Boolean)) await db.query(APPROVE, [digest, name]);
  const { rows } = await db.query<{ n: number }>(APPROVED, [digest]);
  return (rows[0]?.n ?? 0) >= APPROVERS;
}
