/** National signals sent by a system whose source reads other Bundles (fhir-r4): it is told so in its own terms (national-signals.test.ts: those of mns). */
import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addSystem } from '../../src/access/register/systems.ts';
import { testDatabase } from '../support/database.ts';
import { startSkein } from '../support/skein.ts';

const FOLDER = 'test/pipeline/signals';
const signals = await Promise.all(
  (await readdir(FOLDER)).map(async (file) => [file, await readFile(`${FOLDER}/${file}`, 'utf8')] as const),
);

const { pool, key, ...database } = await testDatabase();
let skein: Awaited<ReturnType<typeof startSkein>>;
beforeAll(async () => {
  const spine = {
    name: 'spine',
    ods: 'X26',
    team: 'spine',
    sector: 'national',
    kind: null,
    source: 'fhir-r4',
  };
  await addSystem(pool, key, spine);
  skein = await startSkein({ pool, key, ...database });
});
afterAll(() => skein.stop());

test.each(signals)(
  '%s is not taken: what it is and what is taken are named, it is kept, and nobody hears',
  async (_, body) => {
    const identifier = (JSON.parse(body) as { id: string }).id;
    const headers = { 'content-type': 'application/fhir+json', 'idempotency-key': identifier };
    for (const path of ['/intake/spine', '/fhir']) {
      const answer = await skein.send('POST', path, { ...headers, 'x-skein-system': 'spine' }, body);
      expect([400, 409, 422], JSON.stringify(answer.body)).toContain(answer.status);
      if (answer.status !== 409)
        expect(JSON.stringify(answer.body)).toMatch(
          /Bundle.type .*history.* is not taken; .*(transaction|message)/,
        );
    }
    const { body: kept } = await skein.get(`/intake/messages?identifier=${identifier}`, 'spine');
    expect((kept as unknown as { status: string }[]).map(({ status }) => status)).not.toContain('accepted');
    expect(kept).toHaveLength(1);
    const { rows } = await pool.query(
      `select (select count(*) from resource where type <> 'Organization')::int + (select count(*) from outbox)::int as made`,
    );
    expect(rows).toEqual([{ made: 0 }]);
  },
);
