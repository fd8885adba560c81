/** Contacts that a loss outlives, and what takes it back (sharing rules, "Loss and contact-stop"). */
import type { Parameters } from '@medplum/fhirtypes';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { care, type Person, person, ward } from '../families/scenarios/messages.ts';
import { gather, type Household } from '../support/household.ts';
import { ago } from '../support/roll.ts';
import { chart, contactOf, episodeOf, type Said, transactionOf } from '../support/transactions.ts';

let region: Household;
beforeAll(async () => {
  region = await gather({
    maternity: ['maternity', 'RXA', 'hl7v2-adt'],
    antenatal: ['maternity', 'RXA', 'fhir-r4'],
    gp: ['gp', 'Y00001', 'fhir-r4'],
    visiting: ['health-visiting', 'RYC', 'fhir-r4'],
  });
  await askForContacts('gp');
}, 120_000);
afterAll(() => region.stop());

/** Contacts are told to who asks for them. */
async function askForContacts(system: string): Promise<void> {
  const base = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition';
  const body = JSON.stringify({
    ...{ resourceType: 'Subscription', status: 'requested', reason: 'contacts of our patients' },
    criteria: 'https://skein.example/fhir/SubscriptionTopic/family-episode',
    _criteria: { extension: [{ url: `${base}/backport-filter-criteria`, valueString: 'event=encounter' }] },
    channel: {
      ...{ type: 'rest-hook', endpoint: `${region.hook}/${system}`, payload: 'application/fhir+json' },
      _payload: { extension: [{ url: `${base}/backport-payload-content`, valueCode: 'id-only' }] },
    },
  });
  const headers = { 'content-type': 'application/fhir+json', 'x-skein-system': system };
  const { status, body: answer } = await region.skein.send('POST', '/fhir/Subscription', headers, body);
  expect(status, JSON.stringify(answer)).toBe(201);
}

async function book(mother: Person): Promise<string[]> {
  const whom = chart('antenatal', mother);
  const planned = contactOf(whom, 'antenatal', `P-${mother.local}`, ago(-5));
  Object.assign(planned.resource, { status: 'planned' });
  await send('antenatal', [whom, planned], ago(1));
  return region.told('gp').filter((code) => code === 'encounter');
}

test('heard of after it, it is stored and told to nobody; that of a mother whose baby lives is told', async () => {
  const [bereaved, mother] = [
    person(881, 'Yara', 'Quill', '1991-11-02'),
    person(882, 'Ines', 'Rook', '1992-10-03'),
  ];
  const [lost, baby] = [
    { local: 'S881', given: 'Baby', family: 'Quill', born: ago(3) },
    person(883, 'Otto', 'Rook', 3),
  ];
  const sent = [
    ...[bereaved, mother].map((whom) => care('gp', whom, { start: ago(300) })),
    ward(lost, { died: lost.born, mother: bereaved.nhs }),
    ward(baby, { mother: mother.nhs }),
  ];
  for (const send of sent) {
    await send(region.skein);
    await region.settle();
  }
  expect(await book(bereaved)).toEqual([]);
  const found = await region.find('Encounter', '&status=planned', 'antenatal');
  expect(found).toHaveLength(1);
  expect(await book(mother)).toEqual(['encounter']);
});

async function send(system: string, what: Said[], day: string): Promise<string> {
  const { status, body } = await region.skein.transaction(transactionOf(what, `${day}T10:00:00Z`), system);
  expect(status, JSON.stringify(body)).toBe(200);
  await region.settle();
  return JSON.stringify(body);
}

/** What each notification of this code was of. */
const fociOf = (system: string, code: string): string[] =>
  region.posts(system).flatMap(({ bundle }) => {
    const status = bundle.entry?.[0]?.resource as Parameters | undefined;
    const told = (status?.parameter ?? []).filter((one) => JSON.stringify(one).includes(`"${code}"`));
    return told.flatMap(({ part }) => {
      const focus = part?.find(({ name }) => name === 'focus')?.valueReference?.reference ?? '';
      return focus.split('/').slice(-2).join('/');
    });
  });

