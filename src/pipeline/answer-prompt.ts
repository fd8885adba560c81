import { hash } from 'node:crypto';
import type { Task } from '@medplum/fhirtypes';
import type { Context } from '../context.ts';
import { keyedId } from '../fhir/ids.ts';
import { canonicalText } from '../fhir/references.ts';
import type { Answer, Message, System } from '../model.ts';
import { announceCommit } from '../publish/sequencer.ts';
import { messageKey } from '../save/load.ts';
import { ownerOfTask } from '../save/prompts.ts';
import type { IdentifiedRecord } from '../store/facts.ts';
import { settle } from './gather.ts';

/** `task`: the prompt as it is to be, with how it ended; `version`: of its row, that it was read at. */
export type PromptAnswer = { system: System; task: Task & { id: string }; version: number; body: Buffer };

/**
 * Keeps what its owner did with a prompt, as a message of its own whose one statement is the Task: a fact
 * like any other, from which the views of the family are computed anew. Of one version one answer is taken:
 * another is answered as a conflict, the same again as a duplicate. Its caller has asked whether it may be.
 */
export async function answerPrompt(
  ctx: Context,
  { system, task, version, body }: PromptAnswer,
): Promise<Answer> {
  const chart = await ownerOfTask(ctx.db, task.id);
  const receivedAt = new Date();
  const saidAt = receivedAt.toISOString();
  const { id, status, statusReason } = task;
  const contentHash = hash('sha256', canonicalText({ id, status, statusReason }), 'hex');
  const message: Message = {
    system,
    channel: 'fhir',
    contentType: 'application/fhir+json',
    body,
    receivedAt,
    identifier: `Task/${id}/_history/${version}`,
    contentHash,
    source: 'prompt',
  };
  const record: IdentifiedRecord = {
    ...{ position: '', saidAt, mapping: 'prompt@1', mode: 'snapshot', lineage: [] },
    stamp: [saidAt, saidAt, '', contentHash.slice(0, 16)].join('|'),
    statements: [
      {
        ...{ key: keyedId(ctx.key, 'prompt-answer', id), type: 'Task', chart, ref: null },
        ...{ local: 'task', nulls: [], content: { ...task, lastModified: saidAt } },
      },
    ],
  };
  const lock = messageKey(ctx.key, system.id, message.identifier);
  const unit = { position: '', record: null, issues: [] };
  const answer = await settle(ctx, { message, unit, record, issues: [], lock, keys: [lock, chart] });
  announceCommit(ctx);
  return answer;
}
