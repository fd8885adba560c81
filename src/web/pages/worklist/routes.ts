/** `/pages/worklist`: who may be one person, and whose baby it is; decided by whoever runs Skein. */
import type { Bundle, Patient, Task } from '@medplum/fhirtypes';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../../../context.ts';
import { formOf } from '../../../doors/body.ts';
import { oneOf, queryOf, readPairs } from '../../../doors/query.ts';
import { Rejected } from '../../../errors.ts';
import { isId } from '../../../fhir/ids.ts';
import type { Human, Recipient } from '../../../model.ts';
import { notFound } from '../../../read/answer.ts';
import { answerSearch } from '../../../read/search/answer-search.ts';
import { linkTo, makeFrame, readViewer, type Viewer } from '../frame.ts';
import { turnTo } from '../sign-in/guard.ts';
import { sendPage } from '../views.ts';
import { BLANK, checkTyped, type Decision, readTyped, type Typed, type Wrong } from './decision.ts';
import { describeItems, makeItemPage, personsOf } from './page.ts';

type Asking = { recipient: Recipient; id: string };
type Word = { by: string; reason: string; human?: Human };
/** The worklist as the API has it: pages read no table, and decide by the same statements. */
export type Worklist = {
  list: (recipient: Recipient, status: 'requested' | 'on-hold') => Promise<Task[]>;
  read: (asking: Asking) => Promise<Task | null>;
  isDecided: (asking: Asking) => Promise<boolean>;
  accept: (asking: Asking, word: Word) => Promise<void>;
  reject: (asking: Asking, word: Word) => Promise<void>;
  defer: (asking: Asking, word: Word & { until: string }) => Promise<void>;
  undo: (asking: Asking, word: Word) => Promise<void>;
};

const HERE = '/pages/worklist';
const PAGE = 20;
const DAY_MS = 86_400_000;

export function registerWorklistPages(scope: FastifyInstance, ctx: Context, worklist: Worklist): void {
  scope.get(HERE, async (request, reply) => {
    const viewer = await readViewer(ctx, request);
    const query = queryOf(request);
    const status = oneOf(query, 'status') === 'on-hold' ? 'on-hold' : 'requested';
    const offset = Number(/^\d{1,6}$/.exec(oneOf(query, 'offset') ?? '')?.[0] ?? 0);
    const all = await worklist.list(viewer.asking.recipient, status);
    const tasks = all.slice(offset, offset + PAGE);
    const patients = await readPatients(viewer, tasks);
    request.given = bundleOf(tasks, patients);
    const more = { status, offset: String(offset + PAGE) };
    return sendPage(reply, 'worklist', {
      frame: await makeFrame(ctx, viewer, { title: 'Worklist', here: HERE }),
      lines: describeItems(tasks, { patients, isOperator: !viewer.service }, (id) =>
        linkTo(`${HERE}/${id}`, viewer),
      ),
      ...{ isOnHold: status === 'on-hold', total: all.length, isOperator: !viewer.service },
      other: linkTo(HERE, viewer, status === 'on-hold' ? {} : { status: 'on-hold' }),
      next: offset + PAGE < all.length ? linkTo(HERE, viewer, more) : null,
    });
  });
  scope.get<{ Params: { id: string } }>(`${HERE}/:id`, async (request, reply) =>
    sendItem(ctx, worklist, { request, reply, typed: BLANK, wrong: [] }),
  );
  scope.post<{ Params: { id: string } }>(`${HERE}/:id`, async (request, reply) =>
    settle(ctx, worklist, { request, reply }),
  );
}

type Exchange = { request: FastifyRequest<{ Params: { id: string } }>; reply: FastifyReply };
type Shown = Exchange & { typed: Typed; wrong: Wrong[] };

