import type { Provenance } from '@medplum/fhirtypes';
import { keyedId } from '../../fhir/ids.ts';
import type { Message } from '../../model.ts';
import type { IdentifiedRecord, Plan } from '../../store/facts.ts';
import { digestOf } from '../plan.ts';

/**
 * Who said what when: one per record, naming what the record changed, its message by the sender's id, and the
 * mapping that read it.
 */
export function provenanceOf(
  key: Buffer,
  record: IdentifiedRecord,
  message: Message,
  plan: Plan,
): Plan['insert'][number] | null {
  // Only what its sender has a word in: what else the message changed of a family may be hidden from it.
  const said = message.system.service.id;
  const shared = [...plan.insert, ...plan.update].filter(
    ({ state, authors }) => state !== 'gone' && authors.includes(said),
  );
  const targets = shared.map(({ type, id }) => `${type}/${id}`).sort();
  if (targets.length === 0) return null;
  const { system, identifier } = message;
  const content: Provenance = {
    resourceType: 'Provenance',
    id: keyedId(key, 'Provenance', String(system.id), identifier, message.contentHash, record.position),
    target: targets.map((reference) => ({ reference })),
    recorded: record.saidAt,
    policy: [`https://skein.example/mapping/${record.mapping}`],
    agent: [{ who: { reference: `Organization/${system.service.id}` } }],
    entity: [
      {
        role: 'source',
        what: { identifier: { system: 'https://skein.example/Id/message', value: identifier } },
      },
    ],
  };
  const persons = [
    ...new Set(shared.flatMap(({ type, persons }) => (type === 'Patient' ? persons.slice(0, 1) : persons))),
  ].sort();
  const view = {
    type: 'Provenance',
    id: content.id as string,
    content,
    owner: null,
    persons,
    authors: [system.service.id],
    service: null,
    state: null,
    sources: null,
  };
  return { ...view, digest: digestOf(view) };
}
