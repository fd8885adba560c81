/** What people of a service answer on pages: referrals that were made to it, and prompts that it owns. */
import type { CodeableConcept } from '@medplum/fhirtypes';
import { systemOfPages } from '../access/register/page-systems.ts';
import type { Context } from '../context.ts';
import { type Rejected, rejected } from '../errors.ts';
import { etagOf } from '../fhir/bundle.ts';
import { PROMPT_REASONS } from '../fhir/systems.ts';
import type { Answer, System } from '../model.ts';
import { notFound } from '../read/answer.ts';
import { readReferral } from '../read/referrals.ts';
import type { Asking } from '../read/search/candidates.ts';
import { type AnswerPrompt, endPrompt } from './prompts.ts';

type Seen = { id: string; version: string };
type ReferralWord = Seen & { act: 'accept' | 'decline' | 'signpost'; reason: CodeableConcept | null };
/** As the pages are given it. `version`: of the Task, as whoever answers has seen it. */
type Answers = {
  referral: (asking: Asking, word: ReferralWord) => Promise<void>;
  prompt: (
    asking: Asking,
    word: Seen & { status: 'completed' | 'rejected'; reason: string },
  ) => Promise<void>;
};
/** Keeps it; `conflict` where that version was answered otherwise. */
export type AnswerReferral<C> = (
  ctx: C,
  word: Omit<ReferralWord, 'id'> & { system: System; referral: string; patient: string },
) => Promise<Answer>;

export function openAnswers<C extends Context>(
  ctx: C,
  answerReferral: AnswerReferral<C>,
  answerPrompt: AnswerPrompt,
): Answers {
  return {
    referral: async (asking, { id, version, act, reason }) => {
      const { one } = await readReferral(asking, id);
      const { task } = one;
      const service = serviceOf(asking);
      if (task.owner?.reference !== `Organization/${service.id}`) throw notFound();
      // Pressed twice.
      if (act === 'accept' && task.status === 'accepted') return;
      if (task.meta?.versionId !== version || !['requested', 'received'].includes(task.status))
        throw changed();
      const [referral = '', patient = ''] = [task.focus, task.for].map((to) => to?.reference?.split('/')[1]);
      const system = await systemOfPages(ctx.db, service);
      const { conflict } = await answerReferral(ctx, { system, referral, patient, version, act, reason });
      if (conflict) throw changed();
    },
    prompt: async (asking, { id, version, status, reason }) => {
      const system = await systemOfPages(ctx.db, serviceOf(asking));
      const statusReason = { coding: [{ system: PROMPT_REASONS, code: reason }] };
      const said = { body: { resourceType: 'Task', id, status, statusReason }, ifMatch: etagOf(version) };
      const speaking = { ...asking, recipient: { kind: 'system' as const, system } };
      await endPrompt(ctx, { asking: speaking, id, ...said }, answerPrompt);
    },
  };
}

function serviceOf({ recipient }: Asking): System['service'] {
  if (recipient.kind !== 'system') throw notFound();
  return recipient.system.service;
}

const changed = (): Rejected =>
  rejected(412, 'conflict', 'it has been answered or changed meanwhile: look again and decide');
