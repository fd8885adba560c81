/** What a field of an HL7 v2 message means for whom it is about: ADT through the real door, as its sender reads it. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addSystem } from '../../src/access/register/systems.ts';
import { loadMappings } from '../../src/map/language/load-mappings.ts';
import { replayHeld } from '../../src/pipeline/rebuild.ts';
import { ownProfiles } from '../../src/validate/profiles.ts';
import { signal } from '../families/scenarios/messages.ts';
import { testContext } from '../support/context.ts';
import { type TestDatabase, testDatabase } from '../support/database.ts';
import { nhsNumber } from '../support/records.ts';
import { startSkein } from '../support/skein.ts';
import { chart, transactionOf } from '../support/transactions.ts';

const SPINE = { ods: 'X26', team: 'spine', sector: 'national', kind: null };
const OF = { ods: 'RXM', team: 'maternity', sector: 'maternity', kind: null };
let database: TestDatabase;
let skein: Awaited<ReturnType<typeof startSkein>>;
beforeEach(async () => {
  database = await testDatabase();
  skein = await startSkein(database);
  await addSystem(database.pool, database.key, { ...OF, name: 'maternity', source: 'hl7v2-adt' });
});
afterEach(() => skein.stop());

const replay = async () =>
  replayHeld({ ...testContext(database), mappings: await loadMappings(), profiles: ownProfiles() });

type Found = { resourceType: string; id: string; status?: string; active?: boolean } & Record<
  string,
  unknown
>;
async function all(type: string, as = 'maternity'): Promise<Found[]> {
  const { body } = await skein.get(`/fhir/${type}?_count=100`, as);
  const entries = (body.entry ?? []) as { resource: Found }[];
  return entries.map(({ resource }) => resource).filter(({ resourceType }) => resourceType === type);
}
const patients = async () => (await all('Patient')).filter(({ active }) => active !== false);
const involved = async () =>
  (await database.pool.query("select 1 from involvement where state = 'open'")).rowCount;

let sent = 0;
type Sent = { at?: string; mode?: string; pid?: string; more?: string[] };
/** The acknowledgement of an event about a patient, whose PID-3 to PID-8 it is given. */
async function say(event: string, pid: string, { at, mode = 'P', more = [] }: Sent = {}): Promise<string> {
  sent += 1;
  const time = at ?? `202608${String(sent).padStart(2, '0')}090000`;
  const head = `MSH|^~\\&|PAS|RXM|SKEIN|SKEIN|${time}||ADT^${event}|M-${sent}|${mode}|2.5`;
  const lines = [head, `EVN|${event}|`, `PID|1||${pid}`, ...more, ''];
  return String((await skein.intake('maternity', 'application/hl7-v2', lines.join('\r'))).body.text);
}
beforeEach(() => {
  sent = 0;
});

const AMARA = (ids: string) => `${ids}||Osei^Amara||19940302|F`;
const identifiersOf = ({ identifier }: Found) =>
  (identifier as { value: string; use?: string }[])
    .map(({ value, use }) => (use ? `${value} ${use}` : value))
    .sort();
const [ONE, TWO, THREE] = [nhsNumber(61), nhsNumber(62), nhsNumber(63)];

