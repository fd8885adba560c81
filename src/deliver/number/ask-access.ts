import type { Resource } from '@medplum/fhirtypes';
import type { Grants } from '../../access/decide/decide.ts';
import { loadGrantsForServices } from '../../access/decide/grants.ts';
import type { Payload } from '../../access/decide/policy.ts';
import { project } from '../../access/project/project.ts';
import type { Event, ResourceRow } from '../../model.ts';
import type { Db } from '../../store/pool.ts';
import { recipientOf, type Stored } from '../subscribe/stored.ts';
import { filtersOf } from '../subscribe/subscription.ts';
import { contentFor, matchesUnseen, mayTell } from './may-tell.ts';

export type Question = { stored: Stored; event: Event; asked: Payload };
/** `resources` is null unless the content is full-resource, and then what of the focus the recipient may see. */
export type Verdict = { told: boolean; content: Payload; resources: Resource[] | null };

/** What each recipient may know of each event now: two queries for any number of questions, none for the operator's. */
export async function askAccess(db: Db, questions: Question[]): Promise<Verdict[]> {
  const rows = await findFocuses(db, questions);
  const asked = questions.flatMap(({ stored: { system }, event }) => {
    const persons = [...event.persons, ...(rows.get(event.focus.id)?.persons ?? [])];
    return system ? [{ service: system.service.id, sector: system.service.sector, persons }] : [];
  });
  const grants = asked.length > 0 ? await loadGrantsForServices(db, asked) : new Map<string, Grants>();
  return questions.map((question) => {
    const { system } = question.stored;
    const own = system ? (grants.get(system.service.id) as Grants) : ({ everything: true } as const);
    return answer(question, own, rows.get(question.event.focus.id));
  });
}

function answer(question: Question, grants: Grants, row: ResourceRow | undefined): Verdict {
  const recipient = recipientOf(question.stored);
  const { stored, event } = question;
  if (!mayTell(recipient, grants, event) || matchesUnseen(grants, event, filtersOf(stored.resource)))
    return { told: false, content: 'empty', resources: null };
  const content = contentFor(question.stored, grants, question);
  if (content !== 'full-resource') return { told: true, content, resources: null };
  const resource = row && project(recipient, grants, row);
  return { told: true, content, resources: resource && row ? [stamp(resource, row)] : [] };
}

function stamp(resource: Resource, { id, version, updatedAt }: ResourceRow): Resource {
  return {
    ...resource,
    id,
    meta: { ...resource.meta, versionId: String(version), lastUpdated: updatedAt.toISOString() },
  };
}

/** Present rows of what full-resource payloads are about, by id. */
async function findFocuses(db: Db, questions: Question[]): Promise<Map<string, ResourceRow>> {
  const wanted = questions.filter(
    ({ asked, stored }) => asked === 'full-resource' && stored.content === 'full-resource',
  );
  if (wanted.length === 0) return new Map();
  const { rows } = await db.query<ResourceRow>(
    `select row_id as "rowId", type, id, version, updated_at as "updatedAt", content, persons, authors, service, sources
       from (select distinct * from unnest($1::text[], $2::uuid[]) as wanted (type, id)) as wanted join resource using (id, type)`,
    [wanted.map(({ event }) => event.focus.type), wanted.map(({ event }) => event.focus.id)],
  );
  return new Map(rows.map((row) => [row.id, row]));
}
