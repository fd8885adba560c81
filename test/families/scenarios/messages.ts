/** What the senders of the families write, in their own formats; people are synthetic. */
import { readFileSync } from 'node:fs';
import { MAPPINGS_DIR } from '../../../src/map/language/read-mappings.ts';
import type { Send } from '../../support/household.ts';
import { type AdtOptions, adt } from '../../support/messages.ts';
import { nhsNumber } from '../../support/records.ts';
import { ago, at, hl7, transaction, v2 } from '../../support/telling.ts';
import { chart, contactOf, episodeOf, type Said, transactionOf } from '../../support/transactions.ts';

export type Person = { nhs: string; given: string; family: string; born: string; local: string };
/** An invented person: the n-th number of the test range, and `days` old, or born on a date. */
export const person = (n: number, given: string, family: string, born: number | string): Person => ({
  ...{ nhs: nhsNumber(n), given, family, local: `${given.replaceAll(' ', '')}${n}` },
  born: typeof born === 'number' ? ago(born) : born,
});

type OfChild = {
  system?: string;
  day?: string;
  /** The date of death, or that of a stillbirth. */
  died?: string;
  /** Said to be alive, after all. */
  alive?: boolean;
  /** Its place among those born together. */
  order?: number;
};
/** ADT about anybody; on the day of birth unless another is named. */
export function ward(who: Partial<Person> & { local: string }, more: AdtOptions & OfChild = {}): Send {
  const { system = 'maternity', day = who.born ?? ago(0), died, alive, order, ...options } = more;
  const visit = `V-${who.local}`;
  const id = `${system}-${who.local}-${options.event ?? 'A01'}-${day}`;
  const [msh, evn, pid = '', ...rest] = adt(who, { at: v2(day), visit, id, ...options }).split('\r');
  const fields = pid.split('|');
  if (died) Object.assign(fields, { 29: v2(died), 30: 'Y' });
  if (alive) Object.assign(fields, { 29: '""', 30: 'N' });
  if (order) Object.assign(fields, { 24: 'Y', 25: String(order) });
  return hl7([msh, evn, Array.from(fields, (field) => field ?? '').join('|'), ...rest].join('\r'), system);
}

export const said = (system: string, what: Said[], day: string): Send =>
  transaction(transactionOf(what, at(day)), system);

type Care = {
  start?: string;
  contact?: string;
  planned?: string;
  referral?: string;
  more?: (whom: Said) => Said[];
};
/** A service says that it has somebody in its care since `start`, met them on one day, and means to on another. */
export function care(
  system: string,
  who: Person,
  { start = ago(20), contact, planned, referral, more }: Care = {},
) {
  const whom = chart(system, who);
  const spell = episodeOf(whom, system, {
    id: `E-${system}-${who.local}`,
    start,
    ...(referral ? { referral } : {}),
  });
  const met = contact ? [contactOf(whom, system, `C-${system}-${who.local}`, contact)] : [];
  const visits = planned ? [contactOf(whom, system, `P-${system}-${who.local}`, planned)] : [];
  for (const { resource } of visits) Object.assign(resource, { status: 'planned' });
  return said(system, [whom, spell, ...met, ...visits, ...(more?.(whom) ?? [])], contact ?? start);
}

const NOTIFICATION = readFileSync(
  new URL('birth-notification/examples/mother-and-baby.in.xml', MAPPINGS_DIR),
  'utf8',
);
/** The national birth notification: who gave birth to whom, and to how many. */
export function birthNotification(
  system: string,
  mother: Person,
  baby: Person,
  { of = 1, order = 1 } = {},
): Send {
  const id = `5a000000-0000-4000-8000-${baby.nhs.padStart(12, '0')}`;
  const body = NOTIFICATION.replaceAll('5a000000-0000-4000-8000-0000000000ff', id)
    .replaceAll('9997001028', mother.nhs)
    .replaceAll('9997001001', baby.nhs)
    .replaceAll('Adaeze', mother.given)
    .replaceAll('Ifeoma', baby.given)
    .replace(
      /<family value="Okonjo"\/>(?=<given value="[^"]*"\/><\/name>\s*<birthDate)/,
      `<family value="${mother.family}"/>`,
    )
    .replaceAll('Okonjo', baby.family)
    .replaceAll('1995-07-19', mother.born)
    .replaceAll('2026-03-02', baby.born)
    .replaceAll('2026-03-01', baby.born)
    .replace('<valueQuantity><value value="1"/>', `<valueQuantity><value value="${of}"/>`)
    .replace(
      '<multipleBirthInteger value="1"/>',
      of > 1 ? `<multipleBirthInteger value="${order}"/>` : '<multipleBirthBoolean value="false"/>',
    );
  return (skein) => skein.intake(system, 'application/fhir+xml', body);
}