describe('the chart that was merged (MRG-1)', () => {
  it('without an authority is of the one that gave the number of the chart that stands', async () => {
    await say('A28', AMARA('M1^^^RXM^MR'));
    await say('A28', AMARA('M2^^^RXM^MR'));
    expect(await patients()).toHaveLength(2);
    const ack = await say('A40', AMARA('M1^^^RXM^MR'), { more: ['MRG|M2'] });
    expect(ack).toMatch(/MSA\|AA/);
    expect(ack).not.toContain('ERR');
    expect((await patients()).map(identifiersOf)).toEqual([['M1', 'M2 old', 'M2 old']]);
  });

  it('without an authority is the chart that came without, where there is one', async () => {
    await say('A28', AMARA('M1^^^RXM^MR'));
    await say('A28', AMARA('M2'));
    await say('A28', 'M2^^^RXM^MR||Bell^Ada||19910203|F');
    expect(await say('A40', AMARA('M1^^^RXM^MR'), { more: ['MRG|M2'] })).not.toContain('ERR');
    const found = await patients();
    expect(found.map(identifiersOf)).toHaveLength(2);
    expect(found.find((one) => JSON.stringify(one).includes('Bell'))?.identifier).toHaveLength(1);
  });

  describe('of two people, by verified numbers', () => {
    const held = /MSA\|AE.*ERR\|\|MRG\^1\^1\|207.*\|E\|.*MRG-1: nothing was merged/s;
    beforeEach(async () => {
      await say('A28', AMARA(`M1^^^RXM^MR~${ONE}^01^^NHS^NH`));
      await say('A28', AMARA(`M2^^^RXM^MR~${TWO}^01^^NHS^NH`));
    });

    // An answer that it was taken would be believed: such a message says nothing but the merge. It waits as
    // it was sent until one of the two numbers is put right, and is then taken by a replay.
    it.each(['A18', 'A30', 'A34', 'A36', 'A40', 'A46', 'A47'])(
      'is held by %s, with its field',
      async (event) => {
        expect(await say(event, AMARA('M1^^^RXM^MR'), { more: ['MRG|M2^^^RXM^MR'] })).toMatch(held);
        const shown = (await all('Patient')).flatMap(identifiersOf).sort();
        expect(shown).toEqual([ONE, TWO, 'M1', 'M2'].sort());
        expect(await replay()).toEqual({ tried: 1, accepted: 0, failed: 0 });
        await say('A31', AMARA(`M2^^^RXM^MR~${ONE}^01^^NHS^NH`));
        expect(await replay()).toEqual({ tried: 1, accepted: 1, failed: 0 });
        expect((await patients()).map(identifiersOf)).toEqual([[ONE, 'M1', 'M2 old'].sort()]);
      },
    );

    it.each([
      ['replaced', 'R'],
      ['invalid', 'I'],
    ] as const)('is taken by a replay once the one number is nationally %s', async (_, status) => {
      await addSystem(database.pool, database.key, { ...SPINE, name: 'spine', source: 'mns' });
      await say('A40', AMARA('M1^^^RXM^MR'), { more: ['MRG|M2^^^RXM^MR'] });
      const of = (nhs: string) => ({ nhs, given: 'Amara', family: 'Osei', born: '1994-03-02', local: nhs });
      const changed = signal('spine', 'nhs-number-change-2', of(TWO), { status, by: of(ONE) });
      expect(await changed(skein)).toMatchObject({ status: 200 });
      expect(await replay()).toEqual({ tried: 1, accepted: 1, failed: 0 });
      const [one, ...others] = await patients();
      expect([others, identifiersOf(one as Found)]).toEqual([
        [],
        expect.arrayContaining([ONE, 'M1', 'M2 old']),
      ]);
    });

    it.each([
      ['its number without the authority', 'M2'],
      ['its NHS number', `${TWO}^^^NHS^NH`],
    ])('is held by %s as well', async (_, id) => {
      expect(await say('A40', AMARA('M1^^^RXM^MR'), { more: [`MRG|${id}`] })).toMatch(held);
    });

    it('sinks nothing of a FHIR Patient that says more than the merge: that is a warning', async () => {
      await addSystem(database.pool, database.key, { ...OF, team: 'epr', name: 'epr', source: 'fhir-r4' });
      const woman = (local: string, nhs: string) => ({
        ...{ local, nhs, given: 'Esi', family: 'Bell' },
        born: '1990-01-02',
      });
      const [one, two] = [chart('epr', woman('A', ONE)), chart('epr', woman('B', TWO))];
      const link = [{ type: 'replaces', other: { reference: one.fullUrl } }];
      Object.assign(two.resource, { link, deceasedDateTime: '2026-07-01' });
      const { status, body } = await skein.transaction(
        transactionOf([one, two], '2026-08-01T09:00:00Z'),
        'epr',
      );
      expect([status, JSON.stringify(body)]).toEqual([200, expect.stringContaining('nothing was merged')]);
      const dead = (await all('Patient', 'epr')).filter(({ deceasedDateTime }) => deceasedDateTime);
      expect(dead.map(identifiersOf)).toEqual([expect.arrayContaining([TWO])]);
    });
  });

  it('takes its NHS number with it as an old one, where the chart that stands has another', async () => {
    await say('A28', AMARA(`M1^^^RXM^MR~${ONE}^^^NHS^NH`));
    await say('A28', AMARA(`M2^^^RXM^MR~${TWO}^^^NHS^NH`));
    expect(await say('A40', AMARA('M1^^^RXM^MR'), { more: ['MRG|M2^^^RXM^MR'] })).toMatch(/MSA\|AA/);
    expect((await patients()).map(identifiersOf)).toEqual([[ONE, 'M1', 'M2 old', `${TWO} old`].sort()]);
  });

  it('is meant by its second identifier, too, where that is nobody else’s', async () => {
    await say('A28', AMARA('M1^^^RXM^MR'));
    await say('A28', AMARA('M2^^^RXM^MR~C7^^^CLINIC'));
    expect(await say('A40', AMARA('M1^^^RXM^MR'), { more: ['MRG|C7^^^CLINIC'] })).not.toContain('ERR');
    expect(await patients()).toHaveLength(1);
    await say('A28', AMARA('M3^^^RXM^MR~C8^^^CLINIC'));
    await say('A28', 'M4^^^RXM^MR~C8^^^CLINIC||Bell^Ada||19910203|F');
    const ack = await say('A40', AMARA('M1^^^RXM^MR'), { more: ['MRG|C8^^^CLINIC'] });
    expect(ack).toMatch(/\|W\|.*MRG-1: no one chart/s);
    expect(await patients()).toHaveLength(3);
  });

  it.each(['A18', 'A34', 'A47'])('is meant by %s as well', async (event) => {
    await say('A28', AMARA('M1^^^RXM^MR'));
    await say('A28', AMARA('M2^^^RXM^MR'));
    expect(await say(event, AMARA('M1^^^RXM^MR'), { more: ['MRG|M2'] })).not.toContain('ERR');
    expect(await patients()).toHaveLength(1);
  });

  it('is never taken for one of another authority: that is said, and nothing is merged', async () => {
    await say('A28', AMARA('M1^^^RXM^MR~C1^^^CLINIC^PI'));
    await say('A28', AMARA('M2^^^RXM^MR'));
    const ack = await say('A40', AMARA('M1^^^RXM^MR~C1^^^CLINIC^PI'), { more: ['MRG|M2'] });
    expect(ack).toMatch(/MSA\|AA.*ERR\|\|MRG\^1\^1\|204.*\|W\|.*MRG-1: no one chart that you sent has this/s);
    expect(await patients()).toHaveLength(2);
  });

  it('is known by the NHS number that it has, verified or not', async () => {
    await say('A28', AMARA('M1^^^RXM^MR'));
    await say('A28', AMARA(`M2^^^RXM^MR~${ONE}^^^NHS^NH`));
    const ack = await say('A40', AMARA('M1^^^RXM^MR'), { more: [`MRG|${ONE}^^^NHS^NH`] });
    expect(ack).not.toContain('ERR');
    expect((await patients()).map(identifiersOf)).toEqual([[ONE, 'M1', 'M2'].sort()]);
  });

  it('is another than the one that stands, where both have the number', async () => {
    await say('A28', AMARA(`M1^^^RXM^MR~${ONE}^^^NHS^NH`));
    await say('A28', AMARA(`M2^^^RXM^MR~${ONE}^^^NHS^NH`));
    expect(await patients()).toHaveLength(2);
    await say('A40', AMARA(`M1^^^RXM^MR~${ONE}^^^NHS^NH`), { more: [`MRG|${ONE}^^^NHS^NH`] });
    expect((await patients()).map(identifiersOf)).toEqual([[ONE, 'M1', 'M2'].sort()]);
  });

  it('is nobody by an NHS number that several people have, or that none has', async () => {
    await say('A28', AMARA('M1^^^RXM^MR'));
    await say('A28', AMARA(`M2^^^RXM^MR~${ONE}^^^NHS^NH`));
    await say('A28', `M3^^^RXM^MR~${ONE}^^^NHS^NH||Osei^Esi||20260801|F`);
    await say('A40', AMARA('M1^^^RXM^MR'), { more: [`MRG|${ONE}^^^NHS^NH`] });
    const ack = await say('A40', AMARA('M1^^^RXM^MR'), { more: [`MRG|${TWO}^^^NHS^NH`] });
    expect(ack).toMatch(/MSA\|AA.*ERR\|\|MRG\^1\^1\|204.*\|W\|/s);
    const found = (await patients()).map(identifiersOf);
    for (const own of [['M1'], [ONE, 'M2'].sort(), [ONE, 'M3'].sort()]) expect(found).toContainEqual(own);
  });

  describe('whose merge is turned round', () => {
    const turned = (event: string): [event: string, pid: string, mrg: string | null, at: string][] => [
      ['A28', 'M1^^^RXM^MR', null, '20260801090000'],
      ['A28', 'M2^^^RXM^MR', null, '20260802090000'],
      [event, 'M1^^^RXM^MR', 'M2^^^RXM^MR', '20260803090000'],
      ['A31', 'M2^^^RXM^MR', null, '20260804090000'],
      [event, 'M2^^^RXM^MR', 'M1^^^RXM^MR', '20260805090000'],
    ];
    const hear = async ([event, pid, mrg, at]: ReturnType<typeof turned>[number]) =>
      expect(await say(event, AMARA(pid), { at, more: mrg ? [`MRG|${mrg}`] : [] })).toMatch(/MSA\|AA/);

    it.each(
      ['A40', 'A47'].flatMap((event) =>
        [
          [0, 1, 2, 3, 4],
          [0, 1, 4, 2, 3],
          [4, 3, 2, 1, 0],
        ].map((order) => [event, order] as const),
      ),
    )('by %s is the one that was merged last, heard in the order %j', async (event, order) => {
      for (const at of order) await hear(turned(event)[at] as ReturnType<typeof turned>[number]);
      expect((await patients()).map(identifiersOf)).toEqual([['M1 old', 'M2']]);
      await say('A01', AMARA('M2^^^RXM^MR'), {
        at: '20260806090000',
        more: ['PV1|1|I|W1||||||||||||||||V1'],
      });
      expect((await patients()).map(identifiersOf)).toEqual([['M1 old', 'M2']]);
    });

    it('is the first again once it is turned round twice', async () => {
      for (const one of turned('A40')) await hear(one);
      await hear(['A40', 'M1^^^RXM^MR', 'M2^^^RXM^MR', '20260806090000']);
      expect((await patients()).map(identifiersOf)).toEqual([['M1', 'M2 old']]);
    });

    it('is the one that was merged last, where no message gives an authority', async () => {
      for (const [event, pid, mrg, at] of turned('A40'))
        await hear([event, pid, mrg && (mrg.split('^')[0] as string), at]);
      const [one, ...others] = await patients();
      expect(others).toEqual([]);
      const shown = identifiersOf(one as Found);
      expect(shown).toEqual(expect.arrayContaining(['M1 old', 'M2']));
      expect(shown).not.toContain('M1');
    });

    it('is the one that stands by the last, where it went round over three', async () => {
      for (const [at, pid, mrg] of [
        ['20260801090000', 'M1', null],
        ['20260802090000', 'M2', null],
        ['20260803090000', 'M3', null],
        ['20260804090000', 'M1', 'M2'],
        ['20260805090000', 'M3', 'M1'],
        ['20260806090000', 'M2', 'M3'],
      ] as const) {
        const id = (one: string) => `${one}^^^RXM^MR`;
        await hear([mrg ? 'A40' : 'A28', id(pid), mrg && id(mrg), at]);
      }
      expect((await patients()).map(identifiersOf)).toEqual([['M1 old', 'M2', 'M3 old']]);
    });
  });

  it('is merged once it is said, whenever that is', async () => {
    expect(await say('A40', AMARA('M1^^^RXM^MR'), { more: ['MRG|M2'] })).toMatch(
      /\|W\|.*MRG-1: no one chart/s,
    );
    await say('A28', AMARA('M2^^^RXM^MR'));
    expect(await patients()).toHaveLength(1);
  });
});

