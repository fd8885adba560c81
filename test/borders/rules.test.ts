/** The ground rules of who may know what, one by one, as the services of a region meet them. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { unversioned } from '../support/gaze.ts';
import type { Found } from '../support/household.ts';
import { statusIn } from '../support/receiver.ts';
import { newFamily, openRegion, type Person, type Region } from '../support/region.ts';
import { ago, EVERYBODY, ROLL } from '../support/roll.ts';
import { SERVED } from '../support/served.ts';
import {
  byNumber,
  chart,
  contactOf,
  episodeOf,
  referralOf,
  relationOf,
  type Said,
} from '../support/transactions.ts';

let region: Region;
beforeAll(async () => {
  region = await openRegion();
}, 60_000);
afterAll(() => region.stop());

const codeOf = (system: string): string => ROLL[system]?.[1] ?? '';
const parties = (id: string, from: string, to: string) => ({
  id,
  from: region.serviceOf(from),
  to: region.serviceOf(to),
});
const PHONE = '07700900123';
const telecom = [{ system: 'phone', value: PHONE }];
/** Everything of one person that a service finds, in one text. */
async function seenOf(system: string, who: Person): Promise<string> {
  const id = await region.idOf(who);
  const found = await Promise.all(
    ['EpisodeOfCare', 'Encounter', 'ServiceRequest', 'RelatedPerson', 'CareTeam', 'Provenance', 'Task']
      .map((type) => region.find(type, `&patient=${id}`, system))
      .concat(region.find('Patient', `&_id=${id}`, system), region.find('Group', `&member=${id}`, system)),
  );
  return JSON.stringify(found.flat());
}
const sees = (system: string, type: string, who: Person): Promise<Found[]> =>
  region.idOf(who).then((id) => region.find(type, `&patient=${id}`, system));
const knowsOf = async (system: string, who: Person): Promise<boolean> =>
  (await region.skein.get(`/fhir/Patient/${await region.idOf(who)}`, system)).status === 200;

describe('3: care is of a service and a person', () => {
  const { mother, baby } = newFamily();
  const others = /cmht|disability|birth_trauma|E-social/;
  const refer = () => {
    const whom = chart('visiting', mother, { telecom });
    return region.send('visiting', [whom, referralOf(whom, parties('R-3', 'visiting', 'elsewhere'), ago(9))]);
  };

  test('a pending referral shows its receiver the referral and whom it means, as that message says', async () => {
    await region.maternity(baby, { mother });
    for (const system of ['cmht', 'disability', 'social']) await region.care(system, mother);
    expect(await region.hearing(refer)).toEqual({
      visiting: ['referral-received'],
      elsewhere: ['referral-received'],
    });
    expect(await region.hearing(() => region.care('birth_trauma', mother))).not.toHaveProperty('elsewhere');
    const seen = await seenOf('elsewhere', mother);
    expect(seen).toContain(mother.given);
    expect(seen).toContain(mother.nhs);
    expect(seen).toContain(PHONE);
    expect(await sees('elsewhere', 'ServiceRequest', mother)).toHaveLength(1);
    expect(seen).not.toMatch(others);
    expect(await sees('elsewhere', 'Encounter', mother)).toEqual([]);
    const spells = await sees('elsewhere', 'EpisodeOfCare', mother);
    expect(spells.filter(({ status }) => status !== 'planned')).toEqual([]);
    expect(await knowsOf('elsewhere', baby)).toBe(false);
  });

  test('a declined referral shows its receiver nothing', async () => {
    const whom = chart('elsewhere', mother);
    const spell = { id: 'E-3', status: 'cancelled', referral: 'R-3' };
    const heard = await region.hearing(() =>
      region.send('elsewhere', [whom, episodeOf(whom, 'elsewhere', spell)]),
    );
    expect(heard).toMatchObject({ visiting: ['referral-declined'] });
    expect(await sees('elsewhere', 'ServiceRequest', mother)).toEqual([]);
    const seen = await region.foundBy('elsewhere');
    for (const word of [PHONE, `visiting-${mother.local}`, baby.given]) expect(seen).not.toContain(word);
    expect(await seenOf('elsewhere', mother)).not.toMatch(others);
  });

  test('a hub that says who is meant opens; a charity that does sees what it sent', async () => {
    const { mother: client } = newFamily();
    await region.care('perinatal', client);
    for (const system of ['hub', 'charity']) await region.care(system, client);
    const kinds = async (system: string) => (await sees(system, 'EpisodeOfCare', client)).length;
    expect(await kinds('hub')).toBe(2);
    const [own, ...more] = await region.find('Patient', `&family=${client.family}`, 'charity');
    expect([own?.name !== undefined, more]).toEqual([true, []]);
    const seen = await region.foundBy('charity');
    expect(seen).toContain(`E-charity-${client.local}`);
    expect(seen).not.toMatch(/perinatal|hub-|specialist/);
  });

  test('a number alone opens nothing, whoever gives it', async () => {
    const { mother: stranger } = newFamily();
    await region.care('perinatal', stranger);
    for (const system of ['other_gp', 'camhs', 'prison', 'charity', 'stranger']) {
      await region.send(system, [episodeOf(byNumber(stranger.nhs), system, { id: 'N-3', start: ago(5) })]);
      expect(await region.foundBy(system), system).not.toContain(stranger.given);
      expect(await knowsOf(system, stranger), system).toBe(false);
    }
  });
});

