/** Who is told, and who is not: each asks what one service could learn that the table does not give it, or would miss. */
import type { Group } from '@medplum/fhirtypes';
import { afterEach, expect, test } from 'vitest';
import { differences, gaze, tell } from '../support/gaze.ts';
import { gather, type Household, type Services } from '../support/household.ts';
import { adt, barsReferral, episodeBundle } from '../support/messages.ts';
import { nhsNumber } from '../support/records.ts';

const ago = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
const v2 = (day: string) => `${day.replaceAll('-', '')}090000`;
const at = (day: string) => `${day}T10:00:00+00:00`;

const MOTHER = { nhs: nhsNumber(101), given: 'Tamsin', family: 'Penrose', born: '1994-03-02', local: 'M1' };
const OTHER = { nhs: nhsNumber(105), given: 'Bella', family: 'Bryce', born: '1991-07-09', local: 'M2' };
const FATHER = { nhs: nhsNumber(106), given: 'Jago', family: 'Trewin', born: '1990-01-31', local: 'F1' };
const BABY = { nhs: nhsNumber(102), given: 'Kit', family: 'Penrose', born: ago(90), local: 'B1' };
const TWIN = { nhs: nhsNumber(103), given: 'Wren', family: 'Penrose', born: ago(90), local: 'B2' };

const SERVICES: Services = {
  maternity: ['maternity', 'RXM', 'hl7v2-adt'],
  visiting: ['health-visiting', 'RXV', 'bars-referral'],
  perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
  elsewhere: ['specialist-perinatal', 'RXQ', 'fhir-r4'],
  camhs: ['camhs-0-5', 'RXC', 'fhir-r4'],
  infancy: ['parent-infant', 'RXI', 'fhir-r4'],
  gp: ['gp', 'RXG', 'fhir-r4'],
  hub: ['family-hub', 'RXU', 'fhir-r4'],
  charity: ['third-sector', 'RXT', 'fhir-r4'],
};

let household: Household;
afterEach(() => household.stop());

/** Opens an episode of each of these services for a person, one after the other. */
async function care(who: typeof MOTHER, ...systems: string[]): Promise<void> {
  for (const system of systems) {
    const bundle = episodeBundle(who, { id: `${who.local}-${system}`, start: ago(85), at: at(ago(85)) });
    expect((await household.skein.transaction(bundle, system)).status).toBe(200);
  }
  await household.settle();
}

async function admit(who: typeof MOTHER, options: Parameters<typeof adt>[1], died = ''): Promise<void> {
  const [msh, evn, pid = '', ...rest] = adt(who, { visit: `V-${who.local}`, ...options }).split('\r');
  const fields = Object.assign(pid.split('|'), { 29: died && v2(died), 30: died && 'Y' });
  const message = [msh, evn, Array.from(fields, (field) => field ?? '').join('|'), ...rest].join('\r');
  const { body } = await household.skein.intake('maternity', 'application/hl7-v2', message);
  expect(body.text).toContain('MSA|AA');
  await household.settle();
}

/** What each service is told while something happens. */
async function hearing(happens: () => Promise<unknown>): Promise<Record<string, string[]>> {
  const before = new Map(Object.keys(SERVICES).map((system) => [system, household.told(system).length]));
  await happens();
  await household.settle();
  return Object.fromEntries(
    [...before].map(([system, count]) => [system, household.told(system).slice(count).sort()]),
  );
}

/** A referral and nothing else: the contact that led to it would be care that others may know of. */
function refer(status = 'active', day = ago(20)) {
  const bundle = barsReferral(MOTHER, { at: at(day), status });
  const entry = bundle.entry.filter(
    ({ resource }) => (resource as { resourceType: string }).resourceType !== 'Encounter',
  );
  return household.skein.bars({ ...bundle, entry }, undefined, 'visiting');
}

test('a referral is between referrer and receiver until it is taken up, its withdrawal too', async () => {
  household = await gather(SERVICES);
  await care(MOTHER, 'gp', 'elsewhere', 'charity');
  const readers = ['gp', 'elsewhere', 'charity'];
  const before = await gaze(household, readers);
  const heard = await hearing(() => refer());
  expect(heard).toMatchObject({
    visiting: ['referral-received'],
    perinatal: ['referral-received'],
    gp: [],
    elsewhere: [],
  });
  expect(await household.find('ServiceRequest', '', 'perinatal')).toHaveLength(1);
  expect(differences(before, await gaze(household, readers), 'version').map(tell)).toEqual([]);
  expect(await hearing(() => refer('revoked', ago(19)))).toMatchObject({
    visiting: ['episode-ended'],
    perinatal: ['episode-ended'],
    gp: [],
    elsewhere: [],
  });
  // Both still read what they are told of, and hear when it is made again.
  for (const party of ['visiting', 'perinatal'])
    expect(await household.find('ServiceRequest', '&status=revoked', party)).toHaveLength(1);
  expect(await hearing(() => refer('active', ago(18)))).toMatchObject({
    visiting: ['referral-received'],
    perinatal: ['referral-received'],
    gp: [],
  });
  // What was sent in error was never so.
  expect(await hearing(() => refer('entered-in-error', ago(17)))).toMatchObject({
    perinatal: ['withdrawn'],
    gp: [],
  });
});