describe('the identifiers of a patient (PID-3)', () => {
  it.each([
    ['of another type', ['M1^^^RXM^PI', 'M1^^^RXM^MR'], ['M1']],
    ['of another type, without an authority', ['M1^^^^PI', 'M1^^^^MR'], ['M1']],
    ['of another type than before beside another', ['M1^^^RXM^PI~C7^^^RXM^MR', 'M1^^^RXM^MR'], ['C7', 'M1']],
    ['of which the second is given alone', ['M1^^^RXM^MR~C7^^^RXM^PI', 'C7^^^RXM^PI'], ['C7', 'M1']],
    ['whose types are exchanged', ['M1^^^RXM^PI~C7^^^RXM^MR', 'M1^^^RXM^MR~C7^^^RXM^PI'], ['C7', 'M1']],
  ])('%s are of one patient, in any order', async (_, ids, shown) => {
    for (const order of [ids, [...ids].reverse()]) {
      for (const id of order) expect(await say('A28', AMARA(id))).toContain('MSA|AA');
      expect((await patients()).map(identifiersOf)).toEqual([shown]);
    }
  });

  const ADA = 'M1^^^RXM^PI||Bell^Ada||19910203|F';
  it.each([
    ['given to somebody else under another type', ['M1^^^RXM^MR'], ADA],
    ['of the same day under another type: a twin', ['M1^^^^MR'], 'M1^^^^PI||Osei^Esi||19940302|F'],
  ])('%s are held', async (_, [first = ''], other) => {
    await say('A28', AMARA(first));
    expect(await say('A28', other)).toMatch(/MSA\|AE.*PID-3.*already names another of your patients/s);
    expect(await patients()).toHaveLength(1);
  });

  it.each([
    ['somebody else', 'C7^^^RXM^PI||Bell^Ada||19910203|F'],
    ['a sister born the same day', 'C7^^^RXM^PI||Osei^Esi||19940302|F'],
    ['somebody without a birth date', 'C7^^^RXM^PI||Osei^Amara'],
    ['whom by a verified number it is not', `C7^^^RXM^PI~${TWO}^01^^NHS^NH||Osei^Amara||19940302|F`],
  ])('that are the second of one patient and the first of %s join nobody', async (_, other) => {
    await say('A28', AMARA(`M1^^^RXM^MR~C7^^^RXM^PI~${ONE}^01^^NHS^NH`));
    expect(await say('A28', other)).toContain('MSA|AA');
    expect(await patients()).toHaveLength(2);
  });

  it('that a patient had and has no more join nobody', async () => {
    await say('A28', AMARA('M1^^^RXM^MR~C7^^^RXC'));
    await say('A31', AMARA('M1^^^RXM^MR~C8^^^RXC'));
    await say('A28', AMARA('C7^^^RXC'));
    expect(await patients()).toHaveLength(2);
  });

  it('that several people share join none of them', async () => {
    await say('A28', AMARA('M1^^^RXM^MR~F1^^^RXM'));
    await say('A28', 'M2^^^RXM^MR~F1^^^RXM||Osei^Esi||20260801|F');
    await say('A28', AMARA('F1^^^RXM'));
    expect(await patients()).toHaveLength(3);
  });
});

