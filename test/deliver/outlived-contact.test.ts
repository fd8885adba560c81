/** After a loss nobody is told that an antenatal contact is planned (sharing rules, "Loss and contact-stop"). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { care, type Person, person, ward } from '../families/scenarios/messages.ts';
import { gather, type Household } from '../support/household.ts';
import { ago } from '../support/roll.ts';
import { chart, contactOf, transactionOf } from '../support/transactions.ts';

let region: Household;
beforeAll(async () => {
  region = await gather({
    maternity: ['maternity', 'RXA', 'hl7v2-adt'],
    antenatal: ['maternity', 'RXA', 'fhir-r4'],
    gp: ['gp', 'Y00001', 'fhir-r4'],
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
  const bundle = transactionOf([whom, planned], `${ago(1)}T10:00:00Z`);
  expect((await region.skein.transaction(bundle, 'antenatal')).status).toBe(200);
  await region.settle();
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
