/** What owners did with their prompts: each a Task that ended, kept as a statement by answer-prompt.ts. */
import type { Task } from '@medplum/fhirtypes';
import { idOf } from '../../fhir/references.ts';
import type { StatementState } from '../../store/facts.ts';
import type { Known } from '../concerned.ts';
import type { Person } from '../who/charts.ts';

export type Answer = {
  task: Task;
  code: string;
  occasion: string;
  service: string;
  person: Person;
  chart: string;
  /** Milliseconds. */
  at: number;
};

const isTask = (state: StatementState): state is StatementState & { content: Task } => state.type === 'Task';

export const readAnswers = ({ statements, personOf }: Known): Answer[] =>
  statements.filter(isTask).flatMap(({ content: task, service, chart }): Answer[] => {
    const person = personOf(chart);
    const isOwners = idOf(task.owner?.reference, 'Organization') === service;
    if (!person || !isOwners) return [];
    const code = task.code?.coding?.[0]?.code ?? '';
    const occasion = task.identifier?.[0]?.value ?? '';
    return [{ task, code, occasion, service, person, chart, at: Date.parse(task.lastModified ?? '') }];
  });

/** Whoever the person has proved to be one with since. */
export const isAnswerOf = (
  answer: Answer,
  { code, occasion, service, person }: Pick<Answer, 'code' | 'occasion' | 'service' | 'person'>,
): boolean =>
  answer.code === code &&
  answer.occasion === occasion &&
  answer.service === service &&
  answer.person === person;
