/** How the pages of messages look them up, by the ids that answers and log lines have. */

import { findSystem, listSystems } from '../access/register/systems.ts';
import { findByName } from '../admin/messages.ts';
import { explainWhy } from '../admin/why.ts';
import type { Context } from '../context.ts';
import { findTold } from '../deliver/number/told-of.ts';
import { messageName } from '../fhir/ids.ts';
import type { System } from '../model.ts';
import { replayOne } from '../pipeline/rebuild.ts';
import type { Pipeline } from '../pipeline.ts';
import { listMessages, readMessageBody } from '../save/list-messages.ts';
import { findConcerned, listHeld } from '../save/maintenance-sql.ts';
import type { Messages } from '../web/pages/messages/routes.ts';

const PAGE = 50;

/** With the mappings that are loaded. */
export const messagesOf = (pipeline: Pipeline): Messages => ({
  ...showMessages,
  retry: async (id, dryRun) => {
    const looked = await look(pipeline, id, null);
    return looked && replayOne(pipeline, looked.found.messageId, dryRun);
  },
});

/** What needs no mapping; the rest tries a message again. */
export const showMessages: Omit<Messages, 'retry'> = {
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
  open: openOne,
  why: async (ctx, id, system) => {
    const { text, about = [] } = await explainWhy(ctx, id, system);
    return { lines: text.split('\n').filter(Boolean), persons: about };
  },
  systems: async ({ db }, service) =>
    (await listSystems(db)).flatMap((one) => (isOf(one, service) ? one.name : [])),
};

/** A service is told of the messages of its own systems, whoever runs Skein of all. */
const isOf = (system: System | null, service: string | null): boolean =>
  service === null || system?.service.id === service;

type Stored = Awaited<ReturnType<typeof findByName>>;

async function look(ctx: Context, id: string, service: string | null) {
  const found = await findByName(ctx, id).catch((error: unknown) => {
    if (error instanceof Error && error.message.startsWith('no message ')) return null;
    throw error;
  });
  const system = found && (await findSystem(ctx.db, found.system));
  return found && isOf(system, service) ? { found, system } : null;
}

/** To a service no more than what it was told itself: whether others were is not its to know. */
async function findOne(ctx: Context, id: string, service: string | null): ReturnType<Messages['find']> {
  const looked = await look(ctx, id, service);
  if (!looked) return null;
  const { messageId: _row, units, ...rest } = looked.found;
  const own = new Set(await showMessages.systems(ctx, service));
  const all = await findTold(ctx.db, looked.found);
  const shown = service === null ? all : all.filter(({ system }) => own.has(system ?? ''));
  const told = shown.map(({ code, subscription, system, state }) => ({
    code,
    system: subscription === null ? null : (system ?? 'The operator'),
    state: state ?? 'told to nobody',
  }));
  return { ...rest, id, units: units ?? [], told };
}

async function openOne(ctx: Context, id: string, service: string): ReturnType<Messages['open']> {
  const looked = await look(ctx, id, service);
  const body = looked && (await readMessageBody(ctx.db, ctx.key, looked.found.messageId));
  if (!looked || !body) return null;
  const { found, system } = looked;
  return {
    text: body.toString('utf8'),
    mapping: mappingOf(found),
    dialect: system?.dialect ?? null,
    persons: await findConcerned(ctx.db, found),
  };
}

/** The one that read it; of what none has read, the first of its system. */
function mappingOf({ mappings, source }: Stored): string {
  const [read] = mappings;
  return (read ?? source).split(/[@,]/)[0] ?? '';
}
