/** Care that a FHIR sender calls by nothing, neither an identifier nor an id: sent again it is the same. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addSystem } from '../../src/access/register/systems.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { nhsNumber } from '../support/records.ts';
import { startSkein } from '../support/skein.ts';
import { byNumber, chart, type Said, say, transactionOf, type Whom } from '../support/transactions.ts';

let database: TestDatabase;
let skein: Awaited<ReturnType<typeof startSkein>>;
beforeEach(async () => {
  database = await testDatabase();
  skein = await startSkein(database);
  const team = { name: 'epr', ods: 'RXE', team: 'epr', sector: 'maternity', kind: null, source: 'fhir-r4' };
  await addSystem(database.pool, database.key, team);
});
afterEach(() => skein.stop());

const AMARA = { nhs: nhsNumber(71), given: 'Amara', family: 'Osei', born: '1994-03-02', local: 'M1' };
type Care = (whom: Whom) => Said;
/** Each in a message of its own, of one patient; without fullUrls where `bare`. */
async function send(all: Care[][], { bare = false, whom = () => chart('epr', AMARA) as Whom } = {}) {
  for (const [n, care] of all.entries()) {
    const her = whom();
    const said = [...('fullUrl' in her ? [her] : []), ...care.map((one) => one(her))];
    const bundle = transactionOf(said, `2026-09-2${n}T09:00:00Z`);
    const entry = bundle.entry.map(({ fullUrl, ...rest }) =>
      bare && rest.resource.resourceType !== 'Patient' ? rest : { fullUrl, ...rest },
    );
    const { status, body } = await skein.transaction({ ...bundle, entry }, 'epr');
    expect([status, body]).toEqual([200, expect.anything()]);
  }
}
const subject = (whom: Whom) => ('fullUrl' in whom ? { reference: whom.fullUrl } : whom);
const episode =
  (status: string, period?: object, rest = {}): Care =>
  (whom) =>
    say({
      resourceType: 'EpisodeOfCare',
      status,
      patient: subject(whom),
      ...(period ? { period } : {}),
      ...rest,
    });
const contact =
  (status: string, start: string, code = 'HH'): Care =>
  (whom) =>
    say({ resourceType: 'Encounter', status, class: { code }, subject: subject(whom), period: { start } });
const referral =
  (status: string, authoredOn: string, to = 'RXV'): Care =>
  (whom) => {
    const performer = [{ identifier: { system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: to } }];
    const asked = { intent: 'plan', subject: subject(whom), authoredOn, performer };
    return say({ resourceType: 'ServiceRequest', status, ...asked });
  };
async function shown(type: string) {
  const { body } = await skein.get(`/fhir/${type}?_count=50`, 'epr');
  const entries = (body.entry ?? []) as { resource: { resourceType: string; status: string } }[];
  return entries.flatMap(({ resource }) => (resource.resourceType === type ? resource.status : [])).sort();
}

describe('care without an identity', () => {
  const DAY = { start: '2026-09-01' };
  it.each([
    ['episode', 'EpisodeOfCare', [episode('active', DAY), episode('active', DAY)], ['active']],
    ['episode without a day', 'EpisodeOfCare', [episode('active'), episode('active')], ['active']],
    [
      'episode that is over',
      'EpisodeOfCare',
      [episode('active', DAY), episode('finished', { ...DAY, end: '2026-09-20' })],
      ['finished'],
    ],
    [
      'contact, its zone written otherwise',
      'Encounter',
      [contact('planned', '2026-09-03T10:00:00Z'), contact('finished', '2026-09-03T11:00:00+01:00')],
      ['finished'],
    ],
    [
      'referral',
      'ServiceRequest',
      [referral('active', '2026-09-03'), referral('active', '2026-09-03')],
      ['active'],
    ],
    [
      'referral withdrawn',
      'ServiceRequest',
      [referral('active', '2026-09-03'), referral('revoked', '2026-09-03')],
      ['revoked'],
    ],
  ])('is the same when it is sent again: %s', async (_, type, [first, second], statuses) => {
    await send([[first as Care], [second as Care]]);
    await send([[second as Care]], { bare: true });
    expect(await shown(type)).toEqual(statuses);
  });

  it('is that of a patient who is named by number, too', async () => {
    const whom = () => byNumber(AMARA.nhs);
    await send([[episode('active', DAY)], [episode('active', DAY)]], { whom });
    expect(await shown('EpisodeOfCare')).toEqual(['active']);
  });

  it.each([
    [
      'episodes that began on other days',
      'EpisodeOfCare',
      [episode('active', DAY), episode('active', { start: '2026-10-01' })],
    ],
    [
      'contacts of other times',
      'Encounter',
      [contact('finished', '2026-09-03T10:00:00Z'), contact('finished', '2026-09-03T12:00:00Z')],
    ],
    [
      'contacts of other kinds',
      'Encounter',
      [contact('finished', '2026-09-03T10:00:00Z'), contact('finished', '2026-09-03T10:00:00Z', 'VR')],
    ],
    [
      'referrals to other services',
      'ServiceRequest',
      [referral('active', '2026-09-03'), referral('active', '2026-09-03', 'RXW')],
    ],
    [
      'referrals of other days',
      'ServiceRequest',
      [referral('active', '2026-09-03'), referral('active', '2026-09-04')],
    ],
  ])('is not the same: %s', async (_, type, [first, second]) => {
    await send([[first as Care], [second as Care]]);
    expect(await shown(type)).toHaveLength(2);
  });

  it('is as many as a message says, also when that is sent again', async () => {
    const two = [referral('active', '2026-09-03'), referral('active', '2026-09-03')];
    await send([two, two]);
    expect(await shown('ServiceRequest')).toEqual(['active', 'active']);
  });

  it('is that of two people where it is', async () => {
    await send([[episode('active', DAY)]]);
    await send([[episode('active', DAY)]], {
      whom: () => chart('epr', { ...AMARA, nhs: nhsNumber(72), given: 'Esi', local: 'M2' }),
    });
    expect(await shown('EpisodeOfCare')).toEqual(['active', 'active']);
  });
});