export const tables =
  (system: string, of: Record<string, Record<string, unknown>[]>): Send =>
  (skein) =>
    skein.intake(system, 'application/json', JSON.stringify(of));

/** MSDS: a mother and the day she was booked on, when her baby is due, and on which day the extract was made. */
type Booking = { booked: string; due: string; made: string };
export const booking = (system: string, mother: Person, { booked, due, made }: Booking): Send =>
  tables(system, {
    MSD000Header: [{ OrgIDProvider: 'RXM', RPEndDate: made }],
    ...pregnancyOf(mother, { booked, due }),
  });

/** Tables of a pregnancy, for an extract that says more. */
export const pregnancyOf = (mother: Person, { booked, due }: Omit<Booking, 'made'>) => ({
  MSD001MotherDemog: [
    {
      ...{ LPIDMother: `M-${mother.local}`, PersonBirthDateMother: mother.born },
      ...{ NHSNumberMother: mother.nhs, NHSNumberStatusMother: '01' },
    },
  ],
  MSD101PregnancyBooking: [
    {
      PregnancyID: `G-${mother.local}`,
      LPIDMother: `M-${mother.local}`,
      AntenatalAppDate: booked,
      EDDAgreed: due,
    },
  ],
});

/** A form of the third sector: somebody who asks for help, and what they say of themselves. */
export const form =
  (
    system: string,
    reference: string,
    who: { given: string; family: string; born: string },
    more: object = {},
  ): Send =>
  (skein) =>
    skein.intake(
      system,
      'application/json',
      JSON.stringify({
        ...{ reference, submittedAt: at(ago(5)), consent: true },
        person: { givenName: who.given, familyName: who.family, dateOfBirth: who.born },
        ...more,
      }),
    );

type Signalled = { status?: 'I' | 'R'; by?: Person; cause?: string; on?: string };
let signals = 0;
/** A signal of the Multicast Notification Service about the number of a person; `by`: who came in its place. */
export function signal(system: string, type: string, who: Person, more: Signalled = {}): Send {
  const { status, by = who, cause, on = ago(1) } = more;
  const id = `00000000-0000-4000-8000-${String(++signals).padStart(12, '0')}`;
  const text = (name: string, valueString: string | undefined) =>
    valueString === undefined ? [] : [{ name, valueString }];
  const context = [
    ...text('event-type', type),
    { name: 'source', valueUri: 'https://fhir.nhs.uk/Id/nhsSpineASID/000000000000' },
    { name: 'subject', valueReference: { identifier: { value: who.nhs } } },
    ...text('nhs-number-status', status),
    ...text('cause', cause),
  ];
  const event = [
    { name: 'event-number', valueString: '1' },
    { name: 'timestamp', valueInstant: at(on) },
    { name: 'focus', valueReference: { reference: `https://pds.example/FHIR/R4/Patient/${by.nhs}` } },
  ];
  const parameter = [
    { name: 'subscription', valueReference: { reference: 'https://mns.example/subscriptions' } },
    { name: 'status', valueCode: 'active' },
    { name: 'type', valueCode: 'event-notification' },
    { name: 'notification-event', part: event },
    { name: 'additional-context', part: context },
  ];
  const entry = [{ fullUrl: `urn:uuid:${id}`, resource: { resourceType: 'Parameters', id, parameter } }];
  const bundle = { resourceType: 'Bundle', id, type: 'history', timestamp: at(on), entry };
  return (skein) => skein.intake(system, 'application/fhir+json', JSON.stringify(bundle));
}
