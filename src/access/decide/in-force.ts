/**
 * The policy in force is kept in the store, with who approved it: the files are what it is to become. One
 * that opens more than the one in force needs two people's names.
 */
import type pg from 'pg';
import { OPERATOR, record } from '../../audit/record.ts';
import { type Db, transaction } from '../../store/pool.ts';
import { isApproved } from './approvals.ts';
import { EVIDENCE_FILE, parseEvidence, useEvidence } from './evidence.ts';
import { digestOf, POLICY_FILE, parsePolicy, usePolicy } from './policy.ts';
import { readFiles, type Texts } from './policy-file.ts';
import { widerEvidence, widerSharing } from './widen.ts';

const NAMES = { sharing: 'policy.sharing', evidence: 'policy.evidence' };

/** `wider`: what it opens. Where it is not `adopted` the one before it goes on. */
export type Adopted = { adopted: boolean; wider: string[]; evidenceChanged: boolean };

/** Puts the files in force, where they may be. Throws where they cannot be read: then nothing changes. */
export async function adoptPolicy(pool: pg.Pool, approvers: string[] = []): Promise<Adopted> {
  const files = readFiles(POLICY_FILE, EVIDENCE_FILE);
  const after = parse(files);
  const done = await transaction(pool, async (client) => {
    await client.query("select pg_advisory_xact_lock(hashtext('policy'))");
    const before = await readInForce(client);
    const wider = before ? widerBy(parse(before, KEPT), after) : [];
    const approved = await isApproved(client, JSON.stringify(files), approvers);
    const adopted = wider.length === 0 || approved;
    if (adopted && PARTS.some((part) => before?.[part] !== files[part])) {
      for (const part of PARTS) await client.query(KEEP, [NAMES[part], files[part]]);
      await recordPolicy(client, files, approvers);
    }
    return { adopted, wider, evidenceChanged: before !== null && before.evidence !== files.evidence };
  });
  await followPolicy(pool);
  return done;
}

/** Under its own digest, in the transaction that puts it in force. */
async function recordPolicy(db: Db, { sharing }: Texts, approvers: string[]): Promise<void> {
  const actor = { ...OPERATOR, name: approvers.join(', ') || OPERATOR.name };
  const policy = digestOf(sharing);
  await record(db, { kind: 'policy', outcome: 'done', actor, interaction: 'policy', policy });
}

const PARTS = ['sharing', 'evidence'] as const;
const KEPT = { kept: true };
const KEEP = `insert into setting (name, value) values ($1, $2)
  on conflict (name) do update set value = excluded.value where setting.value <> excluded.value`;

const parse = ({ sharing, evidence }: Texts, options = {}) => ({
  sharing: parsePolicy(sharing, 'policy/sharing.yaml', options),
  evidence: parseEvidence(evidence, 'policy/evidence.yaml'),
});

type Parsed = ReturnType<typeof parse>;
const widerBy = (before: Parsed, after: Parsed): string[] => [
  ...widerSharing(before.sharing, after.sharing),
  ...widerEvidence(before.evidence, after.evidence),
];

async function readInForce(db: Db): Promise<Texts | null> {
  const sql = 'select name, value from setting where name = any($1)';
  const { rows } = await db.query<{ name: string; value: string }>(sql, [Object.values(NAMES)]);
  const texts = new Map(rows.map(({ name, value }) => [name, value]));
  const [sharing, evidence] = PARTS.map((part) => texts.get(NAMES[part]));
  return sharing !== undefined && evidence !== undefined ? { sharing, evidence } : null;
}

/** What the files open that the policy in force does not; nothing is changed by asking. */
export async function pendingPolicy(db: Db): Promise<string[]> {
  const before = await readInForce(db);
  if (!before) return [];
  const [old, after] = [parse(before, KEPT), parse(readFiles(POLICY_FILE, EVIDENCE_FILE))];
  return widerBy(old, after);
}

/** Decides from now on by the policy in force; by the files where none is kept yet. */
export async function followPolicy(db: Db): Promise<void> {
  const texts = await readInForce(db);
  if (!texts) return;
  const { sharing, evidence } = parse(texts, KEPT);
  usePolicy(texts.sharing, sharing);
  useEvidence(evidence);
}

export const describeWider = (wider: string[]): string =>
  `policy/ is not in force, the one before it goes on: it opens more (${wider.join('; ')}), which needs two approvers`;
