import type { Recipient } from '../../model.ts';

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
  return `(r.type = 'Basic' or r.service = ${service} or ${service} = any(r.authors)
    or exists (select from unnest(r.persons) as p (person) where
      exists (select from involvement i where i.person = p.person and i.service = ${service})
      or exists (select from member m join involvement i on i.journey = m.journey and i.person <> m.person
          and i.service = ${service} and i.state = 'open'
        where m.person = p.person))
    or (r.type = 'Organization' and exists (select from service v where v.id = r.id and v.registered)))`;
}