const stay = (visit: string, { to = '', from = '20260801080000' } = {}) => {
  const fields = [
    'PV1',
    '1',
    'I',
    ...Array<string>(16).fill(''),
    visit,
    ...Array<string>(24).fill(''),
    from,
    to,
  ];
  return { more: [fields.join('|')] };
};

describe('the number of a stay (PV1-19)', () => {
  const stays = async () => ({
    open: await involved(),
    episodes: (await all('EpisodeOfCare')).map(({ status }) => status).sort(),
    encounters: (await all('Encounter')).map(({ status }) => status).sort(),
  });

  it.each([
    ['then', 'V1^^^RXM^VN', 'V1'],
    ['at first', 'V1', 'V1^^^RXM^VN'],
  ])('without its authority %s is that of the same stay', async (_, first, second) => {
    await say('A01', AMARA('M1^^^RXM^MR'), stay(first));
    expect(await stays()).toEqual({ open: 1, episodes: ['active'], encounters: ['in-progress'] });
    await say('A03', AMARA('M1^^^RXM^MR'), stay(second, { to: '20260802080000' }));
    const { open, episodes, encounters } = await stays();
    expect([open, episodes.at(-1), encounters.at(-1)]).toEqual([0, 'finished', 'finished']);
    const inForce = (status?: string) => status !== 'entered-in-error';
    expect([episodes.filter(inForce), encounters.filter(inForce)]).toEqual([['finished'], ['finished']]);
    const [encounter] = (await all('Encounter')).filter(({ status }) => inForce(status));
    const [episode] = (await all('EpisodeOfCare')).filter(({ status }) => inForce(status));
    expect(encounter?.episodeOfCare).toMatchObject([{ reference: `EpisodeOfCare/${episode?.id}` }]);
  });

  it('may have others beside it (PV1-50), which alone name no stay: that is said', async () => {
    const other = ({ more: [pv1 = ''] }: { more: string[] }) => ({ more: [`${pv1}|||||A7^^^LAB^PI`] });
    await say('A01', AMARA('M1^^^RXM^MR'), other(stay('V1^^^RXM^VN')));
    expect((await all('Encounter')).map(identifiersOf)).toEqual([['A7', 'V1']]);
    await say('A01', AMARA('M1^^^RXM^MR'), other(stay('V2^^^RXM^VN', { from: '20260901080000' })));
    expect(await stays()).toMatchObject({ encounters: ['in-progress', 'in-progress'] });
    const ack = await say('A01', 'M9^^^RXM^MR||Bell^Ada||19910203|F', other(stay('')));
    expect(ack).toMatch(/MSA\|AA.*ERR\|\|PV1\^1\^50\|.*\|W\|.*left out/s);
  });

  it('is told apart where two authorities gave it', async () => {
    await say('A01', AMARA('M1^^^RXM^MR'), stay('V1^^^RXM^VN'));
    await say('A01', AMARA('M1^^^RXM^MR'), stay('V1^^^CLINIC^VN'));
    await say('A03', AMARA('M1^^^RXM^MR'), stay('V1', { to: '20260802080000' }));
    expect(await stays()).toMatchObject({ episodes: ['active', 'active', 'finished'] });
  });

  it('is told apart in two people', async () => {
    await say('A01', AMARA('M1^^^RXM^MR'), stay('V1^^^RXM^VN'));
    await say('A03', 'M9^^^RXM^MR||Bell^Ada||19910203|F', stay('V1', { to: '20260802080000' }));
    expect(await stays()).toMatchObject({ open: 1, episodes: ['active', 'finished'] });
  });
});

