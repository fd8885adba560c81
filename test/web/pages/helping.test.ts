/** The sheet that somebody takes home: whom it names, whom it does not, and that a child of ten can read it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DOES } from '../../../src/web/pages/helping/page.ts';
import { care, person, said, ward } from '../../families/scenarios/messages.ts';
import { gather, type Household } from '../../support/household.ts';
import { ago, say } from '../../support/telling.ts';
import { chart } from '../../support/transactions.ts';
import { hidden, Visitor } from '../../support/visitor.ts';
import { partOf, wordsOf } from './family.ts';

const MOTHER = person(951, 'Tamsin', 'Penrose', '1995-10-20');
const BABY = person(952, 'Kit', 'Penrose', 91);
const APART = person(953, 'Arthy', 'Pengelly', 92);
const DOUBTED = person(954, 'Doryty', 'Tregenza', 93);

let family: Household;
const ids: Record<string, string> = {};
beforeAll(async () => {
  family = await gather({
    midwives: ['maternity', 'RXM', 'hl7v2-adt', 'maternity'],
    northlight: ['specialist-perinatal', 'RXP', 'fhir-r4', 'specialist-perinatal'],
    littlebay: ['camhs-0-5', 'RXP', 'fhir-r4', 'camhs-0-5'],
    refuge: ['third-sector-domestic-abuse', 'RXD', 'fhir-r4'],
    recovery: ['drug-and-alcohol', 'RXR', 'fhir-r4', 'drug-and-alcohol'],
    faraway: ['specialist-perinatal', 'RXO', 'fhir-r4', 'specialist-perinatal'],
    visiting: ['health-visiting', 'RXV', 'fhir-r4', 'health-visiting'],
  });
  const messages = [
    ward(BABY, { mother: MOTHER.nhs, system: 'midwives' }),
    ward(MOTHER, { event: 'A28', system: 'midwives', day: ago(200) }),
    care('northlight', MOTHER, { start: ago(24) }),
    care('recovery', MOTHER, { start: ago(20) }),
    care('refuge', MOTHER, { start: ago(18) }),
    care('littlebay', BABY, { start: ago(16) }),
    care('visiting', BABY, { start: ago(60) }),
    ...[APART, DOUBTED].flatMap((child) => [
      ward(child, { system: 'midwives' }),
      care('littlebay', child, { start: ago(16) }),
      care('visiting', child, { start: ago(60) }),
    ]),
  ];
  for (const message of messages) await say(family, message);
  await family.settle();
  for (const given of ['Tamsin', 'Kit', 'Arthy', 'Doryty'])
    ids[given] = (await family.find('Patient', `&given=${given}`))[0]?.id ?? '';
});
afterAll(() => family.stop());

const visitor = new Visitor();
const at = (as: string, who: string) =>
  `${family.skein.url}/pages/helping/${ids[who]}?as=${family.serviceOf(as)}`;
const sheetOf = (html: string) => wordsOf(partOf(html, '<article', '</article>'));

test('it names whose team it is, for the clinician of an own patient, once it was asked whether it is safe', async () => {
  const { status, body } = await visitor.ask(at('northlight', 'Tamsin'));
  expect(status).toBe(200);
  expect(sheetOf(body)).toMatch(/Who is helping Tamsin[\s\S]*northlight They help you if you feel low/);
  const refused = await visitor.ask(at('northlight', 'Tamsin'), { csrf: hidden(body, 'csrf') });
  expect(refused.status).toBe(422);
  expect(refused.body).toContain('href="#safe"');
  const released = await visitor.ask(at('northlight', 'Tamsin'), { safe: 'yes' });
  expect(released.body).toContain('Ready to print');
  const { rows } = await family.database.pool.query('select ids, name from audit order by id desc limit 1');
  expect(JSON.stringify(rows)).toContain(ids.Tamsin);
});

describe('nobody reads in it', () => {
  test('care that could put her in danger, anybody else of the family, a number, a place', async () => {
    const { body } = await visitor.ask(at('northlight', 'Tamsin'));
    expect(sheetOf(body)).not.toMatch(/refuge|recovery|Kit|littlebay|abuse|alcohol|LS1|\d{10}|1995|Penrose/);
  });

  test('of a child, the care of its mother', async () => {
    const { body } = await visitor.ask(at('littlebay', 'Kit'));
    expect(sheetOf(body)).toContain('littlebay They help small children');
    expect(sheetOf(body)).not.toMatch(/Tamsin|northlight|recovery|refuge/);
  });

  test('that she is held: with a hold it is the same, byte for byte', async () => {
    const before = (await visitor.ask(at('northlight', 'Tamsin'))).body;
    const placed = await family.skein.send(
      'POST',
      `/fhir/Patient/${ids.Tamsin}/$place-hold`,
      { 'x-skein-system': 'northlight', 'content-type': 'application/fhir+json' },
      '',
    );
    expect(placed.status).toBe(200);
    await family.settle();
    expect(sheetOf((await visitor.ask(at('northlight', 'Tamsin'))).body)).toBe(sheetOf(before));
  });
});

test.each([
  ['faraway', 'Tamsin'],
  ['littlebay', 'Tamsin'],
  ['northlight', 'Kit'],
])('%s has no sheet of %s, who is no patient of theirs', async (as, who) => {
  expect((await visitor.ask(at(as, who))).status).toBe(404);
  expect((await visitor.ask(at(as, who), { safe: 'yes' })).status).toBe(404);
});

test('of a child who died there is none, and her own has no word that hurts', async () => {
  const death = ward(BABY, { event: 'A08', system: 'midwives', died: ago(1) });
  await say(family, death);
  await family.settle();
  expect((await visitor.ask(at('littlebay', 'Kit'))).status).toBe(404);
  const words = sheetOf((await visitor.ask(at('northlight', 'Tamsin'))).body);
  expect(words).not.toMatch(/baby|birth|pregnan|child/i);
});

test('of a child who lives apart from its birth family there is none: its teams would say where', async () => {
  expect((await visitor.ask(at('littlebay', 'Arthy'))).status).toBe(200);
  const placed = await family.skein.send(
    'POST',
    `/fhir/Patient/${ids.Arthy}/$set-placement`,
    { 'x-skein-system': 'visiting', 'content-type': 'application/fhir+json' },
    JSON.stringify({
      resourceType: 'Parameters',
      parameter: [{ name: 'placement', valueCode: 'placed' }],
    }),
  );
  expect(placed.status).toBe(200);
  await family.settle();
  expect((await visitor.ask(at('littlebay', 'Arthy'))).status).toBe(404);
});

test('of a child who may have died there is none, and its team is asked on its pages to verify first', async () => {
  expect((await visitor.ask(at('littlebay', 'Doryty'))).status).toBe(200);
  const whom = chart('visiting', DOUBTED, { deceasedDateTime: ago(1) });
  await say(family, said('visiting', [whom], ago(0)));
  await family.settle();
  const tasks = await family.find('Task', '&code=verify-first&status=requested', 'littlebay');
  expect(tasks).toHaveLength(1);
  expect((await visitor.ask(at('littlebay', 'Doryty'))).status).toBe(404);
  const [group] = await family.find('Group', `&member=Patient/${ids.Doryty}`, 'littlebay');
  const as = `?as=${family.serviceOf('littlebay')}`;
  const page = await visitor.ask(`${family.skein.url}/pages/journey/${group?.id}${as}`);
  expect(wordsOf(partOf(page.body, 'id="todo"', 'id="news"'))).toMatch(/Ask before any contact/);
  expect(page.body).not.toContain(`/pages/prompts/${tasks[0]?.id}`);
  const home = await visitor.ask(`${family.skein.url}/pages${as}`);
  expect(wordsOf(home.body)).toMatch(/1 question is open/);
});

/** https://en.wikipedia.org/wiki/Flesch–Kincaid_readability_tests: school grade; an age is five more. */
function gradeOf(text: string): number {
  const sentences = text.split(/[.!?]+/).filter((one) => /[a-z]/i.test(one)).length;
  const words = text.match(/[a-z’']+/gi) ?? [];
  const syllables = words.reduce((sum, word) => sum + syllablesOf(word.toLowerCase()), 0);
  return 0.39 * (words.length / sentences) + 11.8 * (syllables / words.length) - 15.59;
}
function syllablesOf(word: string): number {
  const stem = word.replace(/(?:[^laeiouy]es|[^td]ed|[^laeiouy]e)$/, (end) => end[0] ?? '');
  return Math.max(1, stem.match(/[aeiouy]+/g)?.length ?? 1);
}

test('a child of ten can read it: whole, and what it says of any kind of team', async () => {
  const { body } = await visitor.ask(at('northlight', 'Tamsin'));
  const sentences = partOf(body, '<article', '</article>').replace(/<\/(h1|h2|p|li|b)>/g, '. ');
  expect(5 + gradeOf(wordsOf(sentences))).toBeLessThanOrEqual(11);
  const all = Object.values(DOES).join(' ');
  expect(5 + gradeOf(all)).toBeLessThanOrEqual(11);
  // The measure tells: what a service writes of itself is for others.
  const other =
    'Specialist multidisciplinary assessment and psychological intervention for perinatal presentations.';
  expect(5 + gradeOf(other)).toBeGreaterThan(16);
});