test('a referral that was taken up is known to those who may know of her care', async () => {
  household = await gather(SERVICES);
  await care(MOTHER, 'gp');
  await hearing(() => refer());
  const bundle = episodeBundle(MOTHER, { id: 'P1', start: ago(10), at: at(ago(10)), referral: 'R-1' });
  const heard = await hearing(() => household.skein.transaction(bundle, 'perinatal'));
  expect(heard).toMatchObject({ visiting: ['referral-accepted'], gp: ['episode-started'] });
  expect((await household.find('ServiceRequest', '', 'gp')).length).toBe(1);
});

test('who referred hears what became of it, also without having spoken of an episode', async () => {
  household = await gather({ ...SERVICES, midwives: ['maternity', 'RXW', 'fhir-r4'] });
  const bundle = episodeBundle(MOTHER, { id: 'x', at: at(ago(20)) });
  const [person] = bundle.entry;
  const service = (value: string) => ({
    identifier: { system: 'https://fhir.nhs.uk/Id/ods-organization-code', value },
  });
  const resource = {
    ...{
      resourceType: 'ServiceRequest',
      status: 'active',
      intent: 'plan',
      subject: { reference: person?.fullUrl },
    },
    ...{ authoredOn: ago(20), identifier: [{ system: 'https://hv.example/Id/referral', value: 'R-9' }] },
    ...{ performer: [service('RXP')], requester: service('RXW') },
  };
  const referral = {
    fullUrl: 'urn:uuid:6a1f63c1-54d1-4b3e-9a32-0d9f6f1a5b11',
    resource,
    request: { method: 'POST', url: 'ServiceRequest' },
  };
  await hearing(() => household.skein.transaction({ ...bundle, entry: [person, referral] }, 'midwives'));
  expect(
    (
      await household.find(
        'Patient',
        `&identifier=https://fhir.nhs.uk/Id/nhs-number|${MOTHER.nhs}`,
        'perinatal',
      )
    ).length,
  ).toBe(1);
  const answer = episodeBundle(MOTHER, { id: 'P1', start: ago(10), at: at(ago(10)), referral: 'R-9' });
  await hearing(() => household.skein.transaction(answer, 'perinatal'));
  expect(household.told('midwives')).toEqual(['referral-received', 'referral-accepted']);
});

test('a lineage names nothing that its reader cannot read', async () => {
  household = await gather(SERVICES);
  await care(MOTHER, 'perinatal', 'charity', 'hub');
  for (const system of ['perinatal', 'charity', 'hub']) {
    const lineages = await household.find('Provenance', '', system);
    expect(lineages.length, system).toBeGreaterThan(0);
    for (const { target } of lineages) {
      for (const { reference } of target as { reference: string }[]) {
        expect(
          (await household.skein.get(`/fhir/${reference}`, system)).status,
          `${system} ${reference}`,
        ).toBe(200);
      }
    }
  }
});

test('of a wrong link undone those hear who could have known of it, and nobody else', async () => {
  household = await gather(SERVICES);
  await admit(MOTHER, { event: 'A28', id: 'M0', at: v2(ago(95)) });
  await admit(BABY, { mother: MOTHER.nhs, id: 'M1', at: v2(ago(90)) });
  await care(OTHER, 'elsewhere', 'infancy');
  await care(BABY, 'camhs', 'gp', 'hub', 'charity');
  await care(MOTHER, 'perinatal');
  expect(household.told('perinatal')).toContain('episode-started');
  const heard = await hearing(() =>
    admit(BABY, { event: 'A08', mother: OTHER.nhs, id: 'M2', at: v2(ago(50)) }),
  );
  const parted = Object.keys(heard).filter((system) => heard[system]?.includes('member-unlinked'));
  // The GP may know of nobody else in it.
  expect(parted.sort()).toEqual(['camhs', 'maternity', 'perinatal']);
});