describe('an admission on a day to come (PV1-44)', () => {
  const LATER = stay('V1^^^RXM^VN', { from: '29991230080000' });
  const found = async () => [
    (await all('Encounter')).map(({ status }) => status),
    (await all('EpisodeOfCare')).map(({ status }) => status),
    await involved(),
  ];

  it.each(['A01', 'A04'])('by %s is planned and opens no care, and its sender is told', async (event) => {
    const ack = await say(event, AMARA('M1^^^RXM^MR'), LATER);
    expect(ack).toMatch(/MSA\|AA.*ERR\|\|PV1\^1\^44\|.*\|W\|.*the stay is planned/s);
    expect(await found()).toEqual([['planned'], [], 0]);
    await say('A08', AMARA('M1^^^RXM^MR'), LATER);
    expect(await found()).toEqual([['planned'], [], 0]);
  });

  it.each(['A01', 'A04', 'A02', 'A08'])('has begun when %s gives a day that has come', async (event) => {
    await say('A01', AMARA('M1^^^RXM^MR'), LATER);
    await say(event, AMARA('M1^^^RXM^MR'), stay('V1^^^RXM^VN'));
    expect(await found()).toEqual([['in-progress'], ['active'], 1]);
  });

  it('takes back no stay that has begun', async () => {
    await say('A01', AMARA('M1^^^RXM^MR'), stay('V1^^^RXM^VN'));
    await say('A01', AMARA('M1^^^RXM^MR'), LATER);
    expect(await found()).toEqual([['in-progress'], ['active'], 1]);
  });

  it('is over where it is cancelled', async () => {
    await say('A01', AMARA('M1^^^RXM^MR'), LATER);
    await say('A38', AMARA('M1^^^RXM^MR'), LATER);
    expect(await found()).toEqual([['cancelled'], [], 0]);
  });

  it('long past is taken as it is', async () => {
    const ack = await say('A01', AMARA('M1^^^RXM^MR'), stay('V1^^^RXM^VN', { from: '19990101080000' }));
    expect(ack).toMatch(/MSA\|AA(?!.*ERR)/s);
    expect(await found()).toEqual([['in-progress'], ['active'], 1]);
  });
});

