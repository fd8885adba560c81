/** Tasks about some persons, as their reader sees them: its own prompts, and referrals it is a party to. */
import type { Task } from '@medplum/fhirtypes';
import { findLinked } from '../../access/see/rows.ts';
import { type Seen, seeEach } from '../../access/see/visible.ts';
import { hashToken } from '../../fhir/index-rows.ts';
import { findParams } from '../../fhir/search-parameters.ts';
import { PROMPT_OCCASION } from '../../fhir/systems.ts';
import type { Asking } from '../search/candidates.ts';

/** What is seen of a type that has a `patient`, of these persons (`Patient/id`). */
export async function findAbout(asking: Asking, type: string, persons: string[]): Promise<Seen[]> {
  const links = findParams(type, 'patient').flatMap(({ number }) =>
    persons.map((person) => ({ param: number, hash: hashToken(asking.key, person) })),
  );
  const rows = await findLinked(asking, type, links, null);
  return (await seeEach(asking.db, asking.recipient, rows)).filter((one) => one !== null);
}

export async function findTasks(asking: Asking, persons: string[]): Promise<Task[]> {
  return (await findAbout(asking, 'Task', persons)).map(({ resource }) => resource as Task);
}

/** One that waits for its owner. */
export const isOpenPrompt = ({ status, identifier = [] }: Task): boolean =>
  status === 'requested' && identifier.some(({ system }) => system === PROMPT_OCCASION);
