/** Tasks about some persons, as their reader sees them: its own prompts, and referrals it is a party to. */
import type { Task } from '@medplum/fhirtypes';
import { findAbout } from '../../access/see/rows.ts';
import { type Seen, seeEach } from '../../access/see/visible.ts';
import { PROMPT_OCCASION, PROMPTS } from '../../fhir/systems.ts';
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

/**
 * That somebody may have died, said by who may not declare it: nobody is in touch before it was asked. It
 * ends by what is said of that, not by an answer.
 */
export const isToVerify = ({ status, code }: Task): boolean =>
  status === 'requested' &&
  code?.coding?.some(({ system, code: one }) => system === PROMPTS && one === 'verify-first') === true;
