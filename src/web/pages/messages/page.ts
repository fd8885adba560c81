/** Messages for the operator: metadata alone, never a body. */
import type { Issue } from '../../../model.ts';
import { dateTime } from '../words.ts';

/** As the store lists it; `id` is the one that answers and log lines have. */
export type Listed = {
  id: string;
  system: string;
  identifier: string;
  receivedAt: Date;
  status: string;
  cause: string | null;
  issue: Issue | null;
};
export type MessageLine = {
  href: string;
  id: string;
  system: string;
  when: string;
  state: string;
  issue: string;
};
export type CauseLine = {
  cause: string;
  count: number;
  share: number;
  oldest: string;
  systems: string;
  mend: string;
};

export const STATES = ['accepted', 'held', 'failed', 'rejected'];
const TAGS: Record<string, string> = { accepted: 'green', held: 'yellow', failed: 'red', rejected: 'grey' };

export const tagOf = (status: string): string => TAGS[status] ?? 'grey';

/** The sender's field first, where the text does not name it. */
export const sayIssue = (issue: Issue | null): string =>
  issue ? `${issue.field && !issue.text.includes(issue.field) ? `${issue.field}: ` : ''}${issue.text}` : '';

export const describeMessages = (listed: Listed[], hrefOf: (id: string) => string): MessageLine[] =>
  listed.map(({ id, system, identifier, receivedAt, status, issue }) => ({
    ...{ href: hrefOf(id), id: identifier, system, state: status },
    when: dateTime(receivedAt),
    issue: sayIssue(issue),
  }));

/** What holds messages, what only the operator can mend first, then by how many. */
export function describeCauses(held: Listed[]): CauseLine[] {
  const groups = [...Map.groupBy(held, (one) => sayIssue(one.issue) || 'No reason is kept')];
  const most = Math.max(1, ...groups.map(([, all]) => all.length));
  return groups
    .map(([cause, all]) => {
      const oldest = Math.min(...all.map(({ receivedAt }) => receivedAt.getTime()));
      return {
        ...{ cause, count: all.length, share: Math.round((all.length / most) * 100) },
        oldest: dateTime(new Date(oldest)),
        systems: [...new Set(all.map(({ system }) => system))].sort().join(', '),
        mend: all.some((one) => one.cause === 'ours') ? 'You' : 'The sender',
      };
    })
    .sort((a, b) => (a.mend === b.mend ? b.count - a.count : a.mend === 'You' ? -1 : 1));
}
