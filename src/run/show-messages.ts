/** How the pages of messages look them up: metadata alone, by the ids that answers and log lines have. */

import { listSystems } from '../access/register/systems.ts';
import { findByName } from '../admin/messages.ts';
import type { Context } from '../context.ts';
import { findTold } from '../deliver/number/told-of.ts';
import { messageName } from '../fhir/ids.ts';
import { listMessages } from '../save/list-messages.ts';
import { listHeld } from '../save/maintenance-sql.ts';
import type { Messages } from '../web/pages/messages/routes.ts';

const PAGE = 50;

export const showMessages: Messages = {
  listHeld: async ({ db, key }) =>
    (await listHeld(db, null)).map(({ messageId, ...rest }) => ({
      ...rest,
      id: messageName(key, messageId),
    })),
  list: async ({ db, key }, { before, ...filter }) => {
    const from = /^\d{1,18}$/.test(before ?? '') ? before : null;
    const rows = await listMessages(db, { ...filter, before: from }, PAGE + 1);
    const listed = rows.slice(0, PAGE).map(({ row, ...rest }) => ({ ...rest, id: messageName(key, row) }));
    return { listed, next: rows.length > PAGE ? (rows[PAGE - 1]?.row ?? null) : null };
  },
  find: findOne,
  systems: async ({ db }) => (await listSystems(db)).map(({ name }) => name),
};

async function findOne(ctx: Context, id: string): ReturnType<Messages['find']> {
  const found = await findByName(ctx, id).catch((error: unknown) => {
    if (error instanceof Error && error.message.startsWith('no message ')) return null;
    throw error;
  });
  if (!found) return null;
  const { messageId: _row, units, ...rest } = found;
  const told = (await findTold(ctx.db, found)).map(({ code, subscription, system, state }) => ({
    code,
    system: subscription === null ? null : (system ?? 'The operator'),
    state: state ?? 'told to nobody',
  }));
  return { ...rest, id, units: units ?? [], told };
}