/** The item; of one that was decided, that it was, and how it is taken back. */
async function sendItem(ctx: Context, worklist: Worklist, { request, reply, typed, wrong }: Shown) {
  const { id } = request.params;
  if (!isId(id)) throw notFound();
  const viewer = await readViewer(ctx, request);
  const asking = { recipient: viewer.asking.recipient, id };
  const here = `${HERE}/${id}`;
  const [back, self] = [linkTo(HERE, viewer), linkTo(here, viewer)];
  const task = await worklist.read(asking);
  const common = {
    frame: await makeFrame(ctx, viewer, { title: 'Worklist item', here }),
    ...{ back, self, typed, wrong, isNamed: viewer.person !== null },
    prove: request.session?.isFresh === false ? proveAt(here) : null,
  };
  if (!task) {
    if (!(await worklist.isDecided(asking))) throw notFound();
    return sendPage(reply, 'worklist-decided', common);
  }
  const patients = await readPatients(viewer, [task]);
  request.given = bundleOf([task], patients);
  const isOperator = viewer.service === null;
  return sendPage(reply, 'worklist-item', {
    ...common,
    isOperator,
    page: makeItemPage(task, { patients, isOperator }),
  });
}

const proveAt = (here: string): string =>
  `/pages/sign-in/start?${new URLSearchParams({ again: '1', to: here })}`;

/** Pressed twice it is done once: the second time shows what was decided. */
async function settle(ctx: Context, worklist: Worklist, { request, reply }: Exchange): Promise<FastifyReply> {
  const { id } = request.params;
  if (!isId(id)) throw notFound();
  const viewer = await readViewer(ctx, request);
  const asking = { recipient: viewer.asking.recipient, id };
  const typed = readTyped(readPairs(formOf(request)));
  const { decision, wrong } = checkTyped(typed, viewer.person?.name ?? null);
  if (!decision) return sendItem(ctx, worklist, { request, reply: reply.code(422), typed, wrong });
  // To take apart what was joined asks for fresh proof of who decides.
  if (decision.act === 'undo' && request.session?.isFresh === false)
    return turnTo(reply, proveAt(`${HERE}/${id}`));
  try {
    await decide(worklist, asking, decision);
  } catch (error) {
    const status = error instanceof Rejected ? error.status : 0;
    if (status === 404 && (await worklist.isDecided(asking)))
      return turnTo(reply, linkTo(`${HERE}/${id}`, viewer));
    if (!(error instanceof Rejected) || status !== 422) throw error;
    const refused = [{ field: 'act-accept', text: `This cannot be: ${error.message}` }];
    return sendItem(ctx, worklist, { request, reply: reply.code(422), typed, wrong: refused });
  }
  return turnTo(reply, linkTo(decision.act === 'defer' ? HERE : `${HERE}/${id}`, viewer));
}

function decide(worklist: Worklist, asking: Asking, { act, by, reason, days }: Decision): Promise<void> {
  const { human } = asking.recipient;
  const word: Word = { by, reason, ...(human ? { human } : {}) };
  if (act !== 'defer') return worklist[act](asking, word);
  const until = new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);
  return worklist.defer(asking, { ...word, until });
}

/** Those of them whom the reader sees, as the reader sees them. */
async function readPatients({ asking }: Viewer, tasks: Task[]): Promise<Map<string, Patient>> {
  const ids = [...new Set(tasks.flatMap(personsOf))];
  if (ids.length === 0) return new Map();
  const pairs: [string, string][] = [
    ['_id', ids.join(',')],
    ['_count', String(ids.length)],
  ];
  const { entry = [] } = await answerSearch(asking, { type: 'Patient', base: '', pairs, lenient: false });
  return new Map(
    entry.flatMap(({ resource }): [string, Patient][] =>
      resource?.resourceType === 'Patient' ? [[resource.id ?? '', resource]] : [],
    ),
  );
}

/** What is given, for the audit. */
function bundleOf(tasks: Task[], patients: Map<string, Patient>): Bundle {
  const entry = [...tasks, ...patients.values()].map((resource) => ({ resource }));
  return { resourceType: 'Bundle', type: 'collection', entry };
}
