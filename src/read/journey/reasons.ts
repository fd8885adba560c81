/** Why each part of a journey is shown to its reader, and what is known of the message that said it. */
import type { Provenance } from '@medplum/fhirtypes';
import { type Reason, reasonsFor } from '../../access/see/reasons.ts';
import { findLinked, findRows } from '../../access/see/rows.ts';
import { seeEach } from '../../access/see/visible.ts';
import { hashToken } from '../../fhir/index-rows.ts';
import { findParams } from '../../fhir/search-parameters.ts';
import type { Asking } from '../search/candidates.ts';

/** `said`: the newest Provenance that the reader sees; `by` is a reference, null where nobody is named. */
export type Why = Reason & { said: { by: string | null; at: string } | null };

/**
 * By `Type/id`, of those that the reader sees. Asked of what was read for it a moment ago: the wall, which a
 * journey meets at every other step, is not asked again.
 */
export async function readReasons(asking: Asking, references: string[]): Promise<Map<string, Why>> {
  const { db, recipient } = asking;
  const seen = await seeEach(db, recipient, await findRows({ db, recipient: 'pipeline' }, references));
  const rows = seen.flatMap((one) => (one ? [one.row] : []));
  const said = await findSaid(asking, references);
  const reasons = await reasonsFor(db, recipient, rows);
  return new Map([...reasons].map(([name, reason]) => [name, { ...reason, said: said.get(name) ?? null }]));
}

async function findSaid(asking: Asking, references: string[]): Promise<Map<string, Why['said']>> {
  const links = findParams('Provenance', 'target').flatMap(({ number }) =>
    references.map((reference) => ({ param: number, hash: hashToken(asking.key, reference) })),
  );
  const rows = await findLinked(asking, 'Provenance', links, null);
  const seen = await seeEach(asking.db, asking.recipient, rows);
  const found = seen.flatMap((one) => (one ? [one.resource as Provenance] : []));
  const oldestFirst = found.sort((a, b) => ((a.recorded ?? '') < (b.recorded ?? '') ? -1 : 1));
  return new Map(
    oldestFirst.flatMap(({ target, recorded, agent }) =>
      target.map(({ reference = '' }): [string, Why['said']] => [
        reference,
        { by: agent[0]?.who?.reference ?? null, at: recorded ?? '' },
      ]),
    ),
  );
}
