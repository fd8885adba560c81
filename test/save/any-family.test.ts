/** What is loaded under lock is the whole family: the store ends as if everything had been in sight all the time. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { loadMappings } from '../../src/map/language/load-mappings.ts';
import type { Answer, System } from '../../src/model.ts';
import { rebuild } from '../../src/pipeline/rebuild.ts';
import type { StatementState, View } from '../../src/store/facts.ts';
import { ownProfiles } from '../../src/validate/profiles.ts';
import { Store, upToRenaming } from '../link/store.ts';
import { anyClaims, CLAIMANTS } from '../support/any-claims.ts';
import { family, type Heard, inTwoOrders, SENDERS } from '../support/any-family.ts';
import { testContext } from '../support/context.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { hear, hearTogether, register } from '../support/hear.ts';

const mappings = await loadMappings();

/**
 * The store after these messages, in groups of these sizes that arrive at once; one by one without. Families of which a message is
 * held, since it gives one identifier to two people, are left out: whoever came first has it until its sender has looked.
 */
async function stored(heard: Heard[], groups = heard.map(() => 1), senders = SENDERS): Promise<string[]> {
  const database = await testDatabase();
  const systems = new Map<string, System>();
  for (const { name, sector } of senders) systems.set(name, await register(database, sector as string));
  const rest = [...heard];
  for (const size of groups) {
    const said = rest.splice(0, size).map(([{ name }, record]) => {
      return [systems.get(name) as System, structuredClone(record)] as const;
    });
    const answers: Answer[] = [];
    if (size > 1) answers.push(...(await hearTogether(database, said)));
    else for (const [system, record] of said) answers.push(...(await hear(database, system, record)));
    if (answers.every(({ status }) => status === 'accepted')) continue;
    await database.drop();
    fc.pre(false);
  }
  const rebuilt = await rebuild({ ...testContext(database), mappings, profiles: ownProfiles() });
  expect(rebuilt).toMatchObject({ statements: 0, changed: 0 });
  const views = upToRenaming(await readBack(database));
  await database.drop();
  return views;
}

async function readBack({ pool }: TestDatabase): Promise<Store> {
  const store = new Store();
  const rows = async <T extends object>(sql: string) => (await pool.query<T>(sql)).rows;
  store.facts.statements = await rows<StatementState>('select * from statement');
  store.facts.involvements = await rows('select * from involvement');
  store.facts.members = await rows('select * from member');
  for (const view of await rows<View>("select * from resource where type <> 'Provenance'"))
    store.views.set(`${view.type}/${view.id}`, view);
  return store;
}

it('is the same family in any order, and a rebuild changes nothing', async () => {
  await fc.assert(
    fc.asyncProperty(inTwoOrders, async ([heard, shuffled]) => {
      expect(await stored(shuffled)).toEqual(await stored(heard));
    }),
    { numRuns: Number(process.env.RUNS ?? 6), endOnFailure: true },
  );
});

const inGroups = family.chain((heard) =>
  fc.tuple(fc.constant(heard), fc.array(fc.integer({ min: 2, max: 7 }), { minLength: 7, maxLength: 7 })),
);

it('is the same family in whatever groups its messages arrive', async () => {
  await fc.assert(
    fc.asyncProperty(inGroups, async ([heard, groups]) => {
      expect(await stored(heard, groups)).toEqual(await stored(heard));
    }),
    { numRuns: Number(process.env.RUNS ?? 6), endOnFailure: true },
  );
});

/** Ids of Skein's are of the store they are given in; a claim of them is found from either side. */
it('is the same whoever refers to whom, in any order, and a rebuild changes nothing', async () => {
  const { key } = await testDatabase();
  const inAnyOrder = anyClaims(key).chain((heard) =>
    fc.tuple(fc.constant(heard), fc.shuffledSubarray(heard, { minLength: heard.length })),
  );
  await fc.assert(
    fc.asyncProperty(inAnyOrder, async ([heard, shuffled]) => {
      const whole = new Store(key);
      for (const [from, what] of heard) whole.hear(from, structuredClone(what));
      const charts = whole.facts.statements.filter(({ type }) => type === 'Patient');
      const one = await stored(heard, undefined, CLAIMANTS);
      expect(one.filter((view) => view.includes('"resourceType":"Patient"'))).toHaveLength(
        new Set(charts.map(({ person }) => person)).size,
      );
      expect(await stored(shuffled, undefined, CLAIMANTS)).toEqual(one);
    }),
    { numRuns: Number(process.env.RUNS ?? 6), endOnFailure: true },
  );
}, 120_000);
