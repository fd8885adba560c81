/** `skein person explain`, `skein link`, `skein unlink`, over a store that is told of by its services. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { describeIncident } from '../../src/admin/incident.ts';
import { explainPerson } from '../../src/admin/person.ts';
import type { TakenBack } from '../../src/deliver/number/incident.ts';
import { openMappings } from '../../src/map/language/load-mappings.ts';
import {
  decideApart,
  decideMother,
  decideNoParent,
  decideSame,
  type Said,
} from '../../src/pipeline/decide.ts';
import { rebuild } from '../../src/pipeline/rebuild.ts';
import { ownProfiles } from '../../src/validate/profiles.ts';
import { testContext } from '../support/context.ts';
import { gather, type Household } from '../support/household.ts';
import { adt, episodeBundle } from '../support/messages.ts';
import { nhsNumber } from '../support/records.ts';

const ago = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
const MOTHER = { nhs: nhsNumber(101), given: 'Tamsin', family: 'Penrose', born: '1994-03-02', local: 'M1' };
const BABY = { nhs: nhsNumber(102), given: 'Kit', family: 'Penrose', born: ago(20), local: 'B1' };

let household: Household;
beforeEach(async () => {
  household = await gather({
    maternity: ['maternity', 'RXM', 'hl7v2-adt'],
    perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
    infancy: ['parent-infant', 'RXI', 'fhir-r4'],
    charity: ['third-sector', 'RXT', 'fhir-r4'],
  });
});
afterEach(() => household.stop());

const SAID: Said = { by: 'A. Reviewer', reason: 'seen', undo: false, dry: false };
const context = () => testContext(household.database);

async function care(system: string, who: typeof MOTHER): Promise<void> {
  const id = `${who.local}-${system}`;
  const bundle = episodeBundle(who, { id, start: ago(15), at: `${ago(15)}T10:00:00Z` });
  expect((await household.skein.transaction(bundle, system)).status).toBe(200);
  await household.settle();
}
async function birth(): Promise<void> {
  for (const message of [
    adt(MOTHER, { visit: 'V1' }),
    adt(BABY, { id: 'MSG2', visit: 'V2', mother: MOTHER.nhs }),
  ]) {
    const { body } = await household.skein.intake('maternity', 'application/hl7-v2', message);
    expect(body.text).toContain('MSA|AA');
  }
  await household.settle();
}
const seenBy = async (system: string | undefined, name: string) =>
  (await household.find('Patient', '', system)).filter((one) => JSON.stringify(one).includes(name));
type Explained = { person: string; charts: { chart: string; system: string }[]; decisions: object[] };
const explain = async (id: string) =>
  (await explainPerson({ db: household.database.pool }, id)).data as Explained;

test('a chart of the wrong woman is set apart for good, its service is told, and it can be undone', async () => {
  await birth();
  await care('perinatal', MOTHER);
  const [hers] = await seenBy(undefined, 'Tamsin');
  const before = await explain(hers?.id ?? '');
  const wrong = before.charts.find(({ system }) => system === 'perinatal')?.chart ?? '';
  expect(before.charts).toHaveLength(2);

  const asked = await decideApart(context(), wrong, { ...SAID, dry: true });
  expect([asked.message, asked.persons, asked.told.perinatal ?? 0]).toEqual([
    null,
    { before: 2, after: 3 },
    expect.any(Number),
  ]);
  expect(asked.told.perinatal).toBeGreaterThan(0);
  expect(await explain(hers?.id ?? '')).toEqual(before);
  const { rows } = await household.database.pool.query("select from system where name = 'skein:reviewers'");
  expect(rows).toEqual([]);
  expect(household.told('perinatal')).not.toContain('person-unmerged');

  const done = await decideApart(context(), wrong, SAID);
  expect([done.persons, done.events]).toEqual([asked.persons, asked.events]);
  await household.settle();
  const apart = await explain(wrong);
  expect([apart.person, apart.charts.length]).toEqual([wrong, 1]);
  expect(apart.decisions).toMatchObject([{ verdict: 'different', by: 'A. Reviewer', reason: 'seen' }]);
  expect(household.told('perinatal')).toContain('person-unmerged');
  // Her infant is nobody whom that service may see through her any more, nor was she ever its patient.
  expect(await seenBy('perinatal', 'Kit')).toEqual([]);
  for (const one of await household.find('Patient', '', 'perinatal')) {
    const { body } = await household.skein.get(`/fhir/Patient/${one.id}/_history`, 'perinatal');
    expect(JSON.stringify(body)).toContain('Tamsin');
    expect(JSON.stringify(body)).not.toContain('RXM');
  }

  await care('perinatal', { ...MOTHER, family: 'Penrose-Bell' });
  expect((await explain(wrong)).person).toBe(wrong);
  const ctx = { ...context(), mappings: await openMappings(), profiles: await ownProfiles() };
  expect(await rebuild(ctx)).toMatchObject({ changed: 0, statements: 0 });

  await expect(decideSame(context(), [before.person, wrong], SAID)).rejects.toMatchObject({
    issues: [{ text: expect.stringContaining('undo that first') }],
  });
  await decideApart(context(), wrong, { ...SAID, undo: true });
  await household.settle();
  expect((await explain(wrong)).person).toBe(before.person);
});

test('who reviewed a charity’s client says who that is; a verified number of another refuses', async () => {
  await birth();
  await care('charity', { ...MOTHER, nhs: '' });
  const persons = await seenBy(undefined, 'Tamsin');
  expect(persons).toHaveLength(2);
  const pair = persons.map(({ id }) => id) as [string, string];
  await decideSame(context(), pair, SAID);
  await household.settle();
  expect(await seenBy(undefined, 'Tamsin')).toHaveLength(1);
  expect(new Set(await Promise.all(pair.map(async (id) => (await explain(id)).person))).size).toBe(1);
  await decideSame(context(), pair, { ...SAID, undo: true });
  expect(new Set(await Promise.all(pair.map(async (id) => (await explain(id)).person))).size).toBe(2);

  await care('infancy', { ...MOTHER, nhs: nhsNumber(109), local: 'M9' });
  const [other] = (await seenBy('infancy', 'Tamsin')).map(({ id }) => id);
  const mother = (await household.find('Patient', `&_id=${pair[0]}`))[0]?.id ?? '';
  await expect(decideSame(context(), [mother, other ?? ''], SAID)).rejects.toMatchObject({
    issues: [{ text: expect.stringContaining('verified number') }],
  });
});

test('not her baby: whoever was told of them is told, and the next message that says so changes nothing', async () => {
  await birth();
  await care('perinatal', MOTHER);
  const [mother] = await seenBy(undefined, 'Tamsin');
  const [baby] = await seenBy(undefined, 'Kit');
  expect(await seenBy('perinatal', 'Kit')).toHaveLength(1);
  await decideNoParent(context(), [mother?.id ?? '', baby?.id ?? ''], SAID);
  await household.settle();
  expect(household.told('perinatal')).toContain('member-unlinked');
  expect(await seenBy('perinatal', 'Kit')).toEqual([]);
  await birth();
  expect(await seenBy('perinatal', 'Kit')).toEqual([]);
});

test('her baby: by the word of who looked she gave birth, against another but for a national record', async () => {
  const OTHER = { nhs: nhsNumber(105), given: 'Maud', family: 'Kestle', born: '1991-07-08', local: 'M2' };
  await birth();
  await care('perinatal', OTHER);
  const [maud, tamsin] = [
    (await seenBy(undefined, 'Maud'))[0]?.id,
    (await seenBy(undefined, 'Tamsin'))[0]?.id,
  ];
  const baby = (await seenBy(undefined, 'Kit'))[0]?.id ?? '';
  const said = [maud ?? '', baby] as [string, string];
  expect(await seenBy('perinatal', 'Kit')).toEqual([]);
  const asked = await decideMother(context(), said, { ...SAID, dry: true });
  expect([asked.message, asked.journeys]).toEqual([null, expect.any(Number)]);
  expect(await seenBy('perinatal', 'Kit')).toEqual([]);

  await decideMother(context(), said, SAID);
  await household.settle();
  expect(await seenBy('perinatal', 'Kit')).toHaveLength(1);
  expect(household.told('perinatal')).toContain('member-linked');
  expect((await explain(baby)).decisions).toMatchObject([{ verdict: 'mother', by: 'A. Reviewer' }]);
  await birth();
  expect(await seenBy('perinatal', 'Kit')).toHaveLength(1);
  const ctx = { ...context(), mappings: await openMappings(), profiles: await ownProfiles() };
  expect(await rebuild(ctx)).toMatchObject({ changed: 0, statements: 0 });
  const refused = (text: string) => ({ issues: [{ text: expect.stringContaining(text) }] });
  const again: [string, string] = [tamsin ?? '', baby];
  await expect(decideMother(context(), again, SAID)).rejects.toMatchObject(refused('undo that first'));
  await expect(decideNoParent(context(), said, SAID)).rejects.toMatchObject(refused('undo that first'));

  await decideMother(context(), said, { ...SAID, undo: true });
  await household.settle();
  expect(await seenBy('perinatal', 'Kit')).toEqual([]);
  expect(household.told('perinatal')).toContain('member-unlinked');
  await expect(decideMother(context(), said, { ...SAID, undo: true })).rejects.toMatchObject(
    refused('nothing to undo'),
  );
});

test('nobody gave birth to somebody older, by nobody’s word: what has no effect is refused, and tells nobody', async () => {
  await birth();
  await care('perinatal', MOTHER);
  const [tamsin, kit] = await Promise.all(
    ['Tamsin', 'Kit'].map(async (name) => (await seenBy(undefined, name))[0]?.id ?? ''),
  );
  const posts = household.posts('perinatal').length;
  for (const dry of [true, false])
    await expect(decideMother(context(), [kit ?? '', tamsin ?? ''], { ...SAID, dry })).rejects.toMatchObject({
      issues: [{ text: expect.stringContaining('birth dates') }],
    });
  expect((await explain(tamsin ?? '')).decisions).toEqual([]);
  await household.settle();
  expect(household.posts('perinatal')).toHaveLength(posts);
  expect(await seenBy('perinatal', 'Kit')).toHaveLength(1);
});

test('a wrong link that was told has an incident pack, until each recipient has confirmed', async () => {
  await care('perinatal', MOTHER);
  await birth();
  await care('infancy', MOTHER);
  const [mother] = await seenBy(undefined, 'Tamsin');
  const [baby] = await seenBy(undefined, 'Kit');
  const { message } = await decideNoParent(context(), [mother?.id ?? '', baby?.id ?? ''], SAID);
  await household.settle();
  const { pool: db, key } = household.database;
  const pack = async () => {
    const { data, text } = await describeIncident({ db, key }, message ?? '');
    return { ...(data as { taken: TakenBack[]; waiting: string[] }), text };
  };
  const before = await pack();
  expect(before.waiting).toContain('perinatal');
  const taken = before.taken.filter(({ system }) => system === 'perinatal');
  expect(taken.find(({ focus }) => focus.id === baby?.id)).toMatchObject({
    sector: 'specialist-perinatal',
    code: 'member-unlinked',
    told: true,
    confirmed: null,
    got: expect.arrayContaining([expect.objectContaining({ content: 'id-only' })]),
  });
  // Whose care began after the link could read it, and was not told.
  expect(before.text).toContain('could read it');
  expect(before.text).not.toMatch(/Tamsin|Kit|seen/);

  const url = `/fhir/Subscription/${household.subscriptions.get('perinatal')}/$confirm-removal`;
  const confirm = (number: number, system = 'perinatal') =>
    household.skein.send(
      'POST',
      url,
      { 'content-type': 'application/fhir+json', 'x-skein-system': system },
      JSON.stringify({
        resourceType: 'Parameters',
        parameter: [{ name: 'eventNumber', valueString: String(number) }],
      }),
    );
  expect((await confirm(taken[0]?.number ?? 0, 'infancy')).status).toBe(404);
  expect((await confirm(1)).status).toBe(422);
  expect((await confirm(9_999)).status).toBe(422);
  for (const { number } of taken) expect((await confirm(number)).status).toBe(200);
  expect((await confirm(taken[0]?.number ?? 0)).status).toBe(200);
  const after = await pack();
  expect(after.waiting).not.toContain('perinatal');
  const mine = after.taken.find(({ system, focus }) => system === 'perinatal' && focus.id === baby?.id);
  expect(mine?.confirmed).toBeInstanceOf(Date);
});

test('what is not known, or was not decided, is refused and leaves nothing', async () => {
  await birth();
  const [mother] = await seenBy(undefined, 'Tamsin');
  const id = mother?.id ?? '';
  for (const wrong of [
    () => decideSame(context(), [id, 'nobody'], SAID),
    () => decideSame(context(), [id, id], SAID),
    () => decideApart(context(), id, SAID),
    () => decideApart(context(), id, { ...SAID, undo: true }),
    () => explainPerson({ db: household.database.pool }, '5b0f2a9c-1d7e-5c3a-9f40-6a1b2c3d4e5f'),
  ])
    await expect(wrong()).rejects.toMatchObject({ status: 422 });
  const { rows } = await household.database.pool.query("select from message where source = 'decision'");
  expect(rows).toEqual([]);
});
