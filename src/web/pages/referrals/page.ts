/** Referrals as their two parties see them: who waits for whom, for how long, and what was answered. */
import type { CodeableConcept, Patient, Task } from '@medplum/fhirtypes';
import { KIND_SYSTEM, NHS_NUMBER, REFERRAL_STEPS, SKEIN_DEFINITIONS } from '../../../fhir/systems.ts';
import type { OwnWaits, Referrals, Referred } from '../../../read/referrals.ts';
import type { Named } from '../../../read/service-names.ts';
import { contactOf, detailsOf, type SafeContact, sayNumber } from '../journey/people.ts';
import { capital, dayOf, longDate, sayCount, todayOf } from '../words.ts';

export type Line = {
  href: string;
  who: string;
  other: string;
  need: string;
  urgency: string;
  /** When the first was made that this one goes on from. */
  sent: string;
  /** `9 days of 28 days`; of what was answered, nothing. */
  waits: string;
  isLate: boolean;
  state: string;
};
/** `isReceived`: it was made to the reader, who may answer it while it waits. */
export type Detail = Line & {
  isReceived: boolean;
  isWaiting: boolean;
  version: string;
  lines: string[];
  contact: SafeContact | null;
  details: string[];
  steps: { when: string; what: string; by: string }[];
  why: string;
};

const WAITING: unknown[] = ['requested', 'received'];
const STATES: Record<string, string> = {
  sent: 'Sent',
  stored: 'Waits for an answer',
  received: 'Received, waits for an answer',
  accepted: 'Accepted',
  declined: 'Declined',
  signposted: 'Declined, and told where else to go',
  redirected: 'Sent on',
  assessed: 'Assessed',
  'care-begun': 'Care begun',
  withdrawn: 'Taken back',
};

type As = { service: string; hrefOf: (id: string) => string };
type Party = 'owner' | 'requester';

/** Those that were made to the reader, and those that it made: one to itself is both. */
export function sortReferrals(found: Referrals, as: As): { received: Line[]; sent: Line[] } {
  const own = `Organization/${as.service}`;
  const list = (role: Party, other: Party) =>
    found.referred
      .filter(({ task }) => task[role]?.reference === own)
      .map((one) => lineOf(found, one, { other, ...as }));
  return { received: list('owner', 'requester'), sent: list('requester', 'owner') };
}

type Shown = As & { other: Party };

function lineOf(
  { services, now }: Referrals,
  { task, referral, patient, limit }: Referred,
  shown: Shown,
): Line {
  const from = dayOf(firstAsked(task));
  const isWaiting = WAITING.includes(task.status);
  const days = isWaiting && from !== null ? Math.max(0, todayOf(now) - from) : null;
  return {
    href: shown.hrefOf(task.id ?? ''),
    who: nameOf(patient) || 'Somebody whose name is not shown',
    other: nameService(services, task[shown.other]?.reference),
    need: sayCodes(referral?.reasonCode) || 'Not said',
    urgency: capital(referral?.priority ?? 'routine'),
    sent: from === null ? 'An unknown date' : longDate(from),
    waits: days === null ? '' : `${sayCount(days, 'day')}${limit === null ? '' : `, limit ${limit}`}`,
    isLate: days !== null && limit !== null && days > limit,
    state: STATES[codeOf(task.businessStatus)] ?? 'Not known',
  };
}

/** The wait counts from the first referral that this one goes on from. */
const firstAsked = ({ extension = [], authoredOn }: Task): string | undefined =>
  extension.find(({ url }) => url === `${SKEIN_DEFINITIONS}first-asked`)?.valueDateTime ?? authoredOn;

const nameService = (services: Map<string, Named>, reference = ''): string =>
  services.get(reference)?.name ?? 'A service';

const codeOf = (concept: CodeableConcept | undefined): string => concept?.coding?.[0]?.code ?? '';

function nameOf(patient: Patient | null): string {
  const [name] = patient?.name ?? [];
  return [name?.given?.[0], name?.family].filter(Boolean).join(' ');
}

/** What is said in codes: in words where those are told, else as the code has it. */
function sayCodes(concepts: CodeableConcept[] = []): string {
  const words = concepts.flatMap(({ coding = [], text }) => {
    const [first] = coding.filter(({ system }) => system !== REFERRAL_STEPS);
    return text ?? first?.display ?? first?.code?.replaceAll('-', ' ') ?? [];
  });
  return capital(words.join('; '));
}

export function describeReferral(found: Referrals & { one: Referred }, as: As): Detail {
  const { one, services } = found;
  const { task } = one;
  const patient = one.patient ?? undefined;
  const isReceived = task.owner?.reference === `Organization/${as.service}`;
  const born = dayOf(patient?.birthDate);
  const number = patient?.identifier?.find(({ system }) => system === NHS_NUMBER)?.value ?? '';
  const contact = contactOf(patient);
  return {
    ...lineOf(found, one, { ...as, other: isReceived ? 'requester' : 'owner' }),
    ...{ isReceived, isWaiting: WAITING.includes(task.status), version: task.meta?.versionId ?? '' },
    lines: [born === null ? '' : `Born ${longDate(born)}`, sayNumber(number)].filter(Boolean),
    contact,
    details: contact?.mayContact ? detailsOf(patient) : [],
    steps: (task.output ?? []).map(({ type, valueDateTime, extension = [] }) => {
      const day = dayOf(valueDateTime);
      const by = extension.find(({ valueReference }) => valueReference)?.valueReference?.reference;
      const code = codeOf(type);
      return {
        when: day === null ? 'An unknown date' : longDate(day),
        what: code === 'stored' ? 'Stored here' : (STATES[code] ?? code),
        by: by ? nameService(services, by) : '',
      };
    }),
    why: sayWhy(task.statusReason),
  };
}

/** Where somebody was told to go is a kind of service. */
function sayWhy(reason: CodeableConcept | undefined): string {
  const kind = reason?.coding?.find(({ system }) => system === KIND_SYSTEM)?.code;
  if (kind) return `They were told of a service for ${kind.replaceAll('-', ' ')}`;
  return reason ? sayCodes([reason]) : '';
}

export type Wait = { what: string; count: string; days: string };

/** The reader's own waits of this quarter: counts in fives, none under five. */
export const describeWaits = (services: OwnWaits[]): Wait[] =>
  services.flatMap(({ referrals, daysToAccepted, daysToCareBegun, daysOpen }) => [
    waitOf('Accepted', referrals.accepted, daysToAccepted),
    waitOf('Care begun', referrals.careBegun, daysToCareBegun),
    waitOf('Still open', referrals.open, daysOpen),
  ]);

function waitOf(what: string, count: number | null, days: OwnWaits['daysOpen']): Wait {
  return {
    what,
    count: count === null ? 'Fewer than 5' : `${count} or more`,
    days: days
      ? `Half within ${sayCount(days.median, 'day')}, 9 of 10 within ${days.ninetieth}, longest ${days.longest}`
      : 'Not told of fewer than 5',
  };
}
