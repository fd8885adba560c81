/** `skein messages --held`: what waits for somebody, and why. */
import { messageName } from '../fhir/ids.ts';
import type { Issue } from '../model.ts';
import type { Pipeline } from '../pipeline.ts';
import { listHeld } from '../save/maintenance-sql.ts';
import type { Done } from './wrong-use.ts';

/** Newest first; the ids are those that answers and log lines have. */
export async function listHolds({ db, key }: Pipeline, system: string | null): Promise<Done> {
  const held = (await listHeld(db, system)).map((one) => ({
    ...one,
    messageId: messageName(key, one.messageId),
  }));
  const lines = held.map(
    ({ messageId, receivedAt, system, identifier, cause, issue }) =>
      `${receivedAt.toISOString()} ${messageId} ${system} ${identifier} ${cause}: ${describe(issue)}\n`,
  );
  return { data: held, text: lines.join('') || 'nothing is held\n' };
}

const describe = (issue: Issue | null): string =>
  issue ? `${issue.field && !issue.text.includes(issue.field) ? `${issue.field}: ` : ''}${issue.text}` : '';
