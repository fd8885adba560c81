/**
 * Every exit, asked by a service of every row of the policy in every relation to a family, under everything that narrows or opens:
 * what is planted is met where the sharing rules let it be met, and nowhere else.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { subscribe } from '../support/household.ts';
import { startSkein } from '../support/skein.ts';
import { COMPARTMENTS, type Fact, findIn, labelOf } from './matrix/canaries.ts';
import { type Matrix, openMatrix, readerOf } from './matrix/cast.ts';
import { type Answer, askById, askMessages, askWidely, EXITS, type Named, probe } from './matrix/exits.ts';
import { nameAll } from './matrix/known.ts';
import {
  CATEGORIES,
  type Case,
  CONDITIONS,
  maySee,
  mustSee,
  PLANTED,
  RELATIONS,
  SECTORS,
} from './matrix/oracle.ts';

const ALL: Case[] = [
  ...RELATIONS.map((relation) => ({ condition: 'plain' as const, relation })),
  ...CONDITIONS.slice(1).flatMap((condition) =>
    (['M', 'I'] as const).map((relation) => ({ condition, relation })),
  ),
  ...(['hold', 'label-V', 'refused-all', 'frozen'] as const).map((condition) => {
    return { condition, relation: 'pending' as const };
  }),
];
/** Those of every run; all with MATRIX_ALL=1, which takes four times as long. */
const USUAL = [
  ...['plain/M', 'plain/I', 'plain/pending', 'plain/declined', 'plain/past'],
  ...['hold/M', 'label-V/M', 'placed/M'],
];
const CASES = ALL.filter(
  ({ condition, relation }) => process.env.MATRIX_ALL || USUAL.includes(`${condition}/${relation}`),
);
const SETTLED_SECONDS = 180;
/** Of so many messages the text is asked for. */
const MESSAGES = 10;
/** Each of 73 facts of each family, for each of 21 readers, at each of 57 exits. */
const CELLS = 690_000;
/** Pages that tell somebody something: a leak would be met there. */
const TELL = [
  '/pages/families',
  '/pages/referrals',
  'page of a journey',
  'page of a sheet',
  'page of a task',
];
/** What a search of each type must show whole: all there is of these categories is in one of them. */
const WHOLE = ['Patient', 'EpisodeOfCare', 'Encounter', 'ServiceRequest', 'Group'];

let matrix: Matrix;
let worker: Awaited<ReturnType<typeof startSkein>>;
let named: Named[] = [];
let messages: string[] = [];

beforeAll(async () => {
  matrix = await openMatrix(CASES);
  const { household, services } = matrix;
  worker = await startSkein(household.database, { ROLES: 'worker', WEBHOOK_ALLOW: '127.0.0.1' });
  // What was told before anybody subscribed is told to nobody.
  await household.settle(SETTLED_SECONDS);
  for (const sector of SECTORS) {
    const reader = readerOf(sector);
    const id = await subscribe(
      household.skein,
      reader,
      `${household.hook}/${reader}`,
      services[reader]?.[0] ?? null,
    );
    household.subscriptions.set(reader, id);
  }
  await matrix.tellNews();
  await household.settle(SETTLED_SECONDS);
  named = nameAll(matrix.known, await household.find('Task'));
  const listed = String((await household.skein.get('/pages/messages')).body.text ?? '');
  messages = [...listed.matchAll(/href="(\/pages\/messages\/[0-9a-f-]{36})/g)].map(([, path]) => path ?? '');
  expect(messages.length).toBeGreaterThan(10);
  expect(named.some(({ tasks }) => tasks.length > 0)).toBe(true);
}, 600_000);
afterAll(async () => {
  await worker?.stop();
  await matrix?.household.stop();
});

async function ask(sector: string): Promise<Answer[]> {
  const reader = readerOf(sector);
  const { household, cases } = matrix;
  const found = [...(await askWidely(household, reader)), ...(await probe(household, reader, cases.length))];
  found.push(...(await askMessages(household, reader, messages.slice(0, MESSAGES))));
  for (const one of named) found.push(...(await askById(household, reader, one)));
  return found;
}

/** Each fact that is planted, with what its family is there for. */
function* plantedFacts(): Generator<{ fact: Fact; one: Case }> {
  for (const [family, one] of matrix.cases.entries()) {
    for (const of of COMPARTMENTS)
      for (const category of CATEGORIES)
        for (const mark of PLANTED[category]) {
          const fact = { family, of, category, mark };
          if (category !== 'STG' || of === 'I') yield { fact, one };
        }
  }
}

test('nothing comes out of any exit that the reader may not know, and all that it may know is found', async () => {
  const leaks: string[] = [];
  const missing: string[] = [];
  const met = new Set<string>();
  let cells = 0;
  for (const sector of SECTORS) {
    const seen = (await ask(sector)).map(({ exit, family, text }) => ({
      exit,
      family,
      found: findIn(text, matrix.known),
    }));
    for (const { exit, found } of seen) if (found.size > 0) met.add(exit);
    const searched = new Set(
      seen.filter(({ exit }) => WHOLE.includes(exit)).flatMap(({ found }) => [...found]),
    );
    for (const { fact, one } of plantedFacts()) {
      const label = labelOf(fact);
      const may = maySee({ sector, ...one }, fact);
      const told = seen.filter(({ family }) => family === null || family === fact.family);
      cells += told.length;
      const where = told.filter(({ found }) => found.has(label)).map(({ exit }) => exit);
      if (!may && where.length > 0)
        leaks.push(`${sector} ${one.condition}/${one.relation} ${label}: ${where.join(', ')}`);
      if (mustSee({ sector, ...one }, fact) && !searched.has(label))
        missing.push(`${sector} ${one.condition}/${one.relation} ${label}`);
    }
  }
  console.info(`${cells} cells over ${EXITS.length} exits, ${leaks.length} leaks, ${missing.length} missing`);
  // Whoever takes a case, a sector or an exit away says so here.
  expect(cells).toBeGreaterThan(CELLS);
  expect([...met]).toEqual(expect.arrayContaining(TELL));
  expect(leaks).toEqual([]);
  expect(missing).toEqual([]);
}, 900_000);
