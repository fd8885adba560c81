/** What link is told that a service may know is what a read would let it know, from the same rows. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { loadGrantsForServices } from '../../src/access/decide/grants.ts';
import { grantsIn } from '../../src/access/decide/sight.ts';
import { Store } from '../link/store.ts';
import { family, SENDERS } from '../support/any-family.ts';
import { testDatabase } from '../support/database.ts';

const BORN = ['1995-05-05', '2011-03-04', '2016-02', '2026-08-20', '2012'];

it('grants of a family that is being linked are those of the store it is saved in', async () => {
  const { pool } = await testDatabase();
  const services = new Map(SENDERS.map(({ id, sector, kind }) => [id, { sector, kind }]));
  const met = { open: 0, roles: 0, held: 0, restricted: 0, closed: 0 };
  for (const [n, heard] of fc.sample(family, 400).entries()) {
    const store = new Store();
    for (const [from, what] of heard) store.hear(from, structuredClone(what));
    const { involvements } = store.facts;
    // In every other family somebody is held, in every third restricted.
    const held = n % 2 === 0 ? store.facts.members[0]?.person : undefined;
    const restricted = n % 3 === 0 ? store.facts.members.at(-1)?.person : undefined;
    const members = store.facts.members.map((one) => ({
      ...one,
      ...{ held: one.person === held, restricted: one.person === restricted },
    }));
    // Where nobody shares a journey with an own patient there is nothing to open.
    const opens = (one: string | null) =>
      involvements.some(({ journey, state }) => journey === one && state === 'open');
    const shared = Map.groupBy(members, ({ journey }) => journey);
    if (![...shared].some(([journey, all]) => all.length > 1 && opens(journey))) continue;
    const persons = [...new Set([...involvements, ...members].map(({ person }) => person))];
    // Everybody is of some age, as one chart has it or another.
    const births = new Map(
      persons.map((person, place) => [person, [BORN[(n + place) % BORN.length] ?? '2020', '1990-01-01']]),
    );
    await pool.query('delete from statement');
    const charts = [...births].flatMap(([person, dates]) => dates.map((born) => ({ person, born })));
    await pool.query(
      `insert into statement (key, type, system_id, chart, record_id, first, base, content, person)
         select gen_random_uuid(), 'Patient', 1, person, 1, '', '', jsonb_build_object('birthDate', born), person
         from jsonb_to_recordset($1) as c(person uuid, born text)`,
      [JSON.stringify(charts)],
    );
    await pool.query('delete from involvement');
    await pool.query('delete from member');
    const columns =
      'person uuid, service uuid, journey uuid, state text, since timestamptz, until timestamptz';
    const rows = 'person, service, journey, state, since, until';
    await pool.query(
      `insert into involvement (${rows}) select ${rows} from jsonb_to_recordset($1) as r(${columns})`,
      [JSON.stringify(involvements)],
    );
    await pool.query(
      `insert into member (journey, person, role, closes, held, restricted) select * from jsonb_to_recordset($1)
         as r(journey uuid, person uuid, role text, closes timestamptz, held boolean, restricted boolean)`,
      [JSON.stringify(members)],
    );
    // While the infants are infants, at the edge of their fifth birthday, and after it.
    for (const asOf of ['2026-12-31T00:00:00.000Z', '2031-08-20T00:00:00.000Z', '2031-08-22T00:00:00.000Z']) {
      const asked = SENDERS.map(({ id, sector }) => ({ service: id, sector, persons }));
      const stored = await loadGrantsForServices(pool, asked, new Date(asOf));
      for (const { id } of SENDERS) {
        const said = grantsIn(
          {
            involvements,
            members,
            services,
            asOf,
            consents: new Map(),
            placed: new Set<string>(),
            births,
            rulings: new Map(),
          },
          id,
        );
        const read = stored.get(id);
        if (!read || read.everything) throw new Error('no grants were read');
        const plain = (grants: typeof said) =>
          persons.map((person) => {
            const known = grants.persons.get(person);
            const { care = null, roles = [], held = false, restricted = false, closed = false } = known ?? {};
            const places = roles.map(({ journey, role }) => `${journey} ${role}`).sort();
            if (care === 'open') met.open += 1;
            met.roles += places.length;
            if (held) met.held += 1;
            if (restricted) met.restricted += 1;
            if (closed) met.closed += 1;
            return { care, places, held, restricted, closed };
          });
        expect(plain(said)).toEqual(plain(read));
      }
    }
  }
  expect(
    Object.values(met).every((count) => count > 20),
    JSON.stringify(met),
  ).toBe(true);
}, 300_000);