describe('5: a referral is between who refers and who receives', () => {
  test('others with care of her learn of it when her care begins', async () => {
    const { mother } = newFamily();
    for (const system of ['gp', 'birth_trauma', 'hub']) await region.care(system, mother);
    const whom = chart('visiting', mother);
    const referred = await region.hearing(() =>
      region.send('visiting', [whom, referralOf(whom, parties('R-5', 'visiting', 'perinatal'), ago(9))]),
    );
    expect(referred).toEqual({ visiting: ['referral-received'], perinatal: ['referral-received'] });
    const own = chart('perinatal', mother);
    const began = await region.hearing(() =>
      region.send('perinatal', [
        own,
        episodeOf(own, 'perinatal', { id: 'P-5', start: ago(3), referral: 'R-5' }),
      ]),
    );
    expect(began.visiting).toContain('referral-accepted');
    expect(began.birth_trauma).toEqual(['episode-started']);
  });

  test('a charity’s self-referral stays with the charity', async () => {
    const row = 'reference,given_name,family_name,date_of_birth,consent\nD-5,Jago,Trewin,1991-01-01,yes\n';
    const heard = await region.hearing(() => region.skein.intake('dads', 'text/csv', row));
    expect(Object.keys(heard).filter((system) => system !== 'dads')).toEqual([]);
    for (const system of EVERYBODY.filter((name) => name !== 'dads'))
      expect(await region.find('Patient', '&family=Trewin', system), system).toEqual([]);
    expect(await region.find('Patient', '&family=Trewin', 'dads')).toHaveLength(1);
  });
});

describe('21: one decision for every way out', () => {
  test('a filter on a sealed clinic is told nothing, and a search by it finds nothing', async () => {
    const { mother } = newFamily();
    await region.care('perinatal', mother);
    const heard = await region.hearing(() => region.care('clinic', mother));
    expect(Object.keys(heard).filter((system) => system !== 'clinic')).toEqual([]);
    const spells = await region.find('EpisodeOfCare', `&patient=${await region.idOf(mother)}`, 'clinic');
    const spell = spells.find((one) => JSON.stringify(one.identifier).includes('clinic.example'));
    const { reference } = (spell as Found).managingOrganization as { reference: string };
    expect(await region.find('EpisodeOfCare', `&organization=${reference}`, 'perinatal')).toEqual([]);
    expect(await region.find('CareTeam', `&participant=${reference}`, 'perinatal')).toEqual([]);
  });

  test('whatever is told can be read at once', async () => {
    const { mother, baby } = newFamily();
    await region.maternity(baby, { mother });
    for (const system of ['perinatal', 'gp', 'hub', 'birth_trauma']) await region.care(system, mother);
    for (const system of ['camhs', 'infancy', 'visiting', 'social']) await region.care(system, baby);
    await region.settle();
    expect(EVERYBODY.flatMap(fociOf).length).toBeGreaterThan(10);
    await expectAllReadable();
  });

  test('a contact-stop reaches open care, its cause only clinical services', async () => {
    const { mother, baby } = newFamily();
    await region.maternity(baby, { mother });
    for (const system of ['perinatal', 'hub']) await region.care(system, mother);
    await region.care('visiting', baby);
    const died = { mother, event: 'A08', id: `D-${baby.local}`, day: ago(2), died: ago(2) };
    const heard = await region.hearing(() => region.maternity(baby, died));
    for (const system of ['perinatal', 'visiting', 'maternity'])
      expect(heard[system], system).toContain('contact-stop');
    expect(heard).toHaveProperty('hub');
    expect(heard.hub).not.toContain('loss');
    expect(await region.foundBy('hub')).not.toMatch(new RegExp(`${baby.given}|deceased`));
  });
});