describe('a stay that is moved to another patient (A44)', () => {
  const ADA = 'M9^^^RXM^MR||Bell^Ada||19910203|F';
  const stays = async (type: string) =>
    (await all(type))
      .filter(({ status }) => status !== 'entered-in-error')
      .map(({ patient, subject }) => ((patient ?? subject) as { reference: string }).reference);
  const idOf = async (given: string) =>
    (await patients()).flatMap((one) => (JSON.stringify(one).includes(given) ? `Patient/${one.id}` : []));
  const move = (visit: string, mrg = 'MRG|M1^^^RXM^MR') =>
    say('A44', ADA, { more: [mrg, ...stay(visit).more] });

  it.each([
    ['by its number', 'V1^^^RXM^VN', 'V1^^^RXM^VN'],
    ['by its number without the authority', 'V1^^^RXM^VN', 'V1'],
    ['by its number with the authority that it came without', 'V1', 'V1^^^RXM^VN'],
    ['by a number that never has an authority', 'V1', 'V1'],
  ])('is found %s, and is theirs alone', async (_, first, second) => {
    await say('A01', AMARA('M1^^^RXM^MR~C7^^^RXM'), stay(first));
    await say('A28', ADA);
    expect(await move(second)).toMatch(/MSA\|AA(?!.*\|[EW]\|)/s);
    const ada = await idOf('Ada');
    expect([await stays('EpisodeOfCare'), await stays('Encounter')]).toEqual([ada, ada]);
    expect(await involved()).toBe(1);
    await say('A03', ADA, stay(second, { to: '20260820080000' }));
    expect([await involved(), await stays('Encounter')]).toEqual([0, ada]);
    const amara = (await patients()).find((one) => JSON.stringify(one.name).includes('Amara'));
    expect(identifiersOf(amara as Found)).toEqual(['C7', 'M1']);
  });

  it('is told of where no such stay is known of whom it is moved from, and is then a new one', async () => {
    await say('A28', ADA);
    expect(await move('V1')).toMatch(/MSA\|AA.*\|PV1\^1\^19.*\|W\|.*no one stay/s);
    expect(await stays('Encounter')).toEqual(await idOf('Ada'));
  });

  it('is held as somebody else’s, where it is not that of whom it is moved from', async () => {
    await say('A01', AMARA('M1^^^RXM^MR'), stay('V1^^^RXM^VN'));
    await say('A28', ADA);
    const ack = await move('V1^^^RXM^VN', 'MRG|M3^^^RXM^MR');
    expect(ack).toMatch(/MSA\|AE.*PV1-19.*of another of your patients/s);
    expect(await stays('Encounter')).toEqual(await idOf('Amara'));
  });
});

