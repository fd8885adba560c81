/** Who is involved now, and what is planned. */
import type { Encounter } from '@medplum/fhirtypes';
import type { Involved } from '../../../read/journey/who-is-involved.ts';
import { sayDisputed } from '../../../read/journey/words.ts';
import { capital, dayOf, listOf, longDate, lowered, timeOf } from '../words.ts';
import type { Given } from './given.ts';
import type { Names } from './names.ts';
import type { Strip } from './stages.ts';

/** `check`: the number was last found right so long ago that it should be looked at. */
export type InvolvedRow = {
  service: string;
  isOwn: boolean;
  who: string;
  since: string;
  phone: string;
  hours: string;
  confirmed: string;
  check: boolean;
};
export type NextRow = { when: string; who: string; what: string; day: number };

/** A line for each service: of several people where it cares for them since one day. */
export function describeInvolved(given: Given, names: Names): InvolvedRow[] {
  const open = given.involved.filter(({ goesOn }) => goesOn);
  const groups = Map.groupBy(open, (one) =>
    one.service ? `${one.service} ${one.first?.slice(0, 10)}` : `${one.person} ${one.label} ${one.first}`,
  );
  return [...groups.values()].map((all) => {
    const [{ service, label, first, duty }] = all as [Involved];
    const disputed = all.map((one) => one.disputed).find(Boolean) ?? '';
    const since = dayOf(first);
    const confirmed = dayOf(duty?.confirmed);
    return {
      service: service ? given.nameOf(service) : capital(label),
      isOwn: service === `Organization/${given.service}`,
      who: listOf([...new Set(all.map(({ person }) => names.person(person)))]),
      since: `${since === null ? 'Not known' : longDate(since)}${disputed}`,
      phone: duty?.phone ?? 'Not known',
      hours: duty?.hours ?? '',
      confirmed: confirmed === null ? '' : longDate(confirmed),
      check: duty !== null && !duty.isConfirmed,
    };
  });
}

/** Planned contacts and the stages to come, soonest first. After a stop no stage is to come. */
export function describeNext(given: Given, names: Names, strips: Strip[]): NextRow[] {
  const planned = given.encounters
    .filter(({ status, period }) => status === 'planned' && (dayOf(period?.start) ?? -1) >= given.today)
    .map((contact) => plannedRow(given, names, contact));
  const stages = strips.flatMap(({ infants, stages }) =>
    stages.flatMap(({ start, title, isNow }): NextRow[] =>
      start !== null && start > given.today && !isNow
        ? [
            {
              when: longDate(start),
              who: infants || 'This family',
              what: `Stage changes to ${lowered(title)}`,
              day: start,
            },
          ]
        : [],
    ),
  );
  return [...planned, ...stages].sort((a, b) => a.day - b.day);
}

/** The time only where the contact is shown in full. */
function plannedRow({ why }: Given, names: Names, contact: Encounter): NextRow {
  const { id, period, subject, serviceProvider } = contact;
  const day = dayOf(period?.start) as number;
  const isTimed = why.get(`Encounter/${id}`)?.level === 'F' && (period?.start ?? '').length > 10;
  const name = serviceProvider ? names.service(serviceProvider) : null;
  const disputed = sayDisputed([contact]);
  return {
    when: `${longDate(day)}${isTimed ? `, ${timeOf(new Date(period?.start ?? ''))}` : ''}`,
    who: names.person(subject?.reference),
    what: `${name ? `Contact with ${name.isOwn ? 'your team' : name.full}` : 'Contact planned'}${disputed}`,
    day,
  };
}
