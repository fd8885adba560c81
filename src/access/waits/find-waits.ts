/** Waits of services, from the Tasks that say what became of each referral (`skein-referral-loop`). */
import type { Recipient } from '../../model.ts';
import type { Db } from '../../store/pool.ts';
import { POLICY } from '../decide/policy.ts';
import { type Course, type Figures, figuresOf } from './figures.ts';
import { type Period, readPeriod } from './period.ts';

export type ServiceWaits = Figures & { service: string; name: string };
export type WaitsReport = { period: Period; counts: string; services: ServiceWaits[] };
/** `service`: an id; all that the reader may ask about where none is given. */
export type WaitsQuestion = { service: string | null; period: string | undefined; today: string };

const COUNTS = 'in fives, rounded down; null under five';

// A day of the first of each step, and of what it goes on from. A service that nobody registered is a name.
const COURSES = `
select s.id as service, s.name, courses from service s left join lateral (
  select jsonb_agg(jsonb_build_object(
      'asked', coalesce(left(first.at, 10), steps.days ->> 'sent'), 'sent', steps.days ->> 'sent',
      'accepted', steps.days ->> 'accepted', 'begun', steps.days ->> 'care-begun',
      'refused', least(steps.days ->> 'declined', steps.days ->> 'signposted', steps.days ->> 'redirected',
        steps.days ->> 'withdrawn'))) as courses
    from resource r
    cross join lateral (
      select jsonb_object_agg(code, day) as days from (
        select o -> 'type' -> 'coding' -> 0 ->> 'code' as code, min(left(o ->> 'valueDateTime', 10)) as day
          from jsonb_array_elements(r.content -> 'output') o group by 1) step) steps
    left join lateral (
      select e ->> 'valueDateTime' as at from jsonb_array_elements(r.content -> 'extension') e
       where e ->> 'url' = 'https://skein.example/fhir/StructureDefinition/first-asked' limit 1) first on true
   where r.service = s.id and r.type = 'Task' and r.state <> 'gone' and steps.days ->> 'sent' <= $2
     and r.content -> 'focus' ->> 'reference' like 'ServiceRequest/%') found on true
where s.registered and s.sector is not null and ($1::uuid is null or s.id = $1) order by s.name, s.id`;

/**
 * What a reader may know of waits: a service its own; who may read those of all services (a commissioner), of
 * quarters that are over; the operator all. Of a service that it may not ask about, as of one that does
 * not exist, there is nothing. Throws Rejected(400) for what is no period.
 */
export async function findWaits(db: Db, recipient: Recipient, asked: WaitsQuestion): Promise<WaitsReport> {
  const own = recipient.kind === 'system' ? recipient.system.service : null;
  const mayAll = own === null || POLICY.readsWaits.includes(own.sector ?? '');
  const period = readPeriod(asked.period, asked.today, own !== null && mayAll);
  const isHidden = !mayAll && asked.service !== null && asked.service !== own.id;
  if (isHidden) return { period, counts: COUNTS, services: [] };
  const service = mayAll ? asked.service : own.id;
  const { rows } = await db.query<{ service: string; name: string; courses: Course[] | null }>(COURSES, [
    service,
    period.until,
  ]);
  return {
    period,
    counts: COUNTS,
    services: rows.map(({ service, name, courses }) => ({
      service,
      name,
      ...figuresOf(courses ?? [], period),
    })),
  };
}
