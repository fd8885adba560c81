import type pg from 'pg';
import type { Context } from '../context.ts';
import type { Answer, Message, MessageStatus } from '../model.ts';
import type { IdentifiedRecord, Plan } from '../store/facts.ts';
import type { Db } from '../store/pool.ts';
import { sealBody } from './body.ts';
import { packBytes, packTexts } from './columns.ts';
import { indexColumns } from './index-columns.ts';
import { DONE_ROWS, SAVE_FORGETTING, SAVE_NEW, SAVE_OVER, valuesOf } from './sql.ts';

/** Everything that one message writes; what is null is not written. */
export type Saving = {
  /** To be kept raw; null where it was kept before, and `messageId` says where. */
  message: Message | null;
  messageId: string | null;
  record: { record: IdentifiedRecord; systemId: number } | null;
  plan: Plan | null;
  answer: { message: Message; status: MessageStatus; units: Answer['units'] } | null;
};

/** Of the context, what save needs: the key of ids, and whether bodies are encrypted. */
export type Keeping = Pick<Context, 'key' | 'config'>;

export const NOTHING: Saving = { message: null, messageId: null, record: null, plan: null, answer: null };

const NO_CHANGE: Plan = {
  statements: [],
  assertions: [],
  insert: [],
  update: [],
  involvements: { upsert: [], remove: [] },
  members: { upsert: [], remove: [] },
  events: [],
  due: [],
  forget: { rows: [], pasts: [], persons: [] },
};

/**
 * What one message writes, by `saveStatement`: alone in the transaction that holds its locks (withFacts).
 * Returns Skein's id of it.
 */
export async function save(db: Db, ctx: Keeping, saving: Saving): Promise<string> {
  const { rows } = await db.query<{ id: string }>(saveStatement(ctx, [saving]));
  return rows[0]?.id as string;
}

/**
 * Writes the raw messages, their records, every difference of their plans (statements, views with history and
 * index, access rows, events) and what became of each message, in one statement. To be run inside the
 * transaction that holds the locks of all of them: with its commit all of it is there, or none. No two may
 * touch one family. Gives Skein's `id` of each message, in order.
 */
export function saveStatement(ctx: Keeping, savings: Saving[]): pg.QueryConfig {
  const plans = savings.map(({ plan }) => plan ?? NO_CHANGE);
  const views = withPlaces(plans, ({ insert, update }) => [...insert, ...update]);
  const statements = withPlaces(plans, (plan) => plan.statements);
  const forget = forgottenOf(plans);
  const bodies = savings.map(({ message }) => message && sealBody(ctx, message));
  const values = valuesOf({
    messages: JSON.stringify(savings.map(messageRow)),
    bodies: packBytes(bodies.map((one) => one?.body ?? null)),
    bodyKeys: packBytes(bodies.map((one) => one?.bodyKey ?? null)),
    records: packTexts(savings.map(({ record }) => record && JSON.stringify(record.record.statements))),
    lineages: packTexts(savings.map(({ record }) => record && JSON.stringify(record.record.lineage))),
    statements: JSON.stringify(statements.map(({ content: _, ...row }) => row)),
    statementContents: packTexts(statements.map(({ content }) => JSON.stringify(content))),
    assertions: JSON.stringify(withPlaces(plans, ({ assertions }) => assertions)),
    views: JSON.stringify(views.map(({ content: _, ...row }) => row)),
    viewContents: packTexts(views.map(({ content }) => JSON.stringify(content))),
    ...indexColumns(ctx.key, views),
    involvements: JSON.stringify(differences(plans.map(({ involvements }) => involvements))),
    members: JSON.stringify(differences(plans.map(({ members }) => members))),
    events: JSON.stringify(withPlaces(plans, ({ events }) => events.map((event) => ({ event })))),
    due: JSON.stringify(plans.flatMap(({ due }) => due)),
    forget: JSON.stringify(forget),
  });
  if (forget.persons.length > 0) return { name: 'save-forgetting', text: SAVE_FORGETTING, values };
  return plans.every(isAddition)
    ? { name: 'save-new', text: SAVE_NEW, values }
    : { name: 'save-over', text: SAVE_OVER, values };
}

/** The rows of all plans, each with the place of its message. */
function withPlaces<Row extends object>(plans: Plan[], rowsOf: (plan: Plan) => Row[]) {
  return plans.flatMap((plan, index) => rowsOf(plan).map((row) => ({ ...row, place: index + 1 })));
}

function differences<Added, Left>(plans: { upsert: Added[]; remove: Left[] }[]) {
  return {
    upsert: plans.flatMap(({ upsert }) => upsert),
    remove: plans.flatMap(({ remove }) => remove),
  };
}

const isAddition = ({ update, involvements, members }: Plan): boolean =>
  update.length + involvements.remove.length + members.remove.length === 0;

/** Of all plans: nearly always nothing. */
function forgottenOf(plans: Plan[]): Plan['forget'] {
  const of = <Part extends keyof Plan['forget']>(part: Part) => plans.flatMap(({ forget }) => forget[part]);
  return { rows: of('rows'), pasts: of('pasts'), persons: of('persons') };
}

/** What is known of a message, its record and its answer but their JSON and the body. */
function messageRow({ message, messageId, record, answer }: Saving): object {
  const given = message ?? answer?.message;
  const flags = { stored: messageId, kept: message !== null, recorded: record !== null };
  return {
    ...flags,
    answered: answer !== null,
    systemId: given?.system.id ?? record?.systemId,
    identifier: given?.identifier,
    channel: given?.channel,
    contentType: given?.contentType,
    source: given?.source,
    contentHash: given?.contentHash,
    ...recordRow(record),
    status: answer?.status,
    units: answer?.units,
  };
}

function recordRow(saving: Saving['record']): object {
  if (!saving) return {};
  const { position, saidAt, stamp, mapping, mode } = saving.record;
  return { position, saidAt, stamp, mapping, mode };
}

/** True where a plan changes nothing. */
export function isEmpty(plan: Plan): boolean {
  const { involvements, members, statements, insert, update, forget } = plan;
  const rows = [
    statements,
    insert,
    update,
    involvements.upsert,
    involvements.remove,
    members.upsert,
    members.remove,
    forget.persons,
  ];
  return rows.every((list) => list.length === 0);
}

/** Positions of a message's rows that are stored already: all of them, or the one asked for. */
export async function findStoredRows(db: Db, messageId: string, position?: string): Promise<Set<string>> {
  const { rows } = await db.query<{ position: string }>(DONE_ROWS, [messageId, position]);
  return new Set(rows.map(({ position }) => position));
}
