/**
 * 3. Stillbirth at 37 weeks, queue full. A booking, a visit planned by health visiting, the loss, and a late antenatal
 * appointment after it. Everybody with a contact to come hears that contacts stop; only clinical services hear why.
 */
import type { Parameters } from '@medplum/fhirtypes';
import { expect } from 'vitest';
import type { Household } from '../../support/household.ts';
import { ago, hl7, journeys } from '../../support/telling.ts';
import { observationOf } from '../../support/transactions.ts';
import { tellFamily, toldBy } from './family.ts';
import { booking, care, person, ward } from './messages.ts';

const mother = person(401, 'Yara', 'Quill', '1991-11-02');
const infant = { local: 'S401', given: 'Baby', family: 'Quill', born: ago(3) };
const appointment = [
  `MSH|^~\\&|PAS|RXM|SKEIN|SKEIN|${ago(1).replaceAll('-', '')}090000||SIU^S12^SIU_S12|SIU-401|P|2.6`,
  `SCH||A-401^CLINICS|||||||||^^^${ago(-4).replaceAll('-', '')}1000|||||||||||||BOOKED`,
  `PID|1||${mother.local}^^^RXM^MR~${mother.nhs}^^^NHS^NH||${mother.family}^${mother.given}||${mother.born.replaceAll('-', '')}|F${'|'.repeat(24)}NSTS01`,
  '',
].join('\r');

/** What its first notification to stop contacts was of. */
function stopFocus(household: Household, system: string): string {
  const [told] = household.posts(system).flatMap(({ bundle }) => {
    const status = bundle.entry?.[0]?.resource as Parameters | undefined;
    return (status?.parameter ?? []).filter((one) => JSON.stringify(one).includes('"contact-stop"'));
  });
  const focus = told?.part?.find(({ name }) => name === 'focus')?.valueReference?.reference ?? '';
  return focus.split('/').slice(-2).join('/');
}

tellFamily('3 stillbirth at 37 weeks', {
  services: {
    maternity: ['maternity', 'RXM', 'hl7v2-adt,hl7v2-siu', 'maternity'],
    bookings: ['maternity', 'RXM', 'msds'],
    visiting: ['health-visiting', 'RXV', 'fhir-r4'],
    perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
    gp: ['gp', 'Y00001', 'fhir-r4'],
    hub: ['family-hub', 'RXH', 'fhir-r4'],
    birth_trauma: ['maternity-mh', 'RXT', 'fhir-r4'],
  },
  sent: [
    [
      'the booking and the due date',
      booking('bookings', mother, { booked: ago(210), due: ago(-18), made: ago(200) }),
    ],
    ['maternity registers her', ward(mother, { event: 'A28', day: ago(205) })],
    [
      'perinatal care of her, who was asked alone whether she is safe',
      care('perinatal', mother, {
        start: ago(90),
        more: (whom) => [observationOf(whom, 'perinatal', 'safety-enquiry-alone', ago(60))],
      }),
    ],
    ['her GP', care('gp', mother, { start: ago(900) })],
    ['the hub means to see her', care('hub', mother, { start: ago(40), planned: ago(-9) })],
    [
      'health visiting means to visit before the birth',
      care('visiting', mother, { start: ago(30), planned: ago(-6) }),
    ],
    ['maternity: the baby was born dead', ward(infant, { died: infant.born, mother: mother.nhs })],
    ['an antenatal appointment that the clinic had queued', hl7(appointment)],
  ],
  prompts: { maternity: [], perinatal: [], visiting: [], gp: [], hub: [], birth_trauma: [] },
  hears: {
    perinatal: ['contact-stop', 'loss'],
    visiting: ['contact-stop', 'loss'],
    gp: ['contact-stop', 'loss'],
    hub: ['contact-stop'],
  },
  hearsAlways: {
    perinatal: ['contact-stop'],
    visiting: ['contact-stop'],
    gp: ['contact-stop'],
    hub: ['contact-stop'],
  },
  // Of an infant who has a record, living or not, no other is expected.
  readsNever: Object.fromEntries(
    ['maternity', 'bookings', 'visiting', 'perinatal', 'gp', 'hub'].map((one) => [one, /expected-infants/]),
  ),
  neverHears: { hub: ['loss'], birth_trauma: [] },
  never: { hub: new RegExp(`${infant.born}|"deceased`), birth_trauma: /Yara|Quill/ },
  also: async (household, order) => {
    expect(await journeys(household)).toEqual(['Baby, Yara: contact-stop']);
    const { find } = household;
    // A planned contact carries the stop, its status as it was, for the service that planned it alone.
    const stops = '&_tag=https://skein.example/fhir/CodeSystem/stage|contact-stop';
    for (const [name, day] of [['visiting', ago(-6)] as const, ['hub', ago(-9)] as const]) {
      const [contact, ...more] = await find('Encounter', stops, name);
      expect([contact?.status, more.length], name).toEqual(['planned', 0]);
      expect(JSON.stringify(contact?.period), name).toContain(day);
    }
    expect((await find('Encounter', stops, 'perinatal')).length).toBe(0);
    expect(JSON.stringify(await find('Encounter', '', 'perinatal'))).not.toContain('CodeSystem/stage');
    // What a service is told of is its own: the contact, once that is known, else its care.
    const focus = stopFocus(household, 'visiting');
    expect(focus).toMatch(order === 0 ? /^Encounter\// : /^(Encounter|EpisodeOfCare)\//);
    expect(stopFocus(household, 'gp')).toMatch(/^EpisodeOfCare\//);
    expect((await household.skein.get(`/fhir/${focus}`, 'visiting')).status).toBe(200);
    // What was made after the loss is stored, and told to nobody.
    const late = (await find('Encounter', '', 'maternity')).filter(
      ({ status, identifier }) => status === 'planned' && JSON.stringify(identifier).includes('A-401'),
    );
    expect(late).toHaveLength(1);
    const posts = ['maternity', 'visiting', 'perinatal', 'gp', 'hub'].flatMap((name) =>
      household.posts(name),
    );
    if (order === 0) expect(JSON.stringify(posts)).not.toContain(late[0]?.id);
    // The due date passes, and the days in which nobody is asked about a partner: nobody is told of anything.
    for (const codes of Object.values(await toldBy(household, 22))) expect(codes).toEqual([]);
    // Her own care goes on.
    const spells = await find('EpisodeOfCare', '', 'perinatal');
    expect(spells.filter(({ status }) => status === 'active').length).toBeGreaterThan(0);
    expect(await find('Patient', `&birthdate=${mother.born}&active=true`)).toHaveLength(1);
  },
});
