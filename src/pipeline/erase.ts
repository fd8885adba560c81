/**
 * A person is erased: whatever is stored of them goes, for good, and whoever was told of them is told that it
 * is withdrawn. Others keep what was said of them.
 */
import { namedOperator, record } from '../audit/record.ts';
import type { Context } from '../context.ts';
import { Rejected } from '../errors.ts';
import { isId, keyedId } from '../fhir/ids.ts';
import { link } from '../link/plan.ts';
import { isAbout, speaksOf, type Traces, tracesOf, withoutMention } from '../link/without-person.ts';
import { announceCommit } from '../publish/sequencer.ts';
import { findPerson } from '../save/decisions.ts';
import { eraseRows, isHeld, keepErasure, type RecordRow, recordsOf, unreadOf } from '../save/erasure.ts';
import { withFacts } from '../save/load.ts';
import { NOTHING, save } from '../save/save.ts';
import type { Facts } from '../store/facts.ts';
import { asOwner } from '../store/open.ts';
import type { Db } from '../store/pool.ts';
import { rulesOf } from './recompute.ts';

export const REASONS = ['right-to-erasure', 'consent-withdrawn', 'sent-in-error', 'court-order'] as const;
export type Reason = (typeof REASONS)[number];

/** `id` and `at`: of an erasure that was made before, and is made again in a store that was restored. */
export type Erasure = {
  reason: string;
  by: string;
  approvedBy: string;
  id?: string;
  at?: string;
  person?: string;
};
export type Erased = { charts: number; statements: number; records: number; messages: number; views: number };

/** Transactions that began before a look, and were not seen by it, have ended by then. */
const LONGEST_MS = 600_000;
const EVER = new Date(0);

/** Throws Rejected where nobody is known by the id, or a safety hold is in force. */
export async function erasePerson(ctx: Context, id: string, erasure: Erasure): Promise<Erased> {
  const known = isId(id) ? await findPerson(ctx.db, id) : null;
  if (!known) throw refused('not-found', `nobody is known as "${id}"`);
  const { charts } = known;
  const person = keyedId(ctx.key, 'erased', known.person);
  return eraseCharts(ctx, charts, { ...erasure, person }, async (db, { statements }) => {
    if (await isHeld(db, [known.person, ...charts]))
      throw refused('business-rule', 'a safety hold is in force: lift it first (skein hold lift)');
    const now = statements.filter(({ type, person }) => type === 'Patient' && person === known.person);
    if (now.length !== charts.length || now.some(({ key }) => !charts.includes(key)))
      throw refused(
        'conflict',
        'who this person is has changed meanwhile: look again (skein person explain)',
      );
  });
}

/**
 * All that these charts say, and what others say of whoever they are, in one transaction: all of it is gone,
 * or nothing. What must be looked through is looked through before, so that the family is locked shortly.
 * `check` throws, under the lock, where it must not be. By the owner of the tables: what serves changes no
 * fact.
 */
export const eraseCharts = (
  ctx: Context,
  charts: string[],
  erasure: Erasure,
  check: Check = async () => undefined,
): Promise<Erased> => asOwner(ctx, (db) => eraseBy({ ...ctx, db }, { charts, erasure, check }));

type Check = (db: Db, facts: Facts) => Promise<void>;
type Asked = { charts: string[]; erasure: Erasure; check: Check };

async function eraseBy(ctx: Context, { charts, erasure, check }: Asked): Promise<Erased> {
  const nobody = { systemId: 0, identifier: '' };
  const look = await withFacts(ctx.db, charts, nobody, async (_, { facts }) => keysOf(facts, charts));
  const began = new Date(Date.now() - LONGEST_MS);
  const before = await lookThrough(ctx, ctx.db, { ...look, since: EVER });
  const done = await withFacts(ctx.db, charts, nobody, async (client, { facts }) => {
    await check(client, facts);
    const now = keysOf(facts, charts);
    const after = await lookThrough(ctx, client, { ...now, since: began });
    const records = new Map([...before.records, ...after.records].map((one) => [one.id, one]));
    const unread = [...new Set([...before.unread, ...after.unread])];
    return eraseAll(ctx, client, {
      facts,
      charts,
      traces: now.traces,
      records: [...records.values()],
      unread,
      erasure,
    });
  });
  announceCommit(ctx);
  return done;
}

function keysOf({ statements }: Facts, charts: string[]) {
  const traces = tracesOf(statements, new Set(charts));
  return { traces, keys: [...new Set([...traces.keys, ...statements.map(({ chart }) => chart)])] };
}

type Look = { traces: Traces; keys: string[]; since: Date };

async function lookThrough({ key }: Context, db: Db, { traces, keys, since }: Look) {
  const records = await recordsOf(db, keys, since);
  const unread = await unreadOf({ db, key }, since, (body) => speaksOf(traces, body));
  return { records, unread };
}

type Found = {
  facts: Facts;
  charts: string[];
  traces: Traces;
  records: RecordRow[];
  unread: string[];
  erasure: Erasure;
};

async function eraseAll(ctx: Context, client: Db, found: Found): Promise<Erased> {
  const { facts, charts, traces, erasure } = found;
  const gone = facts.statements.filter((one) => isAbout(traces, one));
  const persons = gone.flatMap(({ type, person }) => (type === 'Patient' && person) || []);
  const ids = [...new Set([...charts, ...persons])];
  const left = facts.statements.flatMap((one) =>
    isAbout(traces, one) ? [] : { ...one, content: withoutMention(traces, one.content) },
  );
  const records = found.records.flatMap((row) => recordWithout(traces, row));
  const messages = [...new Set([...records.map(({ messageId }) => messageId), ...found.unread])];
  const views = facts.views.map(({ id }) => id);
  const rows = {
    ...{ ids, records, messages, views, texts: traces.texts, names: traces.names },
    keys: gone.map(({ key }) => key),
    statements: left.map(({ key, content }) => ({ key, content })),
  };
  const plan = link(rulesOf(ctx), { ...facts, statements: left, erased: ids }, null, null);
  await save(client, ctx, { ...NOTHING, plan });
  await eraseRows(client, rows);
  const { person = keyedId(ctx.key, 'erased', charts[0] ?? '') } = erasure;
  await keepErasure(client, { ...erasure, person, charts });
  await record(client, {
    ...{ kind: 'change', outcome: 'done', interaction: 'erase', type: 'Patient', ids, persons: ids },
    actor: namedOperator(`${erasure.by}, approved by ${erasure.approvedBy}`),
  });
  return {
    ...{ charts: charts.length, statements: gone.length, records: records.length },
    ...{ messages: messages.length, views: plan.forget.rows.length },
  };
}

/** The record with what it says of others; none where it says nothing of the person. */
function recordWithout(traces: Traces, row: RecordRow): RecordRow[] {
  const statements = row.statements.flatMap((one) =>
    isAbout(traces, one) ? [] : { ...one, content: withoutMention(traces, one.content) },
  );
  return JSON.stringify(statements) === JSON.stringify(row.statements) ? [] : [{ ...row, statements }];
}

const refused = (code: string, text: string) => new Rejected(422, [{ severity: 'error', code, text }]);
