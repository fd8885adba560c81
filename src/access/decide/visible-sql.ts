import type { Recipient } from '../../model.ts';
import { glassBreaker } from './grants.ts';

/** Adds a value to the query and gives back its place, such as `$3::uuid`. */
type Bind = (value: unknown, cast: string) => string;

/**
 * SQL true for a row `r` of `resource` that the recipient might see: never narrower than `project`, which
 * still decides, so that a page is filled from few rows. Row by row through indexes, so its price does not
 * grow with the service's caseload.
 */
export function visibleSql(recipient: Recipient, bind: Bind): string {
  if (recipient.kind === 'operator') return 'true';
  const service = bind(recipient.system.service.id, 'uuid');
  const broken = brokenBy(recipient, service, bind);
  return `(r.type = 'Basic' or r.service = ${service} or ${service} = any(r.authors)
    or exists (select from unnest(r.persons) as p (person) where
      exists (select from involvement i where i.person = p.person and i.service = ${service})
${broken && `      or exists (${broken} and g.person = p.person)\n`}      or exists (select from member m join involvement i on i.journey = m.journey and i.person <> m.person
          and i.service = ${service} and i.state = 'open'
        where m.person = p.person))
    or (r.type = 'Organization' and exists (select from service v where v.id = r.id and v.registered)))`;
}

/**
 * The same for a statement that may look at `resource` alone, where broken glass is anybody's at the service.
 */
export function reachesSql(reader: Recipient | 'pipeline', bind: Bind): string {
  if (reader === 'pipeline' || reader.kind === 'operator') return 'true';
  const service = bind(reader.system.service.id, 'uuid');
  return `(r.service = ${service} or ${service} = any(r.authors)
    or skein_reaches(${service}, r.type, r.id, r.persons))`;
}

/** SQL of those for whom the person at the recipient has broken glass; '' where nobody is who could. */
function brokenBy(recipient: Recipient, service: string, bind: Bind): string {
  const human = glassBreaker(recipient);
  if (!human) return '';
  const [issuer, subject] = [bind(human.issuer, 'text'), bind(human.subject, 'text')];
  return `select g.person from glass g where g.service = ${service} and g.issuer = ${issuer}
    and g.subject = ${subject} and g.expires_at > now()`;
}

/** Seen by everybody, whatever it is about: no caseload narrows it. */
const SHARED = ['Basic', 'Organization'];

/**
 * SQL that gives `rows`: the ids of all rows of a type for which `visibleSql` might be true, where they are
 * at most `most`; else null. A search of a service that knows few people looks at theirs, however many are
 * stored, and one of a service that knows many finds its page among its own soon. Null where the recipient's
 * caseload narrows nothing.
 */
export function fewVisibleSql(
  recipient: Recipient,
  { type, most }: { type: string; most: number },
  bind: Bind,
): string | null {
  if (recipient.kind === 'operator' || SHARED.includes(type)) return null;
  const service = bind(recipient.system.service.id, 'uuid');
  const broken = brokenBy(recipient, service, bind);
  const limit = `limit ${most + 1}`;
  const persons = 'array(select person from known)';
  const conditions = [
    `r.persons[1] = any(${persons})`,
    `cardinality(r.persons) > 1 and r.persons && ${persons}`,
    `r.authors[1] = ${service}`,
    `cardinality(r.authors) > 1 and r.authors @> array[${service}]`,
    `r.service = ${service}`,
  ];
  const ofType = bind(type, 'text');
  const parts = conditions.map(
    (condition) => `(select r.row_id from resource r where r.type = ${ofType} and ${condition} ${limit})`,
  );
  return `with own as materialized (select person from involvement where service = ${service} ${limit}),
    known as materialized (select person from own union
      select m.person from involvement i join member m on m.journey = i.journey
       where i.service = ${service} and i.state = 'open' and (select count(*) from own) <= ${most}${
         broken &&
         `
      union ${broken}`
       })
    select case when (select count(*) from known) <= ${most}
      then array(select row_id from (${parts.join(' union ')}) few ${limit}) end as rows`;
}

/**
 * SQL that gives the row ids (`row_id`) of these types for which `visibleSql` might be true, of all that a
 * service knows: by its caseload, not row by row through whatever is stored.
 */
export function allVisibleSql(recipient: Recipient, types: string[], bind: Bind): string {
  const ofTypes = `r.type = any(${bind(types, 'text[]')})`;
  if (recipient.kind === 'operator') return `select r.row_id from resource r where ${ofTypes}`;
  const service = bind(recipient.system.service.id, 'uuid');
  const known = `(select person from involvement where service = ${service} union
    select m.person from involvement i join member m on m.journey = i.journey
     where i.service = ${service} and i.state = 'open')`;
  const parts = [
    `join ${known} k on r.persons[1] = k.person where true`,
    `where cardinality(r.persons) > 1 and r.persons && array${known}`,
    `where r.authors[1] = ${service}`,
    `where cardinality(r.authors) > 1 and r.authors @> array[${service}]`,
    `where r.service = ${service}`,
  ];
  return parts.map((part) => `select r.row_id from resource r ${part} and ${ofTypes}`).join(' union ');
}
