/**
 * What the owner of a prompt does with it, by https://hl7.org/fhir/R4/http.html#update of the Task: it is
 * done with, or was none. Nothing of it leaves the service.
 */
import type { Task } from '@medplum/fhirtypes';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { Rejected, rejected } from '../errors.ts';
import { acceptJson } from '../fhir/accept.ts';
import { etagOf } from '../fhir/bundle.ts';
import { reasonsFor } from '../fhir/prompt-reasons.ts';
import { PROMPT_OCCASION, PROMPT_REASONS } from '../fhir/systems.ts';
import type { Answer, Recipient } from '../model.ts';
import { sendVersion } from '../read/answer.ts';
import { readResource, seeOne } from '../read/read.ts';
import type { Asking } from '../read/search/candidates.ts';

type WithId = { Params: { id: string } };
type Given = { system: Extract<Recipient, { kind: 'system' }>['system']; task: Task & { id: string } };
/** Keeps it and recomputes the family; `conflict` where that version was answered otherwise. */
export type AnswerPrompt = (
  ctx: Context,
  given: Given & { version: number; body: Buffer },
) => Promise<Answer>;

export function registerPrompts(app: FastifyInstance, ctx: Context, answerPrompt: AnswerPrompt): void {
  const ask = ({ recipient }: FastifyRequest) => ({ db: ctx.db, key: ctx.key, recipient });
  app.put<WithId>('/fhir/Task/:id', { onRequest: acceptJson }, async (request, reply) => {
    const { id } = request.params;
    const { body, headers } = request;
    await endPrompt(ctx, { asking: ask(request), id, body, ifMatch: headers['if-match'] }, answerPrompt);
    return sendVersion(request, reply, await readResource(ask(request), 'Task', id));
  });
}

/** `body`: the Task as it is to be; of it only how it ended and why counts. */
type Ended = { asking: Asking; id: string; body: unknown; ifMatch: string | undefined };

/**
 * Throws Rejected: 404 where there is none of the service that asks, 412 where another version was meant or
 * was answered meanwhile, 422 for what is no prompt and no way to end one.
 */
export async function endPrompt(
  ctx: Context,
  { asking, id, body, ifMatch }: Ended,
  answerPrompt: AnswerPrompt,
): Promise<void> {
  const { row } = await seeOne(asking, 'Task', id);
  const present = (await readResource(asking, 'Task', id)) as Task & { id: string };
  const { recipient } = asking;
  if (recipient.kind !== 'system')
    throw rejected(403, 'forbidden', 'a prompt is answered by the service that owns it');
  checkVersion(ifMatch, present);
  const { meta: _version, ...task } = { ...present, ...endIn(body, present) };
  const given = { system: recipient.system, task, version: row.version };
  if ((await answerPrompt(ctx, { ...given, body: Buffer.from(JSON.stringify(body)) })).conflict)
    throw changed();
}

const changed = () =>
  new Rejected(412, [
    {
      ...{ severity: 'error', code: 'conflict', field: 'If-Match' },
      text: 'it has been changed meanwhile: read it and decide again',
    },
  ]);

/** https://hl7.org/fhir/R4/http.html#concurrency */
function checkVersion(asked: string | undefined, { meta }: Task): void {
  if (asked === undefined) return;
  const tags = asked.split(',').map((tag) => tag.trim());
  if (!tags.includes('*') && !tags.includes(etagOf(meta?.versionId ?? ''))) throw changed();
}

const Ending = z.looseObject({
  resourceType: z.literal('Task'),
  id: z.string().optional(),
  status: z.enum(['completed', 'cancelled', 'rejected'], 'completed, cancelled or rejected'),
  statusReason: z.looseObject({
    coding: z.array(z.looseObject({ system: z.string(), code: z.string() })).length(1),
  }),
});

/** What is said: how it ended and why. The rest of a prompt is not its owner's to change. */
function endIn(body: unknown, { id, code, identifier = [] }: Task): Pick<Task, 'status' | 'statusReason'> {
  if (!identifier.some(({ system }) => system === PROMPT_OCCASION))
    throw rejected(422, 'business-rule', 'this Task is not answered here: it ends with what is said of it');
  const { data, error } = Ending.safeParse(body);
  if (!data) {
    const [{ path, message } = { path: [], message: 'not understood' }] = error.issues;
    throw rejected(422, 'structure', message, { expression: ['Task', ...path].join('.') });
  }
  if (data.id !== undefined && data.id !== id)
    throw rejected(400, 'value', 'the id is not that of the URL', { expression: 'Task.id' });
  const [reason] = data.statusReason.coding;
  const reasons = reasonsFor(code?.coding?.[0]?.code);
  if (reason?.system !== PROMPT_REASONS || !reasons.includes(reason.code)) {
    const text = `a reason of ${PROMPT_REASONS}: ${reasons.join(', ')}`;
    throw rejected(422, 'code-invalid', text, { expression: 'Task.statusReason' });
  }
  const { system, code: given } = reason;
  return { status: data.status, statusReason: { coding: [{ system, code: given }] } };
}
