/** `/pages/prompts/{id}`: one that the reader's service owns, and how it ends. */
import type { Bundle, Patient, Task } from '@medplum/fhirtypes';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../../../context.ts';
import { formOf } from '../../../doors/body.ts';
import { readPairs } from '../../../doors/query.ts';
import { Rejected } from '../../../errors.ts';
import { isId } from '../../../fhir/ids.ts';
import { reasonsFor } from '../../../fhir/prompt-reasons.ts';
import { notFound } from '../../../read/answer.ts';
import { isOpenPrompt } from '../../../read/journey/tasks.ts';
import { readResource } from '../../../read/read.ts';
import type { Asking } from '../../../read/search/candidates.ts';
import { linkTo, makeFrame, mayAnswer, readViewer, type Viewer } from '../frame.ts';
import { sayPrompt } from '../journey/to-do.ts';
import { turnTo } from '../sign-in/guard.ts';
import { sendPage } from '../views.ts';
import { dayOf, longDate } from '../words.ts';

type Word = { id: string; version: string; status: 'completed' | 'rejected'; reason: string };
/** Ends one. Throws Rejected(412) where it has changed since that version of it was seen. */
export type EndPrompt = (asking: Asking, word: Word) => Promise<void>;

type WithId = { Params: { id: string } };
type Wrong = { field: string; text: string };
const HERE = '/pages/prompts';
const FAMILIES = '/pages/families';

/** Codes of `PROMPT_REASONS` in words. */
const WORDS: Record<string, string> = {
  done: 'Done',
  'in-hand': 'Already in hand',
  'not-needed': 'Not needed',
  'not-now': 'Not now',
  'not-ours': 'Not for this service',
  offered: 'Help was offered',
  'she-declined': 'She declined',
  'not-safe': 'An offer is not safe',
  none: 'There is no partner',
  unknown: 'Not known',
  later: 'To be asked later',
};
const DISMISSED = ['not-needed', 'not-now', 'not-ours'];

export function registerPromptPages(scope: FastifyInstance, ctx: Context, end: EndPrompt): void {
  scope.get<WithId>(`${HERE}/:id`, async (request, reply) => sendOne(ctx, { request, reply, wrong: [] }));
  scope.post<WithId>(`${HERE}/:id`, async (request, reply) => answer(ctx, end, { request, reply }));
}

type Exchange = { request: FastifyRequest<WithId>; reply: FastifyReply };

async function sendOne(
  ctx: Context,
  { request, reply, wrong }: Exchange & { wrong: Wrong[] },
): Promise<FastifyReply> {
  const viewer = await readViewer(ctx, request);
  const { task, about } = await readPrompt(viewer, request.params.id);
  request.given = bundleOf(task, about);
  const here = `${HERE}/${task.id}`;
  const [title, note] = sayPrompt(task);
  const [name] = about?.name ?? [];
  const since = dayOf(task.authoredOn);
  return sendPage(reply, 'prompt', {
    frame: await makeFrame(ctx, viewer, { title: 'To do', here }),
    ...{ title, note, wrong, self: linkTo(here, viewer), back: linkTo(FAMILIES, viewer) },
    who: [name?.given?.[0], name?.family].filter(Boolean).join(' ') || 'a person of this family',
    since: since === null ? '' : longDate(since),
    version: task.meta?.versionId,
    isOpen: isOpenPrompt(task) && mayAnswer(viewer),
    reasons: reasonsFor(task.code?.coding?.[0]?.code).map((value) => ({
      value,
      text: WORDS[value] ?? value,
    })),
  });
}

/** Twice the same is once. */
async function answer(ctx: Context, end: EndPrompt, { request, reply }: Exchange): Promise<FastifyReply> {
  const viewer = await readViewer(ctx, request);
  const { task } = await readPrompt(viewer, request.params.id);
  if (!mayAnswer(viewer)) throw notFound();
  const form = readPairs(formOf(request));
  const reason = form.get('act') ?? '';
  const again = (status: number, text: string) =>
    sendOne(ctx, { request, reply: reply.code(status), wrong: [{ field: 'now', text }] });
  if (!reasonsFor(task.code?.coding?.[0]?.code).includes(reason)) return again(422, 'Choose an answer');
  const status = DISMISSED.includes(reason) ? 'rejected' : 'completed';
  const word = { id: task.id ?? '', version: form.get('version') ?? '', status, reason } as const;
  try {
    if (isOpenPrompt(task)) await end(viewer.asking, word);
  } catch (error) {
    if (!(error instanceof Rejected) || error.status !== 412) throw error;
    return again(409, 'It has changed since you opened it. This is how it stands now');
  }
  return turnTo(reply, linkTo(FAMILIES, viewer));
}

type Prompt = { task: Task; about: Patient | null };

/** Throws Rejected(404) where it is none of the reader's service. */
async function readPrompt({ asking, service }: Viewer, id: string): Promise<Prompt> {
  if (!service || !isId(id)) throw notFound();
  const task = (await readResource(asking, 'Task', id)) as Task;
  if (task.owner?.reference !== `Organization/${service.id}` || !task.identifier) throw notFound();
  const [type, person = ''] = task.for?.reference?.split('/') ?? [];
  const about = type === 'Patient' ? ((await readResource(asking, 'Patient', person)) as Patient) : null;
  return { task, about };
}

const bundleOf = (task: Task, about: Patient | null): Bundle => ({
  ...{ resourceType: 'Bundle', type: 'collection' },
  entry: [task, ...(about ? [about] : [])].map((resource) => ({ resource })),
});
