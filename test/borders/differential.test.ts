/** The same store with and without a hidden thing answers every service that may not know of it byte for byte alike. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Difference, differences, type Gaze, gaze, readUnseen, tell } from '../support/gaze.ts';
import { newFamily, openRegion, type Region } from '../support/region.ts';
import { ago, EVERYBODY } from '../support/roll.ts';
import { byNumber, chart, episodeOf, NHS_NUMBER, referralOf, relationOf } from '../support/transactions.ts';

const { mother: MOTHER, baby: BABY, man: MAN } = newFamily();

let household: Region;
let before: Gaze;
let cells = 0;

const send: Region['send'] = (...said) => household.send(...said);
const her = async () => ({ reference: `Patient/${await household.idOf(MOTHER)}` });
const asked = async () => ({ reference: `Patient?identifier=${NHS_NUMBER}|${MOTHER.nhs}` });
const claims = (system: string, whom: Parameters<typeof episodeOf>[0], id: string) =>
  send(system, [episodeOf(whom, system, { id, start: ago(3) })]);

/** A thing, who may know of it, and how it comes to be. */
type Hidden = [thing: string, mayKnow: string[], happens: () => Promise<unknown>, suggestion?: boolean];
const ROW = `reference,given_name,family_name,date_of_birth,consent\nD-1,Jago,Trewin,1991-01-01,yes\n`;
const referral = () => ({ id: 'R-1', from: household.serviceOf('gp'), to: household.serviceOf('cmht') });

const THINGS: Hidden[] = [
  ['a row of a charity', ['dads'], () => household.skein.intake('dads', 'text/csv', ROW)],
  [
    'her own coming to a charity, with her number',
    ['charity'],
    () => {
      const whom = chart('charity', MOTHER);
      return send('charity', [whom, episodeOf(whom, 'charity', { id: 'T1', start: ago(5) })]);
    },
  ],
  [
    'her own coming to a refuge',
    ['refuge'],
    () => {
      const whom = chart('refuge', MOTHER);
      return send('refuge', [whom, episodeOf(whom, 'refuge', { id: 'T2', start: ago(5) })]);
    },
  ],
  [
    'a referral that nobody has taken up',
    ['gp', 'cmht'],
    () => {
      const whom = chart('gp', MOTHER);
      return send('gp', [whom, referralOf(whom, referral(), ago(4))]);
    },
  ],
  [
    'that the referral is declined',
    ['gp', 'cmht'],
    () => {
      const whom = chart('cmht', MOTHER);
      return send('cmht', [
        whom,
        episodeOf(whom, 'cmht', { id: 'X1', status: 'cancelled', referral: 'R-1' }),
      ]);
    },
  ],
  [
    'closed preconception care at a sealed clinic',
    ['clinic'],
    () => {
      const whom = chart('clinic', MOTHER);
      const spell = { id: 'S1', status: 'finished', start: ago(700), end: ago(640) };
      return send('clinic', [whom, episodeOf(whom, 'clinic', spell)], ago(640));
    },
  ],
  [
    'open care at a sealed clinic',
    ['clinic'],
    () => {
      const whom = chart('clinic', MOTHER);
      return send('clinic', [whom, episodeOf(whom, 'clinic', { id: 'S2', start: ago(6) })]);
    },
  ],
  [
    'that children’s services name a man the father',
    ['social'],
    () => {
      const whom = chart('social', BABY);
      return send('social', [whom, relationOf(whom, MAN, 'FTH')]);
    },
    true,
  ],
  ['a chart of prison health without any care', ['prison'], () => send('prison', [chart('prison', MOTHER)])],
  ['a chart of a system without sector', ['stranger'], () => send('stranger', [chart('stranger', MOTHER)])],
  [
    'a chart of a system without sector that contradicts her',
    ['stranger'],
    () =>
      send('stranger', [chart('stranger', { ...MOTHER, local: '2', given: 'Zelda', born: '1970-01-01' })]),
  ],
  [
    'that a charity says who gave birth',
    ['charity'],
    () => {
      const whom = chart('charity', MAN);
      return send('charity', [whom, relationOf(byNumber(BABY.nhs), MAN, 'GESTM')]);
    },
  ],
  [
    'that a charity says whose child somebody is',
    ['charity'],
    () => {
      const whom = chart('charity', { ...MAN, local: 'again' });
      return send('charity', [whom, relationOf(whom, { nhs: BABY.nhs }, 'CHILD')]);
    },
  ],
  ['a claim by number alone', ['other_gp'], () => claims('other_gp', byNumber(MOTHER.nhs), 'N1')],
  ['a charity’s claim by number alone', ['refuge'], () => claims('refuge', byNumber(MOTHER.nhs), 'N2')],
  ['a claim by an id of Skein’s', ['elsewhere'], async () => claims('elsewhere', await her(), 'N3')],
  ['a claim by conditional reference', ['disability'], async () => claims('disability', await asked(), 'N4')],
];

