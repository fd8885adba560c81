/**
 * `/pages/messages`: what was received and what became of it. For the operator metadata alone; for an
 * engineer those of the own systems, and of one its text and what it became, on record each time.
 */
import type { Bundle } from '@medplum/fhirtypes';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../../../context.ts';
import { formOf } from '../../../doors/body.ts';
import { oneOf, queryOf, readPairs } from '../../../doors/query.ts';
import { isId } from '../../../fhir/ids.ts';
import type { Issue } from '../../../model.ts';
import { notFound } from '../../../read/answer.ts';
import { linkTo, makeFrame, readViewer } from '../frame.ts';
import { describeTried } from '../playground/page.ts';
import type { Bench } from '../playground/routes.ts';
import { sendPage } from '../views.ts';
import { capital, dateTime, sayCount } from '../words.ts';
import { describeMessages, type Listed, STATES, sayIssue, tagOf } from './page.ts';

export type MessageFilter = {
  system: string | null;
  state: string | null;
  /** Of whose systems; null: of all. */
  service: string | null;
  before: string | null;
};
/** One message: what is kept of it besides its bytes, and who was told of what it changed. */
export type MessageFound = Omit<Listed, 'cause' | 'issue' | 'status'> & {
  channel: string;
  source: string;
  status: string | null;
  mappings: string[];
  units: { position: string; status: string; issues: Issue[] }[];
  told: { code: string; system: string | null; state: string }[];
};
/** `persons`: ids of whom it changed something. */
export type Opened = { text: string; mapping: string; dialect: string | null; persons: string[] };
/** How messages are looked up: pages read no table. */
export type Messages = {
  listHeld: (ctx: Context) => Promise<Listed[]>;
  list: (ctx: Context, filter: MessageFilter) => Promise<{ listed: Listed[]; next: string | null }>;
  find: (ctx: Context, id: string, service: string | null) => Promise<MessageFound | null>;
  /** Its text, for the engineer of its own system; null where it is another's, or has expired. */
  open: (ctx: Context, id: string, service: string) => Promise<Opened | null>;
  systems: (ctx: Context, service: string | null) => Promise<string[]>;
  /** Why a system was told of what it changed, or was not; for the operator. Throws Rejected for none. */
  why: (ctx: Context, id: string, system: string) => Promise<{ lines: string[]; persons: string[] }>;
  /** Reads it once more, by what is loaded now; null of what is not held. `dryRun`: keeps nothing of that. */
  retry: (id: string, dryRun: boolean) => Promise<{ parts: number; accepted: number } | null>;
};

type WithId = { Params: { id: string } };
const HERE = '/pages/messages';
/** Of a large file the beginning is shown. */
const MOST_TEXT = 100_000;

export function registerMessages(
  scope: FastifyInstance,
  ctx: Context,
  { messages, bench }: { messages: Messages; bench: Bench },
): void {
  scope.get(HERE, async (request, reply) => {
    const viewer = await readViewer(ctx, request);
    const service = viewer.service?.id ?? null;
    const query = queryOf(request);
    const filter = {
      system: oneOf(query, 'system') || null,
      state: STATES.find((one) => one === oneOf(query, 'state')) ?? null,
      service,
      before: oneOf(query, 'before') ?? null,
    };
    const [{ listed, next }, systems] = await Promise.all([
      messages.list(ctx, filter),
      messages.systems(ctx, service),
    ]);
    const kept = Object.fromEntries(
      Object.entries({ system: filter.system, state: filter.state }).filter(([, value]) => value !== null),
    ) as Record<string, string>;
    return sendPage(reply, 'messages', {
      frame: await makeFrame(ctx, viewer, { title: 'Messages', here: HERE }),
      lines: describeMessages(listed, (id) => linkTo(`${HERE}/${id}`, viewer)),
      states: choicesOf(STATES, filter.state, 'Any state'),
      systems: choicesOf(systems, filter.system, 'Any system'),
      ...{ as: viewer.as, isOwn: service !== null },
      next: next && linkTo(HERE, viewer, { ...kept, before: next }),
    });
  });
  scope.get<WithId>(`${HERE}/:id`, async (request, reply) => sendOne(request, reply, ''));
  scope.post<WithId>(`${HERE}/:id`, async (request, reply) => {
    const viewer = await readViewer(ctx, request);
    const { id } = request.params;
    if (viewer.service || !isId(id)) throw notFound();
    const act = readPairs(formOf(request)).get('act');
    if (act !== 'look' && act !== 'retry')
      return sendOne(request, reply.code(422), 'Choose what is to be done');
    const tried = await messages.retry(id, act === 'look');
    if (!tried) return sendOne(request, reply, 'It is not held any more, or its text has expired');
    const { parts, accepted } = tried;
    const whole = `${accepted} of ${sayCount(parts, 'part')}`;
    return sendOne(request, reply, act === 'look' ? `${whole} would be accepted now` : `${whole} accepted`);
  });

  async function sendOne(request: FastifyRequest<WithId>, reply: FastifyReply, said: string) {
    const viewer = await readViewer(ctx, request);
    const service = viewer.service?.id ?? null;
    const { id } = request.params;
    const found = isId(id) ? await messages.find(ctx, id, service) : null;
    if (!found) throw notFound();
    const here = `${HERE}/${id}`;
    const isAsked = oneOf(queryOf(request), 'show') === 'text' && service !== null;
    const opened = isAsked ? await messages.open(ctx, id, service) : null;
    if (opened) request.given = lookedAt(id, opened.persons);
    const asked = service === null ? oneOf(queryOf(request), 'why') || null : null;
    const why = asked === null ? null : await messages.why(ctx, id, asked);
    if (why) request.given = lookedAt(id, why.persons);
    const { text = '', mapping = '', dialect = null } = opened ?? {};
    const tried = opened && (await bench.run({ name: mapping, dialect, text, draft: null }));
    return sendPage(reply, 'message', {
      frame: await makeFrame(ctx, viewer, { title: 'Message', here }),
      ...{ ...describe(found), back: linkTo(HERE, viewer), isOwn: service !== null, isAsked, said },
      ...{ text: text.slice(0, MOST_TEXT).replace(/\r\n?/g, '\n'), isCut: text.length > MOST_TEXT },
      ...{ tried: tried && describeTried(tried), self: linkTo(here, viewer) },
      show: linkTo(here, viewer, { show: 'text' }),
      ...{ why: why?.lines ?? null, as: viewer.as },
      systems: service === null ? choicesOf(await messages.systems(ctx, null), asked, 'Choose') : [],
    });
  }
}

/** What is given, for the audit: the message, and of whom it speaks as far as that is known. */
const lookedAt = (message: string, persons: string[]): Bundle => ({
  ...{ resourceType: 'Bundle', type: 'collection' },
  entry: [
    { resource: { resourceType: 'Binary', id: message, contentType: 'application/octet-stream' } },
    ...persons.map((id) => ({ resource: { resourceType: 'Patient' as const, id } })),
  ],
});

const choicesOf = (values: string[], chosen: string | null, none: string) => [
  { value: '', text: none, isChosen: chosen === null },
  ...values.map((value) => ({ value, text: capital(value), isChosen: value === chosen })),
];

function describe({ receivedAt, status, units, told, mappings, ...found }: MessageFound) {
  return {
    message: found,
    when: dateTime(receivedAt),
    state: status ?? 'replaced',
    mayRetry: status === 'held' || status === 'failed' || units.some((one) => one.status === 'held'),
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
