/** A policy that lets somebody know more is put in force by two people, whose names are kept. */
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { EVIDENCE, EVIDENCE_FILE, parseEvidence } from '../../src/access/decide/evidence.ts';
import { POLICY, POLICY_FILE, parsePolicy } from '../../src/access/decide/policy.ts';
import { widerEvidence, widerSharing } from '../../src/access/decide/widen.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { runProgram } from '../support/process.ts';
import { startSkein } from '../support/skein.ts';

const SHARING = readFileSync(POLICY_FILE, 'utf8');
const WORDS = readFileSync(EVIDENCE_FILE, 'utf8');
const sharing = (from: string, to: string) => parsePolicy(SHARING.replace(from, to), 'sharing.yaml');
const evidence = (from: string, to: string) => parseEvidence(WORDS.replace(from, to), 'evidence.yaml');
const NOW = { sharing: parsePolicy(SHARING, 'now'), evidence: parseEvidence(WORDS, 'now') };

test.each([
  ['closedCareDays: 90', 'closedCareDays: 91', ['closedCareDays: 91']],
  ['[police, ', '[', ['refusedSectors: without police']],
  ['sealedKinds: [reproductive-health]', 'sealedKinds: []', ['sealedKinds: without reproductive-health']],
  ['    STG: -/-/-/-', '    STG: S/-/-/-', ['subject STG own: - to S']],
  ['readsWaits: [commissioner', 'readsWaits: [gp, commissioner', ['readsWaits: gp']],
  [
    'CON: F/-/-/-',
    'CON: F/E/-/-',
    [expect.stringMatching(/ CON mother: - to E$/), expect.stringMatching(/ CON mother/)],
  ],
  [
    'hub: { ceiling: empty }',
    'hub: { ceiling: id-only }',
    expect.arrayContaining([expect.stringMatching(/may carry more$/)]),
  ],
])('%s as %s opens more, and back again does not', (from, to, wider) => {
  const changed = sharing(from, to);
  expect(widerSharing(NOW.sharing, changed)).toEqual(wider);
  expect(widerSharing(changed, NOW.sharing)).toEqual([]);
});

test.each([
  ['waitDays: 10', 'waitDays: 9', ['waitDays: 9']],
  ['gestational: A-if-verified', 'gestational: A', expect.arrayContaining(['maternity gestational: A'])],
])('of evidence %s as %s counts for more, and back again does not', (from, to, wider) => {
  const changed = evidence(from, to);
  expect(widerEvidence(NOW.evidence, changed)).toEqual(wider);
  expect(widerEvidence(changed, NOW.evidence)).toEqual([]);
});

describe('files that open more than the policy in force', () => {
  let database: TestDatabase;
  let skein: Awaited<ReturnType<typeof startSkein>>;
  beforeEach(async () => {
    database = await testDatabase();
    const narrower = SHARING.replace('closedCareDays: 90', 'closedCareDays: 30');
    const put = 'insert into setting (name, value) values ($1, $2)';
    await database.pool.query(put, ['policy.sharing', narrower]);
    await database.pool.query(put, ['policy.evidence', WORDS.replace('waitDays: 10', 'waitDays: 20')]);
    skein = await startSkein(database);
  });
  afterEach(() => skein.stop());

  async function reload(...names: string[]): Promise<{ code: number | null; output: string }> {
    const approvers = names.flatMap((name) => ['--approved-by', name]);
    const program = runProgram(['bin/skein.js', 'reload', ...approvers], { DATABASE_URL: database.url });
    return { code: await program.exit(), output: program.output() };
  }
  const reasons = async () => (await skein.get('/health/ready')).body.reasons as string[];

  it('change nothing by themselves, and say so at every look', async () => {
    expect([POLICY.closedCareDays, EVIDENCE.waitDays]).toEqual([30, 20]);
    expect(await reasons()).toEqual([
      'policy/ is not in force, the one before it goes on: it opens more (closedCareDays: 90; waitDays: 10), which needs two approvers',
    ]);
  });

  it('need two different people, and are followed by every process at once', async () => {
    for (const names of [[], ['A. Guardian'], ['A. Guardian', 'a. guardian ']]) {
      expect(await reload(...names)).toEqual({
        code: 1,
        output: expect.stringContaining('needs two approvers'),
      });
      expect(POLICY.closedCareDays).toBe(30);
    }
    const done = await reload('A. Guardian', 'C. Safety');
    expect(done).toEqual({
      code: 0,
      output: expect.stringContaining('evidence has changed: run skein rebuild'),
    });
    await expect
      .poll(() => [POLICY.closedCareDays, EVIDENCE.waitDays], { timeout: 10_000 })
      .toEqual([90, 10]);
    expect(await reasons()).toEqual([]);
    const { rows } = await database.pool.query('select by_name from policy_approval order by 1');
    expect(rows.map(({ by_name }) => by_name)).toEqual(expect.arrayContaining(['A. Guardian', 'C. Safety']));
  });
});