type Outcome = { told: Difference[]; versions: Difference[]; known: Difference[] };
const outcomes = new Map<string, Promise<Outcome>>();

/** What changed for those who may not know, and for those who may; each thing happens once. */
function outcome([thing, mayKnow, happens]: Hidden): Promise<Outcome> {
  const seen = outcomes.get(thing) ?? watch(mayKnow, happens);
  outcomes.set(thing, seen);
  return seen;
}

async function watch(mayKnow: string[], happens: () => Promise<unknown>): Promise<Outcome> {
  await happens();
  await household.settle();
  const after = await gaze(household, EVERYBODY);
  const hidden = ({ reader }: Difference) => !mayKnow.includes(reader);
  const all = differences(before, after, 'content');
  const versions = differences(before, after, 'version').filter(hidden);
  cells += [...after.keys()].filter((key) => !mayKnow.includes(key.split(' ')[0] ?? '')).length;
  before = after;
  return { told: all.filter(hidden), versions, known: all.filter((one) => !hidden(one)) };
}

beforeAll(async () => {
  household = await openRegion();
  await household.maternity(BABY, { mother: MOTHER });
  for (const system of ['perinatal', 'birth_trauma', 'hub']) await household.care(system, MOTHER);
  await household.care('visiting', BABY, (whom) => [relationOf(whom, MOTHER, 'MTH')]);
  for (const system of ['camhs', 'infancy', 'social']) await household.care(system, BABY);
  await household.care('adult', MAN);
  // Each with a number of its own, so that whose number is told shows.
  await household.database.pool.query(`insert into duty_contact select id,
    '01632 960' || lpad((row_number() over (order by id))::text, 3, '0'), '24/7', current_date from service`);
  await household.settle();
  before = await gaze(household, EVERYBODY);
}, 120_000);

afterAll(async () => {
  console.info(`${outcomes.size} hidden things, ${cells} cells compared`);
  await household.stop();
});

test('who looks twice sees the same', async () => {
  const journeys = [...before].filter(([key, { content }]) => key.includes('$journey') && content !== '404');
  expect(journeys.length).toBeGreaterThan(5);
  expect(journeys.every(([, { content }]) => content.includes('"what-has-changed"'))).toBe(true);
  const again = await gaze(household, EVERYBODY);
  expect(differences(before, again, 'content').map(tell)).toEqual([]);
  expect(differences(before, again, 'version').map(tell)).toEqual([]);
}, 60_000);

describe('nobody who may not know learns of', () => {
  test.each(THINGS)(
    '%s',
    async (...hidden) => {
      const { told } = await outcome(hidden);
      expect(told.map(tell)).toEqual([]);
    },
    60_000,
  );
});

/** A suggestion need not be shown to anybody, whoever made it. */
const SHOWN = THINGS.filter(([, , , suggestion]) => !suggestion);
describe('who sent it sees', () => {
  test.each(SHOWN)(
    '%s',
    async (...hidden) => {
      expect((await outcome(hidden)).known).not.toEqual([]);
    },
    60_000,
  );
});

describe('no version, time or history of what others see is moved by', () => {
  test.each(THINGS)(
    '%s',
    async (...hidden) => {
      const { versions } = await outcome(hidden);
      expect(versions.map(tell)).toEqual([]);
    },
    60_000,
  );
});

test('what no search shows, no id reads', async () => {
  for (const thing of THINGS) await outcome(thing);
  const found = await Promise.all(EVERYBODY.map((reader) => readUnseen(household, before, reader)));
  expect(found.flat()).toEqual([]);
}, 120_000);