test('a twin’s death is told to the mother’s and that twin’s own services; only clinical ones hear why', async () => {
  household = await gather(SERVICES);
  await admit(BABY, { mother: MOTHER.nhs, id: 'M1', at: v2(ago(90)) });
  await admit(TWIN, { mother: MOTHER.nhs, id: 'M2', at: v2(ago(90)) });
  await care(MOTHER, 'perinatal', 'gp', 'hub', 'charity');
  await care(TWIN, 'camhs');
  await care(BABY, 'infancy');
  const death = { event: 'A08', mother: MOTHER.nhs, id: 'M3', at: v2(ago(60)) };
  const heard = await hearing(() => admit(TWIN, death, ago(60)));
  const telling = (code: string) =>
    Object.keys(heard)
      .filter((system) => heard[system]?.includes(code))
      .sort();
  // A charity's word of whom it cares for opens nothing, contact-stop included (sharing ground rule 3).
  expect(telling('contact-stop')).toEqual(['camhs', 'gp', 'hub', 'maternity', 'perinatal']);
  expect(telling('loss')).toEqual(['camhs', 'gp', 'maternity', 'perinatal']);
  // Whose stage it is is said to who may know that infant, and hears of its loss.
  const stages = async (system?: string) => {
    const names = new Map((await household.find('Patient')).map(({ id, name }) => [id, name]));
    const [group] = (await household.find('Group', '', system)) as unknown as Group[];
    return (group?.characteristic ?? []).map(({ extension = [], valueCodeableConcept: value }) => {
      const whose = extension.map(({ valueReference }) =>
        JSON.stringify(names.get(valueReference?.reference?.split('/')[1] ?? '')).includes(TWIN.given),
      );
      return [value?.coding?.[0]?.code, ...whose.map((isTwin) => (isTwin ? 'twin' : 'baby'))].join(' ');
    });
  };
  const babys = ['birth-12m baby', '12-24m baby', 'after-24m baby'];
  const both = ['birth-12m twin', 'contact-stop twin', ...babys];
  for (const system of [undefined, 'maternity', 'perinatal'])
    expect(await stages(system), system ?? 'operator').toEqual(both);
  const nobodys = ['birth-12m', '12-24m', 'after-24m'];
  expect(await stages('camhs')).toEqual(['birth-12m twin', 'contact-stop twin', ...nobodys]);
  expect(await stages('infancy')).toEqual(babys);
  expect(await stages('gp')).toEqual(nobodys);
  expect(await stages('hub')).toEqual(['birth-12m']);
});

test('a stage is told to whoever may read it, as the mother’s GP', async () => {
  household = await gather(SERVICES);
  await care(MOTHER, 'gp', 'charity');
  const heard = await hearing(() => admit(BABY, { mother: MOTHER.nhs, id: 'M1', at: v2(ago(90)) }));
  expect(heard).toMatchObject({ gp: ['stage-changed'], charity: [] });
});

test('a father’s own service sees nothing of the journey he is named in', async () => {
  household = await gather({ ...SERVICES, his: ['cmht', 'RXZ', 'fhir-r4'] });
  await care(FATHER, 'his');
  await care(MOTHER, 'perinatal');
  const nk1 = `NK1|1|Trewin^Jago|FTH${'|'.repeat(30)}${FATHER.nhs}^^^NHS^NH`;
  await admit(BABY, { mother: MOTHER.nhs, id: 'M1', at: v2(ago(90)), nk1 });
  expect(
    (await household.find('Group')).map(({ member }) => (member as unknown[] | undefined)?.length ?? 0),
  ).toContain(3);
  // His own journey, with nobody else in it.
  const own = await household.find('Group', '', 'his');
  expect(own.map(({ member }) => (member as unknown[]).length)).toEqual([1]);
  expect(await household.allThatReaches('his')).not.toMatch(new RegExp(`Tamsin|Kit|${BABY.born}|birth-12m`));
});

test('that a charity has met her, too, shows in no merge and no team', async () => {
  household = await gather(SERVICES);
  await care(MOTHER, 'gp');
  const alone = { ...MOTHER, verified: false };
  const early = (who: typeof MOTHER & { verified?: boolean }, day: string) =>
    household.skein.transaction(episodeBundle(who, { id: 'T1', start: ago(80), at: at(day) }), 'charity');
  await hearing(() => early(alone, ago(60)));
  const heard = await hearing(() => early(MOTHER, ago(50)));
  expect(heard.gp).not.toContain('person-merged');
  // The charity's word joins nobody, verified or not: whom it met stays a person of its own.
  expect((await household.find('Patient', '&active=false')).length).toBe(0);
  expect((await household.find('Patient', '&active=true')).length).toBe(2);
  const teams = await household.find('CareTeam', '', 'gp');
  expect(teams.map(({ participant }) => (participant as unknown[]).length)).toEqual([1]);
});

test('what a sender typed for a service that nobody registered reaches nobody else', async () => {
  household = await gather(SERVICES);
  const bundle = JSON.parse(
    JSON.stringify(barsReferral(MOTHER, { to: 'RXP' })).replace(
      '"https://fhir.nhs.uk/Id/ods-organization-code","value":"RXP"',
      '"https://skein.example/Id/service","value":"12 ELM ROAD|refuge"',
    ),
  );
  expect((await household.skein.bars(bundle, undefined, 'visiting')).status).toBe(200);
  expect(JSON.stringify(await household.find('Organization'))).toContain('ELM ROAD');
  const seen = await household.find('Organization', '', 'charity');
  expect(JSON.stringify(seen)).not.toMatch(/ELM ROAD|refuge/i);
  expect(await household.find('Organization', '&name=12', 'charity')).toEqual([]);
  expect(JSON.stringify(seen)).toContain('RXP|perinatal');
});
