import { indexRows } from '../fhir/index-rows.ts';
import type { Answer, Message, MessageStatus } from '../model.ts';
import type { IdentifiedRecord, Plan, View } from '../store/facts.ts';
import type { Db } from '../store/pool.ts';
import { DONE_ROWS, SAVE_NEW, SAVE_OVER } from './sql.ts';

/** Everything one transaction writes; what is null is not written. */
export type Saving = {
  /** To be kept raw; null where it was kept before, and `messageId` says where. */
  message: Message | null;
  messageId: string | null;
  record: { record: IdentifiedRecord; systemId: number } | null;
  plan: Plan | null;
  answer: { message: Message; status: MessageStatus; units: Answer['units'] } | null;
};

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
};

/**
 * Writes the raw message, its record, every difference of the plan (statements, views with history and index, access rows, events)
 * and what became of the message, in one statement. Call it inside the transaction that holds the locks (withFacts): with its
 * commit all of it is there, or none. Returns Skein's id of the message.
 */
export async function save(db: Db, key: Buffer, saving: Saving): Promise<string> {
  const plan = saving.plan ?? NO_CHANGE;
  const { statements, lineage } = saving.record?.record ?? {};
  const views = [...plan.insert.map((view) => ({ ...view, rowId: null })), ...plan.update];
  const { rows } = await db.query<{ id: string }>({
    ...(isAddition(plan) ? { name: 'save-new', text: SAVE_NEW } : { name: 'save-over', text: SAVE_OVER }),
    values: [
      messageRow(saving.message),
      saving.message?.body ?? null,
      saving.messageId,
      recordRow(saving.record),
      JSON.stringify(statements ?? null),
      JSON.stringify(lineage ?? null),
      JSON.stringify(plan.statements),
      JSON.stringify(plan.assertions),
      JSON.stringify(views),
      ...indexColumns(key, views),
      JSON.stringify(plan.involvements),
      JSON.stringify(plan.members),
      JSON.stringify(plan.events),
      intakeRow(saving.answer),
    ],
  });
  return rows[0]?.id as string;
}

const isAddition = ({ update, involvements, members }: Plan): boolean =>
  update.length + involvements.remove.length + members.remove.length === 0;

/** The index rows of all views, a column each; a row names its view by place, from 1. Numbers as array literals: pg's are slower. */
function indexColumns(key: Buffer, views: View[]): unknown[] {
  const tokens = { places: '', params: '', hashes: '' };
  const dates = { places: '', params: '', lows: [] as string[], highs: [] as string[] };
  const strings = { places: '', params: '', values: [] as string[] };
  for (const [index, view] of views.entries()) {
    const place = `,${index + 1}`;
    const rows = indexView(key, view);
    for (const { param, hash } of rows.tokens) {
      tokens.places += place;
      tokens.params += `,${param}`;
      tokens.hashes += `,${hash}`;
    }
    for (const { param, low, high } of rows.dates) {
      dates.places += place;
      dates.params += `,${param}`;
      dates.lows.push(low);
      dates.highs.push(high);
    }
    for (const { param, value } of rows.strings) {
      strings.places += place;
      strings.params += `,${param}`;
      strings.values.push(value);
    }
  }
  const list = (items: string) => `{${items.slice(1)}}`;
  return [
    ...[list(tokens.places), list(tokens.params), list(tokens.hashes)],
    ...[list(dates.places), list(dates.params), dates.lows, dates.highs],
    ...[list(strings.places), list(strings.params), strings.values],
  ];
}

/** A Patient is found by what any of its charts says: of which of them a reader may know is asked when it is read. */
function indexView(key: Buffer, { content, sources }: View): ReturnType<typeof indexRows> {
  const charts = sources && 'charts' in sources ? sources.charts : [];
  const rows = indexRows(key, content);
  if (charts.length < 2) return rows;
  const all = [rows, ...charts.map(({ content }) => indexRows(key, content))];
  return {
    tokens: distinct(all.flatMap(({ tokens }) => tokens)),
    dates: distinct(all.flatMap(({ dates }) => dates)),
    strings: distinct(all.flatMap(({ strings }) => strings)),
  };
}

const distinct = <T extends object>(rows: T[]): T[] => [
  ...new Map(rows.map((row) => [Object.values(row).join(' '), row])).values(),
];

function messageRow(message: Message | null): string | null {
  if (!message) return null;
  const { system, channel, contentType, source, identifier, contentHash } = message;
  const row = {
    channel,
    source,
    identifier,
    system_id: system.id,
    content_type: contentType,
    content_hash: contentHash,
  };
  return JSON.stringify(row);
}

function recordRow(saving: Saving['record']): string | null {
  if (!saving) return null;
  const { position, saidAt, stamp, mapping, mode } = saving.record;
  return JSON.stringify({ system_id: saving.systemId, said_at: saidAt, position, stamp, mapping, mode });
}

function intakeRow(answer: Saving['answer']): string | null {
  if (!answer) return null;
  const { message, status, units } = answer;
  const { system, identifier, contentHash } = message;
  return JSON.stringify({ system_id: system.id, content_hash: contentHash, identifier, status, units });
}

/** True where a plan changes nothing. */
export function isEmpty(plan: Plan): boolean {
  const { involvements, members, statements, insert, update } = plan;
  const rows = [
    statements,
    insert,
    update,
    involvements.upsert,
    involvements.remove,
    members.upsert,
    members.remove,
  ];
  return rows.every((list) => list.length === 0);
}

/** Positions of a message's rows that are stored already: all of them, or the one asked for. */
export async function findStoredRows(db: Db, messageId: string, position?: string): Promise<Set<string>> {
  const { rows } = await db.query<{ position: string }>(DONE_ROWS, [messageId, position]);
  return new Set(rows.map(({ position }) => position));
}