describe('a discharge', () => {
  const LATER = '29991231120000';
  const episode = async () => {
    const [{ status, period } = {} as Found] = await all('EpisodeOfCare');
    return [status, (period as { end?: string }).end, await involved()];
  };

  it('that is still to come ends nothing, and is said', async () => {
    const ack = await say('A01', AMARA('M1^^^RXM^MR'), stay('V1^^^RXM^VN', { to: LATER }));
    expect(ack).toMatch(/MSA\|AA.*ERR\|\|PV1\^1\^45\|.*\|W\|.*a time still to come/s);
    expect(await episode()).toEqual(['active', undefined, 1]);
  });

  it('that is pending ends nothing, taken back or not, until the patient goes', async () => {
    await say('A01', AMARA('M1^^^RXM^MR'), stay('V1^^^RXM^VN'));
    for (const event of ['A16', 'A25', 'A16']) {
      await say(event, AMARA('M1^^^RXM^MR'), stay('V1^^^RXM^VN', { to: '20260802080000' }));
      expect(await episode()).toEqual(['active', undefined, 1]);
    }
    await say('A03', AMARA('M1^^^RXM^MR'), stay('V1^^^RXM^VN', { to: '20260803080000' }));
    expect(await episode()).toEqual(['finished', '2026-08-03T08:00:00+01:00', 0]);
    await say('A25', AMARA('M1^^^RXM^MR'), stay('V1^^^RXM^VN'));
    expect(await episode()).toEqual(['finished', '2026-08-03T08:00:00+01:00', 0]);
  });
});

describe('what is over', () => {
  const OVER =
    'M0^^^RXM^MR^^20100101^20200101~M1^^^RXM^MR||Former^Amara^^^^^L^^^^^20100101^20200101~Osei^Amara^^^^^L||19940302|F' +
    '|||1 Old Road^^Leeds^^LS1 1AA^GBR^H^^^^^^20100101^20200101~2 New Road^^Leeds^^LS2 2BB^GBR^H' +
    '||07700900001^PREVIOUS^CP~07700900002^PRN^CP';

  it('is kept as old, behind what is so now; the number that counts names the chart', async () => {
    expect(await say('A28', OVER)).toMatch(/MSA\|AA/);
    const [one] = (await patients()) as unknown as [Record<string, { use: string }[]>];
    const uses = (list: string) => one[list]?.map((entry) => [entry.use, JSON.stringify(entry)]);
    expect(uses('name')).toEqual([
      ['official', expect.stringContaining('Osei')],
      ['old', expect.stringMatching(/Former.*"end":"2020-01-01"/)],
    ]);
    expect(uses('address')).toEqual([
      ['home', expect.stringContaining('2 New Road')],
      ['old', expect.stringContaining('1 Old Road')],
    ]);
    expect(uses('telecom')).toEqual([
      ['mobile', expect.stringContaining('07700900002')],
      ['old', expect.stringContaining('07700900001')],
    ]);
    await say('A31', AMARA('M1^^^RXM^MR'));
    expect((await patients()).map(identifiersOf)).toEqual([['M1']]);
  });

  it('of an NHS number names nobody, and does not find her', async () => {
    const ids = `M1^^^RXM^MR~${ONE}^^^NHS^NH^^20100101^20200101~${TWO}^^^NHS^NH`;
    await say('A28', AMARA(ids));
    const found = async (number: string) => {
      const { body } = await skein.get(
        `/fhir/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number%7C${number}`,
        'maternity',
      );
      return ((body.entry ?? []) as { resource: Found }[]).filter(
        ({ resource }) => resource.resourceType === 'Patient',
      ).length;
    };
    expect([await found(ONE), await found(TWO)]).toEqual([0, 1]);
  });
});