test('a loss that was none is taken back under what was stopped, whatever is planned by then', async () => {
  const mother = person(884, 'Tamsyn', 'Rodda', '1993-12-12');
  const whom = chart('antenatal', mother);
  const booked = (ended?: string) => {
    const spell = episodeOf(whom, 'antenatal', { id: 'G-884', start: ago(60) });
    const dates = { 'expected-delivery': ago(-120), ...(ended ? { 'pregnancy-loss': ended } : {}) };
    const base = 'https://skein.example/fhir/StructureDefinition/';
    const extension = Object.entries(dates).map(([name, valueDate]) => ({ url: base + name, valueDate }));
    return [whom, { ...spell, resource: { ...spell.resource, extension } }];
  };
  await send('antenatal', booked(), ago(60));
  await care('visiting', mother, { start: ago(30), planned: ago(-9) })(region.skein);
  await region.settle();
  await send('antenatal', booked(ago(4)), ago(3));
  const [stop, ...more] = fociOf('visiting', 'contact-stop');
  expect([stop, more]).toEqual([expect.stringMatching(/^Encounter\//), []]);
  const visited = chart('visiting', mother);
  const sooner = contactOf(visited, 'visiting', 'P-sooner', ago(-2));
  Object.assign(sooner.resource, { status: 'planned' });
  await send('visiting', [visited, sooner], ago(2));
  await send('antenatal', booked(), ago(1));
  expect(fociOf('visiting', 'loss-retracted')).toEqual([stop]);
});

test('what was told to nobody while a loss stood is told after its retraction, each contact once', async () => {
  const mother = person(887, 'Demelza', 'Angove', '1993-04-21');
  const whom = chart('antenatal', mother);
  const booked = (ended?: string) => {
    const spell = episodeOf(whom, 'antenatal', { id: 'G-887', start: ago(60) });
    const dates = { 'expected-delivery': ago(-120), ...(ended ? { 'pregnancy-loss': ended } : {}) };
    const base = 'https://skein.example/fhir/StructureDefinition/';
    const extension = Object.entries(dates).map(([name, valueDate]) => ({ url: base + name, valueDate }));
    return { ...spell, resource: { ...spell.resource, extension } };
  };
  const plan = (id: string, day: string): Said => {
    const contact = contactOf(whom, 'antenatal', `${id}-887`, day);
    Object.assign(contact.resource, { status: 'planned' });
    return contact;
  };
  await send('antenatal', [whom, booked()], ago(60));
  await care('gp', mother, { start: ago(300) })(region.skein);
  await region.settle();
  const told = () => fociOf('gp', 'encounter').length;
  const before = told();
  await send('antenatal', [whom, plan('known', ago(-3))], ago(20));
  expect(told()).toBe(before + 1);
  await send('antenatal', [whom, booked(ago(4))], ago(3));
  // One that must stop, one that was made when all had heard of it, and one that is past.
  for (const [id, day] of [
    ['stops', -4],
    ['after', -5],
    ['past', 1],
  ] as const)
    await send('antenatal', [whom, plan(id, ago(day))], id === 'stops' ? ago(10) : ago(2));
  expect(told()).toBe(before + 1);
  await send('antenatal', [whom, booked()], ago(1));
  const found = await region.find('Encounter', '&status=planned', 'antenatal');
  const idOf = (id: string) => found.find((one) => JSON.stringify(one).includes(`${id}-887`))?.id;
  const late = ['stops', 'after'].map((id) => `Encounter/${idOf(id)}`);
  expect(
    fociOf('gp', 'encounter')
      .slice(before + 1)
      .sort(),
  ).toEqual(late.sort());
  await send('antenatal', [whom, booked(ago(4))], ago(0));
  expect(told()).toBe(before + 3);
});

test('a loss said by a service that may not declare it stops nothing, and the service is told so', async () => {
  const mother = person(885, 'Kerensa', 'Bolitho', '1990-05-11');
  const whom = chart('gp', mother);
  const spell = episodeOf(whom, 'gp', { id: 'G-885', start: ago(60) });
  const url = 'https://skein.example/fhir/StructureDefinition/pregnancy-loss';
  const said = (day: string) => ({
    ...spell,
    resource: { ...spell.resource, extension: [{ url, valueDate: day }] },
  });
  const before = fociOf('gp', 'contact-stop');
  expect(await send('gp', [whom, spell], ago(5))).not.toContain('a pregnancy has ended counts where');
  expect(await send('gp', [whom, said(ago(2))], ago(1))).toContain('a pregnancy has ended counts where');
  expect(fociOf('gp', 'contact-stop')).toEqual(before);
  const ahead = transactionOf([whom, said(ago(-300))], `${ago(0)}T00:00:00Z`);
  const { status, body } = await region.skein.transaction(ahead, 'gp');
  expect([status, JSON.stringify(body)]).toEqual([422, expect.stringContaining('is a day still to come')]);
});

test('a birth date that is a slip of the pen takes back no stop: what says all of somebody is held', async () => {
  const mother = person(886, 'Rosen', 'Tregenza', '1992-02-11');
  const slip = { ...mother, born: '2093-03-02' };
  await send('visiting', [chart('visiting', mother)], ago(5));
  const bundle = transactionOf([chart('visiting', slip)], `${ago(1)}T10:00:00Z`);
  const { status, body } = await region.skein.transaction(bundle, 'visiting');
  expect([status, JSON.stringify(body)]).toEqual([
    422,
    expect.stringContaining('birthDate is a day still to come'),
  ]);
  const found = await region.find('Patient', '&family=tregenza', 'visiting');
  expect(found).toMatchObject([{ birthDate: mother.born }]);
});