type Told = { focus: string; code: string };
/** What a service was sent, in order: path of the focus, event code. */
function fociOf(system: string): Told[] {
  return region.posts(system).flatMap(({ bundle }) =>
    (statusIn(bundle).parameter ?? []).flatMap(({ name, part, extension }) => {
      const focus = part?.find((one) => one.name === 'focus')?.valueReference?.reference;
      const code = extension?.map(({ valueCode }) => valueCode).find(Boolean) ?? '';
      return name === 'notification-event' && focus ? [{ focus: focus.replace(/.*\/fhir\//, ''), code }] : [];
    }),
  );
}
const UNSAID = [
  'withdrawn',
  'member-unlinked',
  'person-merged',
  'contact-stop',
  'loss-retracted',
  'person-unmerged',
];
async function expectAllReadable(): Promise<void> {
  for (const system of EVERYBODY)
    for (const focus of new Set(fociOf(system).map((told) => told.focus)))
      await expectReadable(system, focus);
}
async function expectReadable(system: string, focus: string): Promise<void> {
  const { status } = await region.skein.get(`/fhir/${focus}`, system);
  const last = fociOf(system).findLast((told) => told.focus === focus)?.code ?? '';
  if (status !== 200) expect(UNSAID, `${system} ${focus} was last told ${last}`).toContain(last);
}

describe('22: a column is a role in one journey and ends with it', () => {
  test('of a grown daughter in care her mother’s team learns nothing', async () => {
    const { grandmother, child } = newFamily();
    const vix = { ...child, born: '2010-02-03' };
    await region.care('perinatal', grandmother);
    const before = await region.foundBy('perinatal');
    const heard = await region.hearing(async () => {
      await region.care('cmht', vix, (whom) => [relationOf(whom, grandmother, 'MTH')]);
      const whom = chart('visiting', vix);
      const referral = referralOf(whom, parties('R-22', 'visiting', 'cmht'), ago(9));
      await region.send('visiting', [whom, relationOf(whom, grandmother, 'MTH'), referral]);
    });
    expect(heard).not.toHaveProperty('perinatal');
    expect(before).not.toContain(vix.given);
    expect(await knowsOf('perinatal', vix)).toBe(false);
    expect(await region.foundBy('perinatal')).not.toContain(vix.given);
  });

  test('sixteen, and her mother is ill: neither’s team learns of the other’s care', async () => {
    const { grandmother, child, baby } = newFamily();
    const vix = { ...child, born: '2010-09-29' };
    await region.care('perinatal', grandmother);
    await region.care('camhs', vix, (whom) => [relationOf(whom, grandmother, 'MTH')]);
    await region.maternity(vix, { event: 'A04', day: ago(90) });
    await region.maternity(baby, { mother: vix });
    await region.care('visiting', baby, (whom) => [relationOf(whom, vix, 'MTH')]);
    for (const person of [vix, baby]) expect(await knowsOf('perinatal', person)).toBe(false);
    expect(await region.foundBy('perinatal')).not.toMatch(new RegExp(`${vix.given}|${baby.given}`));
    for (const system of ['maternity', 'visiting']) {
      expect(await knowsOf(system, grandmother), system).toBe(false);
      expect(await region.foundBy(system), system).not.toContain(grandmother.given);
    }
  });

  test('a child over five is nobody’s infant', async () => {
    const { mother, child } = newFamily();
    const six = { ...child, born: ago(2200) };
    await region.maternity(six, { mother });
    await region.care('perinatal', mother);
    await region.care('camhs', six);
    expect(await knowsOf('perinatal', six)).toBe(false);
    expect(await region.foundBy('perinatal')).not.toContain(six.given);
  });

  test('after 24 months only who has open care of a member still sees the others', async () => {
    const { mother, child } = newFamily();
    const three = { ...child, born: ago(1000) };
    await region.maternity(three, { mother });
    const own = chart('perinatal', mother);
    const open = { id: `E-24-${mother.local}`, start: ago(900) };
    await region.send('perinatal', [own, episodeOf(own, 'perinatal', open)], ago(900));
    const whom = chart('birth_trauma', mother);
    const spell = { id: `E-22-${mother.local}`, status: 'finished', start: ago(900), end: ago(20) };
    await region.send('birth_trauma', [whom, episodeOf(whom, 'birth_trauma', spell)]);
    await region.care('camhs', three);
    expect(await knowsOf('perinatal', three)).toBe(true);
    expect(await knowsOf('birth_trauma', three)).toBe(false);
    expect(await region.foundBy('birth_trauma')).not.toContain(three.given);
  });

  test('a new pregnancy is told to nobody of an earlier child', async () => {
    const { mother, child } = newFamily();
    const toddler = { ...child, born: ago(460) };
    await region.maternity(mother, { event: 'A28', day: ago(461) });
    await region.maternity(toddler, { mother });
    for (const system of ['camhs', 'infancy', 'visiting']) await region.care(system, toddler);
    await region.settle();
    const before = await Promise.all(['camhs', 'infancy', 'visiting'].map((name) => seenOf(name, mother)));
    const booking = { event: 'A04', id: `K-${mother.local}`, day: ago(10) };
    const heard = await region.hearing(() => region.maternity(mother, booking));
    for (const system of ['camhs', 'infancy', 'visiting']) expect(heard, system).not.toHaveProperty(system);
    const after = await Promise.all(['camhs', 'infancy', 'visiting'].map((name) => seenOf(name, mother)));
    expect(after).toEqual(before);
  });

  test('a mother’s death reaches every service with open care of her or of her infants', async () => {
    const { mother, baby } = newFamily();
    await region.maternity(baby, { mother });
    await region.maternity(mother, { event: 'A28', day: ago(61) });
    for (const system of ['perinatal', 'hub']) await region.care(system, mother);
    for (const system of ['camhs', 'visiting', 'social']) await region.care(system, baby);
    const died = { event: 'A31', id: `D-${mother.local}`, day: ago(2), died: ago(2) };
    const heard = await region.hearing(() => region.maternity(mother, died));
    for (const system of ['perinatal', 'camhs', 'visiting'])
      expect(heard[system], system).toContain('contact-stop');
    for (const system of ['hub', 'social']) expect(heard, system).toHaveProperty(system);
    const focus = `Patient/${await region.idOf(mother)}`;
    const foci = fociOf('camhs').filter(({ code, focus: of }) => code === 'contact-stop' && of === focus);
    expect(foci).toHaveLength(1);
  });
});

describe('23: nothing told becomes unreadable in silence', () => {
  test('who was told of a wrong mother’s family is told that it was wrong', async () => {
    const { mother, grandmother: wrong, baby } = newFamily();
    await region.maternity(baby, { mother: wrong });
    for (const [system, who] of [
      ['perinatal', wrong],
      ['birth_trauma', wrong],
      ['elsewhere', mother],
    ] as const)
      await region.care(system, who);
    await region.care('camhs', baby);
    expect(await knowsOf('perinatal', baby)).toBe(true);
    const corrected = { mother, event: 'A08', id: `K-${baby.local}`, day: ago(5) };
    const heard = await region.hearing(() => region.maternity(baby, corrected));
    expect(heard.perinatal).toContain('member-unlinked');
    expect(await knowsOf('perinatal', baby)).toBe(false);
    await expectAllReadable();
  });
});

describe('23: who turns out not to be of a family', () => {
  const unlinked = (heard: Record<string, string[]>) =>
    Object.keys(heard)
      .filter((name) => heard[name]?.includes('member-unlinked'))
      .sort();

  test('is told to both sides, as far as each could know the other, and to nobody else', async () => {
    const { mother, baby, grandmother: wrong } = newFamily();
    await region.care('perinatal', wrong);
    await region.care('infancy', mother);
    await region.maternity(baby, { mother: wrong });
    for (const system of ['camhs', 'visiting', 'gp', 'hub', 'charity']) await region.care(system, baby);
    const right = { mother, event: 'A08', id: `R-${baby.local}`, day: ago(1) };
    const heard = await region.hearing(() => region.maternity(baby, right));
    expect(unlinked(heard)).toEqual(expect.arrayContaining(['camhs', 'maternity', 'perinatal', 'visiting']));
    for (const name of ['gp', 'hub', 'charity'])
      expect(await region.foundBy(name)).not.toContain(await region.idOf(wrong));
    expect(await knowsOf('camhs', wrong)).toBe(false);
    expect(await knowsOf('perinatal', baby)).toBe(false);
  });

  test('is not told of whom its reader may know still', async () => {
    const { mother, baby, grandmother: wrong } = newFamily();
    await region.care('visiting', mother);
    await region.care('visiting', wrong);
    await region.maternity(baby, { mother: wrong });
    await region.care('visiting', baby);
    const right = { mother, event: 'A08', id: `R-${baby.local}`, day: ago(1) };
    const heard = await region.hearing(() => region.maternity(baby, right));
    expect(unlinked(heard)).not.toContain('visiting');
  });
});

describe('24: the threshold to stop is lower than the threshold to disclose', () => {
  test('a death under a placeholder name stops contacts at who knows the baby by another', async () => {
    const { mother, baby } = newFamily();
    const placeholder = { ...baby, given: 'Baby' };
    await region.maternity(placeholder, { mother });
    await region.care('visiting', { ...baby, given: 'Amy' });
    const died = { mother, event: 'A08', id: `D-${baby.local}`, day: ago(2), died: ago(2) };
    const heard = await region.hearing(() => region.maternity(placeholder, died));
    expect(heard.visiting).toContain('contact-stop');
    expect(heard.visiting).not.toContain('member-linked');
  });

  const lose = (mother: Person, baby: Person) =>
    region.maternity(baby, { mother, event: 'A08', id: `D-${baby.local}`, day: ago(2), died: ago(2) });

  test('a death stops contacts at who has the number of the baby unverified, and goes on doing so', async () => {
    const { mother, baby } = newFamily();
    await region.maternity(baby, { mother });
    const unsure = { ...baby, verified: false };
    await region.care('visiting', unsure);
    const heard = await region.hearing(() => lose(mother, baby));
    expect(heard.visiting).toEqual(['contact-stop']);
    const joined = await region.hearing(() => region.care('visiting', baby));
    expect(joined.visiting).not.toContain('contact-stop');
    expect(joined.visiting).toContain('loss');
    expect(joined.maternity ?? []).not.toContain('contact-stop');
  });

  test.each([
    ['another birth date', { born: ago(61) }],
    ['another name', { given: 'Zelda' }],
    ['a twin’s number', { nhs: '9990009993' }],
  ])(
    'a death stops nothing at who says of an unverified number %s, until that is corrected',
    async (_, other) => {
      const { mother, baby } = newFamily();
      await region.maternity(baby, { mother });
      await region.care('visiting', { ...baby, ...other, verified: false });
      const heard = await region.hearing(() => lose(mother, baby));
      expect(heard.visiting).toBeUndefined();
      const joined = await region.hearing(() => region.care('visiting', baby));
      expect(joined.visiting).toEqual(expect.arrayContaining(['contact-stop', 'loss']));
      expect(joined.maternity ?? []).not.toContain('contact-stop');
    },
  );

  test('who comes to care for an infant after its death is told, and nobody else again', async () => {
    const { mother, baby } = newFamily();
    await region.maternity(baby, { mother });
    await region.care('perinatal', mother);
    await lose(mother, baby);
    const heard = await region.hearing(() => region.care('visiting', baby));
    expect(heard.visiting).toEqual(expect.arrayContaining(['contact-stop', 'loss']));
    for (const name of ['perinatal', 'maternity']) expect(heard[name] ?? []).not.toContain('contact-stop');
    const unsure = await region.hearing(() => region.care('gp', { ...baby, verified: false }));
    expect(unsure.gp).toContain('contact-stop');
    expect(unsure.visiting ?? []).not.toContain('contact-stop');
  });

  test('care of the mother is told of a loss that came after it began, and of none before', async () => {
    const { mother, baby } = newFamily();
    await region.maternity(baby, { mother });
    await lose(mother, baby);
    const before = await region.hearing(() => region.care('perinatal', mother));
    expect(before.perinatal).toContain('contact-stop');
    const whom = chart('adult', mother);
    const later = episodeOf(whom, 'adult', { id: `L-${mother.local}`, start: ago(1) });
    const after = await region.hearing(() => region.send('adult', [whom, later]));
    expect(after.adult).not.toContain('contact-stop');
  });

  const stopsAt = async (name: string, happens: () => Promise<unknown>) =>
    ((await region.hearing(happens))[name] ?? []).filter((code) => /contact-stop|loss/.test(code)).sort();
  /** ADT of a hospital unit about a baby, by its own identifier. */
  const unit = (
    who: Partial<Person> & { local: string },
    more: { mother?: Person; died?: string; event?: string } = {},
  ) => region.neonatal(who, { day: ago(2), id: `N-${who.local}-${more.event}`, ...more });

  test('a death on a chart that proves later to be the infant’s is told to who had care of it before', async () => {
    const { mother, baby } = newFamily();
    await region.maternity(baby, { mother });
    await region.care('visiting', baby);
    await region.care('infancy', mother);
    const nameless = { local: `X${baby.local}`, given: 'Baby', family: baby.family, born: baby.born };
    await unit(nameless, { event: 'A01' });
    await unit(nameless, { event: 'A08', died: ago(2) });
    const known = { ...baby, local: nameless.local };
    const heard = await region.hearing(() => unit(known, { mother, event: 'A31', died: ago(2) }));
    for (const name of ['visiting', 'infancy'])
      expect(heard[name], name).toEqual(expect.arrayContaining(['contact-stop', 'loss']));
  });

  test.each([
    ['with a number and no birth date', true, false],
    ['stillborn, without number and birth date', false, true],
  ])('a death %s reaches whoever may be concerned', async (_, numbered, ofMother) => {
    const { mother, baby } = newFamily();
    await region.maternity(baby, { mother });
    await region.care('visiting', baby);
    await region.care('perinatal', mother);
    const who = {
      local: `S${baby.local}`,
      given: 'Baby',
      family: baby.family,
      ...(numbered ? { nhs: baby.nhs } : {}),
    };
    const said = { event: 'A01', died: ago(2), ...(ofMother ? { mother } : {}) };
    const heard = await region.hearing(() => unit(who, said));
    expect(heard[ofMother ? 'perinatal' : 'visiting']).toContain('contact-stop');
  });

  test('a death is told to who has a contact to come and no more, and not to whose contact is past', async () => {
    const { mother, baby } = newFamily();
    await region.maternity(baby, { mother });
    const contact = async (system: string, status: string, day: string) => {
      const whom = chart(system, baby);
      const said = contactOf(whom, system, `F-${system}-${baby.local}`, day);
      Object.assign(said.resource, { status, episodeOfCare: undefined });
      await region.send(system, [whom, said]);
    };
    await contact('visiting', 'planned', ago(-5));
    await contact('camhs', 'finished', ago(10));
    const heard = await region.hearing(() => lose(mother, baby));
    expect(heard.visiting).toContain('contact-stop');
    expect(heard.camhs ?? []).not.toContain('contact-stop');
  });

  test('a death of which two records name two mothers stops contacts at the services of both', async () => {
    const { mother, baby, grandmother: other } = newFamily();
    await region.maternity(baby, { mother });
    await unit({ ...baby, local: `T${baby.local}` }, { mother: other, event: 'A01' });
    await region.care('perinatal', mother);
    await region.care('infancy', other);
    const heard = await region.hearing(() => lose(mother, baby));
    for (const name of ['perinatal', 'infancy']) expect(heard[name], name).toContain('contact-stop');
  });

  test('a death heard of late tells nobody whose care of the mother began after it', async () => {
    const { mother, baby } = newFamily();
    await region.maternity(baby, { mother });
    const whom = chart('perinatal', mother);
    const care = episodeOf(whom, 'perinatal', { id: `A-${mother.local}`, start: ago(1) });
    await region.send('perinatal', [whom, care]);
    expect(await stopsAt('perinatal', () => lose(mother, baby))).toEqual([]);
  });

  test('a death is told once, though the mother is found later', async () => {
    const { mother, baby } = newFamily();
    await region.maternity(baby);
    await region.care('visiting', baby);
    await region.care('perinatal', mother);
    expect(
      await stopsAt('visiting', () =>
        region.maternity(baby, { event: 'A08', id: `D-${baby.local}`, day: ago(2), died: ago(2) }),
      ),
    ).toEqual(['contact-stop', 'loss']);
    const linked = { mother, event: 'A08', id: `L-${baby.local}`, day: ago(1), died: ago(2) };
    const heard = await region.hearing(() => region.maternity(baby, linked));
    const codes = (name: string) =>
      (heard[name] ?? []).filter((code) => /contact-stop|loss/.test(code)).sort();
    expect([codes('visiting'), codes('perinatal')]).toEqual([[], ['contact-stop', 'loss']]);
  });

  test('a death is taken back where it was told, also where nobody was sure', async () => {
    const { mother, baby } = newFamily();
    await region.maternity(baby, { mother });
    await region.care('visiting', { ...baby, verified: false });
    expect(await stopsAt('visiting', () => lose(mother, baby))).toEqual(['contact-stop']);
    const lives = { mother, event: 'A08', id: `R-${baby.local}`, day: ago(1), died: 'no' };
    expect(await stopsAt('visiting', () => region.maternity(baby, lives))).toEqual(['loss-retracted']);
  });

  test.each(['gp', 'adult', 'cmht', 'camhs'])(
    'a number tells %s nothing of a death without an age that fits',
    async (system) => {
      const { mother, baby } = newFamily();
      await region.maternity(baby, { mother });
      await region.care(system, { ...baby, given: 'Robin', family: 'Vale', born: '1980-04-05' });
      expect(await stopsAt(system, () => lose(mother, baby))).toEqual([]);
    },
  );

  test('a visit planned with the mother after the death is told of nothing before it', async () => {
    const { mother, baby } = newFamily();
    await region.maternity(baby, { mother });
    await lose(mother, baby);
    const whom = chart('perinatal', mother);
    const visit = contactOf(whom, 'perinatal', `F-${mother.local}`, ago(-5));
    Object.assign(visit.resource, { status: 'planned', episodeOfCare: undefined });
    const care = episodeOf(whom, 'perinatal', { id: `A-${mother.local}`, start: ago(1) });
    expect(await stopsAt('perinatal', () => region.send('perinatal', [whom, care, visit], ago(1)))).toEqual(
      [],
    );
  });

  test('a stillbirth without a birth date tells no care of the mother that began after it', async () => {
    const { mother, baby } = newFamily();
    await region.maternity(mother);
    const whom = chart('perinatal', mother);
    const care = episodeOf(whom, 'perinatal', { id: `A-${mother.local}`, start: ago(1) });
    await region.send('perinatal', [whom, care], ago(1));
    const who = { local: `S${baby.local}`, given: 'Baby', family: baby.family };
    expect(await stopsAt('perinatal', () => unit(who, { mother, event: 'A01', died: ago(2) }))).toEqual([]);
  });

  test('a man who died is no infant, whatever is known of his age', async () => {
    const { man } = newFamily();
    await region.care('cmht', man);
    const { born: _, ...undated } = man;
    const told = await stopsAt('cmht', () =>
      unit({ ...undated, local: `M${man.local}` }, { event: 'A01', died: ago(2) }),
    );
    expect(told).toEqual([]);
  });

  test('a mother’s death is told where she has infants, not of grown children, once, and taken back', async () => {
    const { mother, baby, child } = newFamily();
    const grown = { ...child, local: `G${child.local}`, born: ago(365 * 9) };
    await region.maternity(baby, { mother });
    await region.maternity(grown, { mother });
    await region.maternity(mother);
    await region.care('visiting', baby);
    await region.care('camhs', grown);
    const death = (more: object) => region.maternity(mother, { event: 'A08', day: ago(2), ...more });
    const heard = await region.hearing(() => death({ id: `D-${mother.local}`, died: ago(2) }));
    const codes = (of: Record<string, string[]>, name: string) =>
      (of[name] ?? []).filter((code) => /contact-stop|loss/.test(code));
    expect([codes(heard, 'visiting'), codes(heard, 'camhs')]).toEqual([['contact-stop'], []]);
    const again = await region.hearing(() => death({ id: `E-${mother.local}`, died: ago(2) }));
    expect(codes(again, 'visiting')).toEqual([]);
    expect(await stopsAt('visiting', () => death({ id: `F-${mother.local}`, died: 'no' }))).toEqual([
      'loss-retracted',
    ]);
  });

  test('whose chart proves to be another infant’s hears that the death is not its patient’s', async () => {
    const { mother, baby, child } = newFamily();
    await region.maternity(baby, { mother });
    await region.care('visiting', baby);
    await lose(mother, baby);
    const other = { ...baby, nhs: child.nhs };
    expect(await stopsAt('visiting', () => region.care('visiting', other))).toEqual(['loss-retracted']);
  });

  test.each([
    ['an unverified number', { verified: false }, { born: ago(300) }],
    ['another name', { given: 'Amy' }, { born: ago(300) }],
  ])('whose chart with %s might have been the infant’s hears when it is not', async (_, said, corrected) => {
    const { mother, baby } = newFamily();
    await region.maternity({ ...baby, given: 'Baby' }, { mother });
    const theirs = { ...baby, ...said };
    await region.care('visiting', theirs);
    const died = { mother, event: 'A08', id: `D-${baby.local}`, day: ago(2), died: ago(2) };
    const dies = () => region.maternity({ ...baby, given: 'Baby' }, died);
    expect(await stopsAt('visiting', dies)).toEqual(['contact-stop']);
    const correct = () => region.care('visiting', { ...theirs, ...corrected });
    expect(await stopsAt('visiting', correct)).toEqual(['loss-retracted']);
    expect(await stopsAt('visiting', () => region.care('visiting', theirs))).toEqual(['contact-stop']);
  });

  test.each([
    ['might have been', false],
    ['was taken for', true],
  ])('whose own patient died hears of nothing taken back for another who %s it', async (_, verified) => {
    const { mother, baby } = newFamily();
    await region.maternity(baby, { mother });
    const other = { ...baby, local: `O${baby.local}`, verified };
    await region.care('visiting', baby);
    await region.care('visiting', other);
    expect(await stopsAt('visiting', () => lose(mother, baby))).toEqual(['contact-stop', 'loss']);
    const whom = chart('visiting', baby);
    const end = episodeOf(whom, 'visiting', { id: `E-visiting-${baby.local}`, start: ago(50) });
    Object.assign(end.resource, { status: 'finished', period: { start: ago(50), end: ago(1) } });
    await region.send('visiting', [whom, end]);
    const correct = () => region.care('visiting', { ...other, nhs: '9990009993', born: ago(300) });
    expect(await stopsAt('visiting', correct)).toEqual([]);
  });

  test('the death of one who might have been the infant takes nothing back', async () => {
    const { mother, baby } = newFamily();
    const placeholder = { ...baby, given: 'Baby' };
    await region.maternity(placeholder, { mother });
    const amy = { ...baby, given: 'Amy', local: `Y${baby.local}` };
    await region.care('visiting', amy);
    expect(await stopsAt('visiting', () => lose(mother, placeholder))).toEqual(['contact-stop']);
    const too = await stopsAt('visiting', () => unit(amy, { event: 'A01', died: ago(2) }));
    expect(too).not.toContain('loss-retracted');
  });

  test('whose care of who might have been the infant ends hears of nothing taken back', async () => {
    const { mother, baby } = newFamily();
    await region.maternity(baby, { mother });
    const unsure = { ...baby, verified: false };
    await region.care('visiting', unsure);
    await lose(mother, baby);
    const whom = chart('visiting', unsure);
    const end = episodeOf(whom, 'visiting', { id: `E-visiting-${baby.local}`, start: ago(50) });
    Object.assign(end.resource, { status: 'finished', period: { start: ago(50), end: ago(1) } });
    expect(await stopsAt('visiting', () => region.send('visiting', [whom, end]))).toEqual([]);
  });

  test('who was taken for the mother hears that she is not, and the mother’s services of the death', async () => {
    const { mother, baby, grandmother: wrong } = newFamily();
    await region.care('perinatal', wrong);
    await region.care('infancy', mother);
    await region.maternity(baby, { mother: wrong });
    const died = { event: 'A08', id: `D-${baby.local}`, day: ago(2), died: ago(2) };
    expect(await stopsAt('perinatal', () => region.maternity(baby, { ...died, mother: wrong }))).toEqual([
      'contact-stop',
      'loss',
    ]);
    const right = { ...died, mother, id: `R-${baby.local}`, day: ago(1) };
    const heard = await region.hearing(() => region.maternity(baby, right));
    expect(heard.infancy).toEqual(expect.arrayContaining(['contact-stop', 'loss']));
    expect(heard.perinatal).toContain('loss-retracted');
  });

  test.each([
    ['of the same family at the same place', {}, ['contact-stop']],
    ['of another place', { postcode: 'LS2 9JT' }, []],
    ['of another birth date', { born: ago(41) }, []],
    ['of another family', { family: 'Wrzesniewski' }, []],
  ])('a death reaches who knows a baby without number or name, %s', async (_, said, heard) => {
    const { mother, baby } = newFamily();
    const placed = { ...baby, given: 'Baby', postcode: 'LS1 4AP', born: ago(40) };
    await region.maternity(placed, { mother });
    const { nhs: _nhs, ...unknown } = { ...placed, ...said, local: `N${baby.local}` };
    await region.care('visiting', unknown as Person);
    expect(await stopsAt('visiting', () => lose(mother, placed))).toEqual(heard);
  });

  test('who may not declare a death has its services asked to verify first, and nothing stopped', async () => {
    const { mother, baby } = newFamily();
    await region.maternity(baby, { mother });
    await region.care('camhs', baby);
    await region.care('visiting', { ...baby, verified: false, local: `V${baby.local}` });
    await region.care('perinatal', mother);
    const dies = (died: string | null) => {
      const whom = chart('camhs', baby);
      Object.assign(whom.resource, died ? { deceasedDateTime: died } : { deceasedBoolean: false });
      return region.hearing(() => region.send('camhs', [whom]));
    };
    const prompts = (heard: Record<string, string[]>) =>
      Object.fromEntries(
        ['camhs', 'visiting', 'perinatal', 'infancy', 'cmht'].map((name) => [
          name,
          (heard[name] ?? []).filter((code) => /prompt|stop|loss/.test(code)),
        ]),
      );
    const raised = {
      camhs: [],
      visiting: ['prompt-raised'],
      perinatal: ['prompt-raised'],
      infancy: [],
      cmht: [],
    };
    expect(prompts(await dies(ago(2)))).toEqual(raised);
    const tasksOf = async (system: string) =>
      (await region.find('Task', '&code=verify-first&status=requested', system)).map((one) => one.for);
    expect(await tasksOf('perinatal')).toEqual([{ reference: `Patient/${await region.idOf(mother)}` }]);
    expect(await tasksOf('camhs')).toEqual([]);
    expect(prompts(await dies(null)).visiting).toEqual(['prompt-cleared']);
    expect(await tasksOf('perinatal')).toEqual([]);
    await dies(ago(2));
    const declared = prompts(await region.hearing(() => lose(mother, baby)));
    expect(declared.perinatal?.sort()).toEqual(['contact-stop', 'loss', 'prompt-cleared']);
    expect(declared.visiting?.sort()).toEqual(['contact-stop', 'prompt-cleared']);
  });

  test('a death said by who has no care of the patient, or of no statutory service, asks nobody', async () => {
    const { mother, baby } = newFamily();
    await region.maternity(baby, { mother });
    await region.care('perinatal', mother);
    for (const system of ['camhs', 'charity']) {
      const whom = chart(system, baby);
      Object.assign(whom.resource, { deceasedDateTime: ago(2) });
      const heard = await region.hearing(() => region.send(system, [whom]));
      expect(heard.perinatal ?? []).toEqual([]);
    }
  });

  test('two records of one death tell nobody twice', async () => {
    const { mother, baby } = newFamily();
    await region.maternity(mother);
    await region.care('perinatal', mother);
    const who = { local: `S${baby.local}`, given: 'Baby', family: baby.family };
    expect(await stopsAt('perinatal', () => unit(who, { mother, event: 'A01', died: ago(2) }))).toEqual([
      'contact-stop',
    ]);
    const same = { ...who, local: `T${baby.local}` };
    const said = { mother, event: 'A01', id: `T-${baby.local}`, died: ago(2) };
    expect(await stopsAt('perinatal', () => region.maternity(same, said))).toEqual([]);
  });

  test.each([
    ['her baby’s', (mother: Person, baby: Person) => lose(mother, baby)],
    [
      'her own',
      (mother: Person) =>
        region.maternity(mother, { event: 'A08', id: `D-${mother.local}`, day: ago(2), died: ago(2) }),
    ],
  ])('who contradicts a mother’s number hides %s death from none of her services', async (_, dies) => {
    const { mother, baby } = newFamily();
    await region.maternity(baby, { mother });
    await region.maternity(mother);
    await region.care('perinatal', mother);
    await region.care('gp', { ...mother, given: 'Zelda', born: '1970-01-01', local: `Z${mother.local}` });
    const heard = await region.hearing(() => dies(mother, baby));
    expect(heard.perinatal).toContain('contact-stop');
    expect(heard.gp ?? []).not.toContain('contact-stop');
  });

  test('a number and a birth date that a charity gives stop nothing at it', async () => {
    const { mother, baby } = newFamily();
    await region.maternity(baby, { mother });
    await region.care('charity', { ...baby, verified: false });
    const heard = await region.hearing(() => lose(mother, baby));
    expect(heard.charity).toBeUndefined();
  });
});

describe('25: evidence is weighed by who says it', () => {
  test.each(['charity', 'hub', 'adult', 'gp', 'stranger'])('%s cannot say who gave birth', async (system) => {
    const { mother, baby, man } = newFamily();
    await region.maternity(baby, { mother });
    await region.care('perinatal', mother);
    await region.care('infancy', man);
    await region.settle();
    expect(await knowsOf('perinatal', baby)).toBe(true);
    const before = await Promise.all(['perinatal', 'infancy'].map((name) => region.foundBy(name)));
    const whom = chart(system, man);
    await region.send(system, [whom, relationOf(byNumber(baby.nhs), man, 'GESTM')]);
    expect(await knowsOf('perinatal', baby)).toBe(true);
    expect(await knowsOf('infancy', baby)).toBe(false);
    const after = await Promise.all(['perinatal', 'infancy'].map((name) => region.foundBy(name)));
    expect(after.map(unversioned)).toEqual(before.map(unversioned));
  });

  test.each(['charity', 'hub', 'stranger'])('%s contradicts a number and parts nobody', async (system) => {
    const { mother, baby } = newFamily();
    await region.care('perinatal', mother);
    await region.care('visiting', baby, (whom) => [relationOf(whom, mother, 'MTH')]);
    await region.maternity(baby, { mother });
    expect(await knowsOf('visiting', mother)).toBe(true);
    const contrary = { ...mother, given: 'Zelda', born: '1970-01-01', local: `Z${mother.local}` };
    const charts = Array.from({ length: 3 }, (_, n) =>
      chart(system, { ...contrary, local: `Z${n}${mother.local}` }),
    );
    await region.send(system, charts);
    await region.send('perinatal', [chart('perinatal', mother)]);
    const foundBy = await region.find('Patient', `&family=${mother.family}`, 'visiting');
    expect(JSON.stringify(foundBy)).toContain(mother.given);
    expect(JSON.stringify(foundBy)).not.toContain('Zelda');
    expect(await knowsOf('perinatal', baby)).toBe(true);
  });
});

describe('26: parental responsibility is entered by people', () => {
  test.each([
    ['social', 'FTH'],
    ['gp', 'GUARD'],
    ['charity', 'PRN'],
    ['adult', 'NFTH'],
  ])('what %s writes as %s shows no father to anybody', async (system, code) => {
    const { mother, baby, man } = newFamily();
    await region.maternity(baby, { mother });
    await region.care('camhs', baby);
    await region.care('visiting', baby);
    const whom = chart(system, baby);
    await region.send(system, [whom, relationOf(whom, man, code)]);
    const { rows } = await region.database.pool.query(
      "select content from statement where type = 'RelatedPerson' and content::text like '%' || $1 || '%'",
      [man.given],
    );
    expect(rows.length).toBeGreaterThan(0);
    for (const reader of ['camhs', 'visiting', 'maternity', 'infancy']) {
      const seen = await region.foundBy(reader);
      for (const word of [man.given, man.nhs]) expect(seen, reader).not.toContain(word);
    }
  });
});

describe('27: what crosses is coded', () => {
  test('no text, suffix or display word of a sender reaches another service', async () => {
    const { mother, baby } = newFamily();
    await region.maternity(baby, { mother });
    const display = 'FREETEXT display';
    const whom = chart('perinatal', mother, {
      name: [{ text: 'FREETEXT name', suffix: ['FREETEXT'], family: mother.family, given: [mother.given] }],
      communication: [
        { language: { text: 'FREETEXT', coding: [{ system: 'urn:ietf:bcp:47', code: 'pl', display }] } },
      ],
      maritalStatus: { text: 'FREETEXT status' },
    });
    const spell = episodeOf(whom, 'perinatal', { id: `P-${mother.local}`, start: ago(9) });
    Object.assign(spell.resource, {
      type: [{ text: 'FREETEXT type' }],
      careManager: { display },
      managingOrganization: { display },
    });
    const referral = referralOf(whom, parties('R-27', 'perinatal', 'cmht'), ago(9));
    Object.assign(referral.resource, { code: { text: 'FREETEXT' }, note: [{ text: 'FREETEXT note' }] });
    await region.send('perinatal', [whom, spell, referral]);
    await region.care('camhs', baby);
    for (const system of ['hub', 'birth_trauma', 'gp']) await region.care(system, mother);
    for (const system of ['camhs', 'hub', 'maternity']) {
      expect(await knowsOf(system, mother), system).toBe(true);
      expect(await region.foundBy(system), system).not.toContain('FREETEXT');
    }
  });
});

describe('rows of the table', () => {
  test.each(['prison', 'refuge', 'clinic'])('of %s a reader at level E learns no kind', async (system) => {
    const { mother, baby } = newFamily();
    await region.maternity(baby, { mother });
    for (const reader of ['camhs', 'visiting']) await region.care(reader, baby);
    for (const one of ['gp', system]) await region.care(one, mother);
    for (const reader of ['camhs', 'visiting', 'maternity']) {
      const seen = await seenOf(reader, mother);
      expect(seen, reader).toContain(mother.family);
      expect(seen, reader).not.toMatch(/criminal|domestic|reproductive|prison|refuge|clinic/);
      expect(seen, reader).not.toContain(codeOf(system));
    }
  });

  test('90 days after care has closed, own falls to existence; what was sent stays', async () => {
    const { mother } = newFamily();
    await region.care('birth_trauma', mother, (whom) => {
      Object.assign(whom.resource, { telecom });
      return [];
    });
    const whom = chart('cmht', mother);
    const spell = { id: `E-90-${mother.local}`, status: 'finished', start: ago(300), end: ago(100) };
    await region.send('cmht', [whom, episodeOf(whom, 'cmht', spell)], ago(100));
    const seen = await seenOf('cmht', mother);
    for (const word of [PHONE, `birth_trauma-${mother.local}`, `C-birth_trauma`])
      expect(seen).not.toContain(word);
    expect(seen).toContain(`E-90-${mother.local}`);
  });

  test('a commissioner finds nobody', async () => {
    const { mother } = newFamily();
    const referral = (whom: Said) => [referralOf(whom, parties('R-C', 'perinatal', 'cmht'), ago(9))];
    await region.care('perinatal', mother, referral);
    for (const type of SERVED) {
      expect((await region.find(type)).length, type).toBeGreaterThan(0);
      expect(await region.find(type, '', 'commissioner'), type).toEqual([]);
    }
  });

  test('a journey shows no withdrawn spell and no empty team', async () => {
    const { mother, baby } = newFamily();
    const answer = chart('perinatal', mother);
    const spell = { id: `J-${mother.local}`, start: ago(8), referral: 'R-J' };
    await region.send('perinatal', [answer, episodeOf(answer, 'perinatal', spell)], ago(8));
    const whom = chart('visiting', mother);
    const referral = referralOf(whom, parties('R-J', 'visiting', 'perinatal'), ago(9));
    await region.send('visiting', [whom, referral], ago(7));
    await region.maternity(baby, { mother });
    await region.care('camhs', baby);
    const states = (await region.find('EpisodeOfCare', `&patient=${await region.idOf(mother)}`)).map(
      ({ status }) => status,
    );
    expect(states).toContain('entered-in-error');
    for (const system of ['perinatal', 'camhs', 'visiting', 'maternity']) {
      const journeys = await region.find('Group', '', system);
      expect(journeys.length, system).toBeGreaterThan(0);
      for (const { id } of journeys) {
        const { body } = await region.skein.get(`/fhir/Group/${id}/$journey`, system);
        const resources = (body.entry as { resource: Found }[]).map(({ resource }) => resource);
        expect(resources.filter(({ status }) => status === 'entered-in-error')).toEqual([]);
        const teams = resources.filter(({ resourceType }) => resourceType === 'CareTeam');
        expect(teams.filter(({ participant }) => !(participant as unknown[] | undefined)?.length)).toEqual(
          [],
        );
      }
    }
  });
});
