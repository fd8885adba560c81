/** Tasks about some persons, as their reader sees them: its own prompts, and referrals it is a party to. */
import type { Task } from '@medplum/fhirtypes';
import { findAbout } from '../../access/see/rows.ts';
import { type Seen, seeEach } from '../../access/see/visible.ts';
import { PROMPT_OCCASION } from '../../fhir/systems.ts';
import type { Asking } from '../search/candidates.ts';

/** What is seen of a type that has a `patient`, of these persons (`Patient/id`), whom the reader sees. */
export async function seeAbout(asking: Asking, type: string, persons: string[]): Promise<Seen[]> {
  const rows = await findAbout(asking, [type], persons);
  return (await seeEach(asking.db, asking.recipient, rows)).filter((one) => one !== null);
}

export async function findTasks(asking: Asking, persons: string[]): Promise<Task[]> {
  return (await seeAbout(asking, 'Task', persons)).map(({ resource }) => resource as Task);
}

/** One that waits for its owner. */
export const isOpenPrompt = ({ status, identifier = [] }: Task): boolean =>
  status === 'requested' && identifier.some(({ system }) => system === PROMPT_OCCASION);
