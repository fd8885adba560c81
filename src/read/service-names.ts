/** What services are called, as far as a reader is told. */
import type { Organization } from '@medplum/fhirtypes';
import { SERVICE_SYSTEM } from '../fhir/systems.ts';
import { answerSearch } from './search/answer-search.ts';
import type { Asking } from './search/candidates.ts';

/** What a service is called, and how it is registered. */
export type Named = { name: string; ods: string; team: string };

const MOST = 200;

/** By `Organization/id`, of those that the reader sees; other references are left out. */
export async function nameServices(
  asking: Asking,
  references: (string | undefined)[],
): Promise<Map<string, Named>> {
  const ids = references.flatMap((one) => /^Organization\/(.+)$/.exec(one ?? '')?.[1] ?? []);
  const wanted = [...new Set(ids)].slice(0, MOST);
  if (wanted.length === 0) return new Map();
  const pairs: [string, string][] = [
    ['_id', wanted.join(',')],
    ['_count', String(MOST)],
  ];
  const { entry = [] } = await answerSearch(asking, {
    ...{ type: 'Organization', base: '', pairs, lenient: false },
  });
  return new Map(
    entry.flatMap(({ resource }): [string, Named][] => {
      const { id, name, identifier = [] } = resource as Organization;
      const said = identifier.find(({ system }) => system === SERVICE_SYSTEM)?.value;
      const [ods = '', team = ''] = said?.split('|') ?? [];
      return name ? [[`Organization/${id}`, { name, ods, team }]] : [];
    }),
  );
}
