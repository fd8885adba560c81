/** `skein messages --held`: what waits for somebody, and why. */

import type { Context } from '../context.ts';
import { findTold, type ToldOf } from '../deliver/number/told-of.ts';
import { messageName } from '../fhir/ids.ts';
import type { Issue } from '../model.ts';
import {
  findConcerned,
  findMessage,
  listHeld,
  messageIds,
  type StoredMessage,
} from '../save/maintenance-sql.ts';
import type { Done } from './command.ts';

/** Newest first; the ids are those that answers and log lines have. */
export async function listHolds({ db, key }: Context, system: string | null): Promise<Done> {
  const held = (await listHeld(db, system)).map((one) => ({
    ...one,
    messageId: messageName(key, one.messageId),
  }));
  const lines = held.map(
    ({ messageId, receivedAt, system, identifier, cause, issue }) =>
      `${receivedAt.toISOString()} ${messageId} ${system} ${identifier} ${cause}: ${describe(issue)}\n`,
  );
  return { data: held, text: lines.join('') || 'nothing is held\n' };
}

const describe = (issue: Issue | null): string =>
  issue ? `${issue.field && !issue.text.includes(issue.field) ? `${issue.field}: ` : ''}${issue.text}` : '';

function describeTold({ code, subscription, system, number, state }: ToldOf): string {
  if (subscription === null) return `${code}: told to nobody`;
  return `${code}: number ${number} of ${system ?? 'the operator'}, subscription ${subscription}, ${state}`;
}

const PAGE = 10_000;

type Named = Pick<Context, 'db' | 'key'>;

/** One message and whoever was told of what it changed, by the id that its answer and its log lines have. */
export async function describeMessage(ctx: Named, id: string): Promise<Done> {
  const found = await findByName(ctx, id);
  const about = await findConcerned(ctx.db, found);
  return { ...shown({ ...found, messageId: id.toLowerCase() }, await findTold(ctx.db, found)), about };
}

/** The id is a keyed hash of the row and is stored nowhere: it is looked for, newest first. */
export async function findByName({ db, key }: Named, id: string): Promise<StoredMessage> {
  const wanted = id.toLowerCase();
  for (let before: string | null = null; ; ) {
    const page: string[] = await messageIds(db, before, PAGE);
    const row = page.find((one) => messageName(key, one) === wanted);
    const found = row === undefined ? null : await findMessage(db, row);
    if (found) return found;
    before = page.at(-1) ?? null;
    if (page.length < PAGE || before === null) throw new Error(`no message ${wanted} is kept here`);
  }
}

function shown(found: StoredMessage, told: ToldOf[]): Done {
  const { messageId, system, identifier, channel, source, receivedAt, status, units, mappings } = found;
  const state = status ?? 'replaced by another message under its id';
  const lines = [
    `${receivedAt.toISOString()} ${messageId} ${system} ${identifier}: ${state}`,
    `by ${channel}, source ${source}, read by ${[...new Set(mappings)].join(', ') || 'nothing'}`,
    ...(units ?? []).flatMap(({ position, status, issues }) =>
      issues.map(
        (issue) => `${[position, status, issue.severity].filter(Boolean).join(' ')}: ${describe(issue)}`,
      ),
    ),
    ...told.map(describeTold),
  ];
  return { data: { ...found, told }, text: lines.map((line) => `${line}\n`).join('') };
}
