/** The same store with and without a hidden thing answers every service that may not know of it byte for byte alike. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Difference, differences, type Gaze, gaze, readUnseen, tell } from '../support/gaze.ts';
import { gather, type Household } from '../support/household.ts';
import { adt } from '../support/messages.ts';
import { nhsNumber } from '../support/records.ts';
import { ago, at, EVERYBODY, ROLL, v2 } from '../support/roll.ts';
import {
  byNumber,
  chart,
  contactOf,
  episodeOf,
  NHS_NUMBER,
  referralOf,
  relationOf,
  type Said,
  transactionOf,
} from '../support/transactions.ts';

const MOTHER = { nhs: nhsNumber(101), given: 'Asta', family: 'Trevose', born: '1993-03-03' };
const BABY = { nhs: nhsNumber(102), given: 'Bo', family: 'Trevose', born: ago(60), local: 'B1' };
const MAN = { nhs: nhsNumber(103), given: 'Derek', family: 'Moles', born: '1988-07-07' };
const JAGO = { given: 'Jago', family: 'Trewin', born: '1991-01-01' };

let household: Household;
let before: Gaze;
let cells = 0;

const send = async (system: string, said: Said[], day = ago(1)) => {
  const { status, body } = await household.skein.transaction(transactionOf(said, at(day)), system);
  expect(status, JSON.stringify(body)).toBe(200);
};
const care = (system: string, who: typeof MOTHER, more: (whom: Said) => Said[] = () => []) => {
  const whom = chart(system, who);
  const spell = episodeOf(whom, system, { id: `E-${system}`, start: ago(50) });
  const id = `C-${system}`;
  return send(system, [whom, spell, contactOf(whom, system, id, ago(30)), ...more(whom)], ago(30));
};
const idOf = async ({ nhs }: { nhs: string }) =>
  (await household.find('Patient', `&identifier=${NHS_NUMBER}|${nhs}`))[0]?.id as string;
const her = async () => ({ reference: `Patient/${await idOf(MOTHER)}` });
const asked = async () => ({ reference: `Patient?identifier=${NHS_NUMBER}|${MOTHER.nhs}` });
const claims = (system: string, whom: Parameters<typeof episodeOf>[0], id: string) =>
  send(system, [episodeOf(whom, system, { id, start: ago(3) })]);

/** A thing, who may know of it, and how it comes to be. */
type Hidden = [thing: string, mayKnow: string[], happens: () => Promise<unknown>];
const ROW = `reference,given_name,family_name,date_of_birth,consent\nD-1,Jago,Trewin,${JAGO.born},yes\n`;
const referral = { id: 'R-1', from: ['Y00001', 'gp'], to: ['RXA', 'cmht'] } as Parameters<
  typeof referralOf
>[1];

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
      return send('gp', [whom, referralOf(whom, referral, ago(4))]);
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
      const whom = chart('charity', MAN);
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
  household = await gather(ROLL);
  const birth = adt(BABY, { mother: MOTHER.nhs, at: v2(BABY.born) });
  await household.skein.intake('maternity', 'application/hl7-v2', birth);
  for (const system of ['perinatal', 'birth_trauma', 'hub']) await care(system, MOTHER);
  await care('visiting', BABY, (whom) => [relationOf(whom, MOTHER, 'MTH')]);
  for (const system of ['camhs', 'infancy', 'social']) await care(system, BABY);
  await care('adult', MAN);
  await household.settle();
  before = await gaze(household, EVERYBODY);
}, 120_000);

afterAll(async () => {
  console.info(`${outcomes.size} hidden things, ${cells} cells compared`);
  await household.stop();
});

test('who looks twice sees the same', async () => {
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

describe('who sent it sees', () => {
  test.each(THINGS)(
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
