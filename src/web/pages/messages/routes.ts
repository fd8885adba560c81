/** `/pages/messages`: what was received and what became of it, for the operator alone. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Context } from '../../../context.ts';
import { oneOf, queryOf } from '../../../doors/query.ts';
import { isId } from '../../../fhir/ids.ts';
import type { Issue } from '../../../model.ts';
import { notFound } from '../../../read/answer.ts';
import { linkTo, makeFrame, readViewer, type Viewer } from '../frame.ts';
import { sendPage } from '../views.ts';
import { capital, dateTime, sayCount } from '../words.ts';
import { describeMessages, type Listed, STATES, sayIssue, tagOf } from './page.ts';

export type MessageFilter = { system: string | null; state: string | null; before: string | null };
/** One message: what is kept of it besides its bytes, and who was told of what it changed. */
export type MessageFound = Omit<Listed, 'cause' | 'issue' | 'status'> & {
  channel: string;
  source: string;
  status: string | null;
  mappings: string[];
  units: { position: string; status: string; issues: Issue[] }[];
  told: { code: string; system: string | null; state: string }[];
};
/** How messages are looked up: pages read no table. */
export type Messages = {
  listHeld: (ctx: Context) => Promise<Listed[]>;
  list: (ctx: Context, filter: MessageFilter) => Promise<{ listed: Listed[]; next: string | null }>;
  find: (ctx: Context, id: string) => Promise<MessageFound | null>;
  systems: (ctx: Context) => Promise<string[]>;
};

const HERE = '/pages/messages';

export function registerMessages(scope: FastifyInstance, ctx: Context, messages: Messages): void {
  scope.get(HERE, async (request, reply) => {
    const viewer = await readOperator(ctx, request);
    const query = queryOf(request);
    const filter = {
      system: oneOf(query, 'system') || null,
      state: STATES.find((one) => one === oneOf(query, 'state')) ?? null,
      before: oneOf(query, 'before') ?? null,
    };
    const [{ listed, next }, systems] = await Promise.all([
      messages.list(ctx, filter),
      messages.systems(ctx),
    ]);
    const kept = Object.fromEntries(
      Object.entries({ system: filter.system, state: filter.state }).filter(([, value]) => value !== null),
    ) as Record<string, string>;
    return sendPage(reply, 'messages', {
      frame: await makeFrame(ctx, viewer, { title: 'Messages', here: HERE }),
      lines: describeMessages(listed, (id) => linkTo(`${HERE}/${id}`, viewer)),
      states: choicesOf(STATES, filter.state, 'Any state'),
      systems: choicesOf(systems, filter.system, 'Any system'),
      as: viewer.as,
      next: next && linkTo(HERE, viewer, { ...kept, before: next }),
    });
  });
  scope.get<{ Params: { id: string } }>(`${HERE}/:id`, async (request, reply) => {
    const viewer = await readOperator(ctx, request);
    const { id } = request.params;
    const found = isId(id) ? await messages.find(ctx, id) : null;
    if (!found) throw notFound();
    return sendPage(reply, 'message', {
      frame: await makeFrame(ctx, viewer, { title: 'Message', here: `${HERE}/${id}` }),
      ...{ ...describe(found), back: linkTo(HERE, viewer) },
    });
  });
}

/** Messages are of all families: to a service they are not there. */
async function readOperator(ctx: Context, request: FastifyRequest): Promise<Viewer> {
  const viewer = await readViewer(ctx, request);
  if (viewer.service) throw notFound();
  return viewer;
}

const choicesOf = (values: string[], chosen: string | null, none: string) => [
  { value: '', text: none, isChosen: chosen === null },
  ...values.map((value) => ({ value, text: capital(value), isChosen: value === chosen })),
];

function describe({ receivedAt, status, units, told, mappings, ...found }: MessageFound) {
  return {
    message: found,
    when: dateTime(receivedAt),
    state: status ?? 'replaced',
    tag: tagOf(status ?? ''),
    mapping: [...new Set(mappings)].join(', ') || 'nothing',
    issues: units.flatMap(({ position, issues }) =>
      issues.map((issue) => ({
        ...{ position, field: issue.field ?? '', severity: capital(issue.severity), text: sayIssue(issue) },
      })),
    ),
    count: sayCount(units.length, 'part'),
    told: told.map(({ code, system, state }) => ({
      ...{ code: capital(code.replaceAll('-', ' ')), state, who: system ?? 'Nobody' },
    })),
  };
}
