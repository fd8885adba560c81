import type { Resource } from '@medplum/fhirtypes';
import { disputesOf } from '../../access/project/project-care.ts';
import { findPastsAt } from '../../access/see/rows.ts';
import { canonicalText } from '../../fhir/references.ts';
import type { EventCode, ResourceRow } from '../../model.ts';
import type { Db } from '../../store/pool.ts';
import { type FocusRow, nameOf } from './find-focuses.ts';
import type { Question } from './told-before.ts';

/** They say that something is otherwise than it was: who sees no difference has nothing to hear. */
const OF_CHANGE: ReadonlySet<EventCode> = new Set(['episode-changed', 'encounter']);

/** What has a number was told as a change, and stays one; what comes late is news to whom it is told. */
export const asksForChange = ({ event, numbered }: Question): boolean =>
  !numbered && !event.late && OF_CHANGE.has(event.code);

/**
 * What the focus of each such event was before it, by question; of what is new, or changed no more than that,
 * there is nothing. One query, none where nothing asks.
 */
export async function findFormer(
  db: Db,
  questions: Question[],
  rows: Map<string, FocusRow>,
): Promise<Map<Question, ResourceRow>> {
  const asked = questions.filter(asksForChange).flatMap((question) => {
    const row = rows.get(nameOf(question.event.focus));
    const { at: before } = question;
    return row && before && row.updatedAt >= before ? [{ question, row, before }] : [];
  });
  const keyOf = (row: ResourceRow, before: Date) => `${nameOf(row)} ${before.getTime()}`;
  const wanted = new Map(asked.map(({ row, before }) => [keyOf(row, before), { row, before }]));
  const found = await findPastsAt({ db, recipient: 'pipeline' }, [...wanted.values()]);
  const former = new Map(found.map((past) => [keyOf(past, past.before), past]));
  return new Map(
    asked.flatMap(({ question, row, before }): [Question, ResourceRow][] => {
      const past = former.get(keyOf(row, before));
      return past ? [[question, past]] : [];
    }),
  );
}

/**
 * Tags and versions apart, which say where it belongs and not what it is. What is to be heeded is no tag;
 * that the patient says that it is not right is one.
 */
export function isSame(one: Resource | null, other: Resource | null): boolean {
  const textOf = (resource: Resource | null) =>
    canonicalText(resource && { ...resource, meta: [resource.meta?.security, disputesOf(resource)] });
  return textOf(one) === textOf(other);
}