describe('a message that cannot be of a patient here', () => {
  const count = async () =>
    (await database.pool.query("select 1 from resource where type = 'Patient'")).rowCount;

  it('names nobody who could be found again, and makes nobody, however often it comes', async () => {
    for (const _ of [1, 2])
      expect(await say('A28', AMARA(''))).toMatch(/MSA\|AE.*ERR\|\|PID\^1\^3\|101.*PID-3 is empty/s);
    expect(await count()).toBe(0);
  });

  it.each(['T', 'D'])('is no production data (MSH-11 %s)', async (mode) => {
    const ack = await say('A28', AMARA('M1^^^RXM^MR'), { mode });
    expect(ack).toMatch(/MSA\|AE.*ERR\|\|MSH\^1\^11\|202\^Unsupported processing id.*no production data/s);
    expect(await count()).toBe(0);
  });

  it('is known by its NHS number alone, wherever that stands', async () => {
    const pid = (place: number) => {
      const fields = ['PID', '1', ...Array<string>(18).fill('')];
      [fields[5], fields[7], fields[8]] = ['Osei^Amara', '19940302', 'F'];
      fields[place] = place === 19 ? THREE : `${THREE}^^^NHS^NH`;
      return fields.join('|').slice('PID|1||'.length);
    };
    for (const place of [3, 4, 19]) expect(await say('A28', pid(place))).toContain('MSA|AA');
    expect((await patients()).map(identifiersOf)).toEqual([[THREE]]);
  });
});

describe('the time of a message', () => {
  it('that is empty is that of its receipt, and its sender is told', async () => {
    const ack = await say('A28', AMARA('M1^^^RXM^MR'), { at: '' });
    expect(ack).toMatch(/MSA\|AA.*ERR\|\|MSH\^1\^7\|101.*\|W\|.*MSH-7 is empty/s);
  });
});

describe('relatives', () => {
  it('a mother’s number on her baby is told by its field', async () => {
    const more = [`NK1|1|Osei^Amara|MTH${'|'.repeat(30)}${ONE}^^^NHS^NH`];
    const ack = await say('A28', `B1^^^RXM^MR~${ONE}^^^NHS^NH||Osei^Esi||20260801|F`, { more });
    expect(ack).toMatch(/ERR\|\|PID\^1\^3\^2\^1\|.*\|W\|.*also given for a relative/s);
  });

  it('of NK1 stay in what was sent, and are nobody’s resource, but for a parent who is a patient here', async () => {
    const verified = `${AMARA(`M1^^^RXM^MR~${ONE}^^^NHS^NH`)}${'|'.repeat(24)}NSTS01`;
    await say('A01', verified, stay('V1^^^RXM^VN'));
    const kin = (n: number, name: string, code: string, id = '') => {
      const fields = ['NK1', String(n), name, code, ...Array<string>(29).fill(''), id];
      return fields.join('|');
    };
    const more = [
      kin(1, 'Osei^Kofi', 'FTH'),
      kin(2, 'Osei^Amara', 'MTH', 'M1^^^RXM^MR'),
      kin(3, 'Osei^Yaa', 'SIB'),
      ...stay('V2^^^RXM^VN').more,
    ];
    expect(await say('A01', 'B1^^^RXM^MR||Osei^Esi||20260801|F', { more })).toContain('MSA|AA');
    const codes = (await all('RelatedPerson')).map(({ relationship }) => JSON.stringify(relationship));
    expect(codes.sort()).toEqual([expect.stringContaining('"CHILD"'), expect.stringContaining('"MTH"')]);
    const operator = (await skein.get('/fhir/RelatedPerson?_count=100')).body;
    expect(operator.entry).toHaveLength(2);
    expect(JSON.stringify(operator)).not.toMatch(/Kofi|Yaa/);
    const { rows } = await database.pool.query(
      "select content::text from statement where type = 'RelatedPerson'",
    );
    expect(rows.map(({ content }) => content).join()).toMatch(/(?=.*Kofi)(?=.*Yaa)/s);
  });
});

describe('an & that was not escaped', () => {
  it('is part of a text without parts, and else what stands behind it is said not to be read', async () => {
    const pid = 'M1^^^RXM^MR||Osei^Zo&#235;||19910203|F|||1 Lane^Flat 1 & 2^Testhaven~Flat 3 & 4^^Testhaven';
    const ack = await say('A28', pid);
    expect(ack).toMatch(/MSA\|AA.*ERR\|\|PID\^1\^11\^2\^1\|.*\|W\|.*written as/s);
    const [her] = await patients();
    expect(JSON.stringify(her)).toContain('"given":["Zo&#235;"]');
    expect(JSON.stringify(her)).toContain('"line":["1 Lane","Flat 1 & 2"]');
  });
});
