/** Tracing over the whole product: charts come in through the real doors, a local server answers for the national record. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { EVIDENCE, useEvidence } from '../../src/access/decide/evidence.ts';
import { explainPerson } from '../../src/admin/person.ts';
import { describeTracing, traceNow, undoTrace } from '../../src/admin/trace.ts';
import { Config } from '../../src/config.ts';
import { openMappings } from '../../src/map/language/load-mappings.ts';
import { openLog } from '../../src/observe/log.ts';
import { registry } from '../../src/observe/metrics.ts';
import { liftNumber, showNumber } from '../../src/pipeline/numbers.ts';
import { rebuild } from '../../src/pipeline/rebuild.ts';
import { runTraces, type Tracing } from '../../src/pipeline/trace.ts';
import { startTracing } from '../../src/run/tracing.ts';
import { openPds, type Pds } from '../../src/trace/pds.ts';
import { ownProfiles } from '../../src/validate/profiles.ts';
import { care, type Person, person, said, ward } from '../families/scenarios/messages.ts';
import { testContext } from '../support/context.ts';
import { gather, type Household } from '../support/household.ts';
import { testRedis } from '../support/redis.ts';
import { ago, MATERNITY, say } from '../support/telling.ts';
import { chart, episodeOf } from '../support/transactions.ts';
import { type PdsPerson, type PdsServer, pdsPatient, problem, searchset, startPds } from './pds-server.ts';

const DAY = 86_400_000;
const HER = person(701, 'Tamsin', 'Penrose', '1994-03-02');
const BABY = person(702, 'Jago', 'Penrose', 30);
const inPds = (who: Person, more: Partial<PdsPerson> = {}): PdsPerson => ({
  ...{ nhs: who.nhs, given: [who.given], family: who.family, born: who.born, postcode: 'TR1 2AB', ...more },
});

let household: Household;
let server: PdsServer;
let pds: Pds;
let now: number;
beforeEach(async () => {
  household = await gather({
    ...MATERNITY,
    perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
    visiting: ['health-visiting', 'RXV', 'fhir-r4'],
    hub: ['family-hub', 'RXH', 'fhir-r4'],
    charity: ['third-sector', 'RXT', 'fhir-r4'],
    fertility: ['maternity', 'RXF', 'fhir-r4', 'reproductive-health'],
  });
  server = await startPds();
  pds = openPds(server.config, 2_000) as Pds;
  now = Date.now();
});
afterEach(async () => {
  await pds.close();
  await server.stop();
  await household.stop();
});

const context = (config = server.config) => testContext(household.database, { config });
const sleep = async (ms: number) => {
  now += ms;
};
const tracing = (): Tracing => ({
  ...{ pds, perSecond: 1_000, minScore: 1 },
  clock: { now: () => new Date(now), sleep },
});
const run = async (limit?: number) => {
  const done = await runTraces(context(), tracing(), limit);
  await household.settle();
  return done;
};
/** A service's patient with no number, or with one that it did not verify. */
type Given = { nhs?: string; saidOn?: string; family?: string };
const untraced = (
  system: string,
  who: Person,
  { nhs = '', saidOn = ago(20), family = who.family }: Given = {},
) => {
  const start = ago(20);
  const whom = chart(
    system,
    { ...who, nhs, verified: false, family, postcode: 'TR1 2AB' },
    { gender: 'female' },
  );
  return said(system, [whom, episodeOf(whom, system, { id: `E-${system}-${who.local}`, start })], saidOn);
};
const named = async (given: string, system?: string) =>
  (await household.find('Patient', '&active=true', system)).filter((one) =>
    JSON.stringify(one.name).includes(given),
  );
type Numbered = { identifier: { system: string; value: string }[] };
const outcomes = async () =>
  (await household.database.pool.query<{ outcome: string }>('select outcome from trace order by 1')).rows.map(
    ({ outcome }) => outcome,
  );

describe('one confident answer', () => {
  test('makes the number verified, joins by the usual rules, and says so: when, by what', async () => {
    await say(household, care('visiting', HER));
    await say(household, untraced('perinatal', HER));
    server.answers({ body: searchset([inPds(HER)]) });
    expect(await named('Tamsin')).toHaveLength(2);
    expect(await run()).toEqual({ asked: 1, outcomes: { matched: 1 }, stopped: null });
    const [one, ...others] = await named('Tamsin');
    expect(others).toEqual([]);
    expect(household.told('perinatal')).toContain('person-merged');
    const { text } = await explainPerson({ db: household.database.pool }, one?.id ?? '');
    expect(text).toContain('traced number, birth date and given name agree');
    expect(text).toContain('NHS number: traced');
    expect(await showNumber(context(), HER.nhs)).toMatchObject({
      ...{ state: 'undisputed', traced: [expect.any(String)] },
    });
    const provenances = JSON.stringify(await household.find('Provenance'));
    expect(provenances).toContain('mapping/trace@1');
    // Asked once: it is known.
    expect(await run()).toEqual({ asked: 0, outcomes: {}, stopped: null });
  });

  test('is a fact: a rebuild changes nothing, and an undone trace leaves what was before', async () => {
    await say(household, care('visiting', HER));
    await say(household, untraced('perinatal', HER));
    server.answers({ body: searchset([inPds(HER)]) });
    await run();
    const whole = { ...context(), mappings: await openMappings(), profiles: ownProfiles() };
    expect(await rebuild(whole)).toMatchObject({ statements: 0, changed: 0 });
    const { rows } = await household.database.pool.query<{ chart: string }>('select chart from trace');
    const traced = rows[0]?.chart ?? '';
    await undoTrace(context(), traced, { by: 'A. Reviewer', reason: 'another woman' });
    await household.settle();
    expect(await named('Tamsin')).toHaveLength(2);
    expect(household.told('perinatal')).toContain('person-unmerged');
    expect(await rebuild(whole)).toMatchObject({ statements: 0, changed: 0 });
    await say(household, untraced('perinatal', HER, { family: 'Penrose-Bell', saidOn: ago(1) }));
    now += 400 * DAY;
    expect(await run()).toMatchObject({ asked: 0 });
    await expect(undoTrace(context(), traced, { by: 'A. Reviewer', reason: 'again' })).rejects.toThrow(
      /no number was traced/,
    );
  });

  test('keeps neither address nor telephone of the national record', async () => {
    await say(household, untraced('perinatal', HER));
    server.answers({ body: searchset([inPds(HER)]) });
    await run();
    const { rows } = await household.database.pool.query(
      "select convert_from(body, 'UTF8') as body from message where source = 'trace'",
    );
    expect(JSON.parse((rows[0] as { body: string }).body)).toEqual({
      chart: expect.any(String),
      number: HER.nhs,
    });
    const dump = await household.database.pool.query(
      'select statements::text from record union all select content::text from resource',
    );
    expect(JSON.stringify(dump.rows)).not.toMatch(/Trevelyan|01632960587/);
  });

  test('for a number that its sender did not verify reads that number', async () => {
    await say(household, untraced('perinatal', HER, { nhs: HER.nhs }));
    server.answers({ body: pdsPatient(inPds(HER)) });
    expect(await run()).toMatchObject({ outcomes: { matched: 1 } });
    expect(server.asked.map(({ path }) => path)).toEqual([`Patient/${HER.nhs}`]);
  });
});

test('a traced number that another service claims for somebody else is in dispute, which undoing the trace ends', async () => {
  await say(household, care('visiting', { ...HER, given: 'Ruth' }));
  await say(household, untraced('perinatal', HER));
  server.answers({ body: searchset([inPds(HER)]) });
  await run();
  const shown = await showNumber(context(), HER.nhs);
  expect(shown).toMatchObject({ state: 'disputed', doubts: [{ kind: 'disputed-number' }] });
  const lift = liftNumber(context(), HER.nhs, { by: 'A. Reviewer', not: ['visiting'] });
  await expect(lift).rejects.toThrow(/skein trace undo/);
  await undoTrace(context(), shown.traced[0] ?? '', { by: 'A. Reviewer', reason: 'Ruth has it' });
  expect(await showNumber(context(), HER.nhs)).toMatchObject({ state: 'undisputed', traced: [] });
});

describe('any other answer joins nobody, is counted, and is not asked for again before its time', () => {
  const other = person(703, 'Tamsin', 'Penrose', '1994-03-02');
  test.each([
    ['none', () => ({ body: searchset([]) })],
    ['several', () => ({ body: problem('TOO_MANY_MATCHES') })],
    ['several', () => ({ body: searchset([inPds(HER), inPds(other)]) })],
    ['weak', () => ({ body: searchset([inPds(HER)], 0.75) })],
    ['differs', () => ({ body: searchset([inPds(HER, { born: '1994-02-03' })]) })],
    ['restricted', () => ({ body: searchset([inPds(HER, { security: 'R' })]) })],
    ['refused', () => ({ status: 400, body: problem('INVALID_SEARCH_DATA') })],
  ])('%s', async (outcome, answer) => {
    await say(household, care('visiting', HER));
    await say(household, untraced('perinatal', HER));
    server.answers(answer);
    expect(await run()).toEqual({ asked: 1, outcomes: { [outcome]: 1 }, stopped: null });
    expect(await named('Tamsin')).toHaveLength(2);
    const kept = await household.database.pool.query("select from message where source = 'trace'");
    expect(kept.rowCount).toBe(0);
    // What its sender says of her care, or says again, is no news of who she is.
    await say(household, untraced('perinatal', HER, { saidOn: ago(2) }));
    now += 6 * DAY;
    expect(await run()).toMatchObject({ asked: 0 });
    now += DAY;
    expect(await run()).toMatchObject({ asked: 1 });
    now += 8 * DAY;
    expect(await run()).toMatchObject({ asked: 0 });
  });

  test('an invalidated number leads to nobody', async () => {
    await say(household, untraced('perinatal', HER, { nhs: HER.nhs }));
    server.answers({ status: 404, body: problem('INVALIDATED_RESOURCE') });
    expect(await run()).toMatchObject({ outcomes: { invalidated: 1 } });
  });

  test('a chart that says something else of itself is asked about at once', async () => {
    await say(household, untraced('perinatal', HER));
    await run();
    await say(household, untraced('perinatal', HER, { family: 'Bell', saidOn: ago(1) }));
    server.answers({ body: searchset([inPds(HER, { family: 'Bell' })]) });
    expect(await run()).toMatchObject({ asked: 1, outcomes: { matched: 1 } });
  });
});

describe('what the national record says besides', () => {
  test('a superseded number makes way for the one in its place, for everybody', async () => {
    const old = person(704, 'Tamsin', 'Penrose', '1994-03-02');
    await say(household, care('visiting', { ...HER, nhs: old.nhs }));
    await say(household, untraced('perinatal', HER, { nhs: old.nhs }));
    server.answers({ body: pdsPatient(inPds(HER)) });
    expect(await run()).toMatchObject({ outcomes: { matched: 1 } });
    const found = await named('Tamsin');
    expect(found).toHaveLength(1);
    const numbers = (found as unknown as Numbered[])
      .flatMap(({ identifier }) => identifier)
      .map(({ system, value }) => [system.split('/').at(-1), value]);
    expect(numbers).toEqual(
      expect.arrayContaining([
        ['nhs-number', HER.nhs],
        ['superseded-nhs-number', old.nhs],
      ]),
    );
  });

  test('a death stops contacts as a national signal does', async () => {
    await say(household, ward(BABY, { mother: HER.nhs }));
    await say(household, untraced('visiting', BABY));
    server.answers({ body: searchset([inPds(BABY, { died: { day: ago(2), status: '2' } })]) });
    expect(await run()).toMatchObject({ outcomes: { matched: 1 } });
    expect(household.told('visiting')).toEqual(expect.arrayContaining(['contact-stop', 'loss']));
    expect((await named('Jago'))[0]).not.toHaveProperty('deceasedDateTime');
  });
});

describe('a traced number is shown', () => {
  const numbersSeenBy = async (system: string) =>
    JSON.stringify(await named('Tamsin', system)).match(/\b999\d{7}\b/g) ?? [];

  test('to a service that may know the number of its own patient, as a word of the national record', async () => {
    await say(household, untraced('perinatal', HER));
    server.answers({ body: searchset([inPds(HER)]) });
    await run();
    expect(await numbersSeenBy('perinatal')).toEqual([HER.nhs]);
    expect(await household.find('Patient', `&identifier=${HER.nhs}`, 'perinatal')).toHaveLength(1);
  });

  test('to no service that may know no number, though it was traced for its own chart', async () => {
    await say(household, care('visiting', HER));
    await say(household, untraced('hub', HER));
    server.answers({ body: searchset([inPds(HER)]) });
    expect(await run()).toMatchObject({ outcomes: { matched: 1 } });
    expect(await named('Tamsin')).toHaveLength(1);
    expect(await named('Tamsin', 'hub')).toHaveLength(1);
    expect(await numbersSeenBy('hub')).toEqual([]);
    expect(await household.find('Patient', `&identifier=${HER.nhs}`, 'hub')).toEqual([]);
    expect(await household.allThatReaches('hub')).not.toContain(HER.nhs);
  });
});

describe('who is asked about', () => {
  test('nobody where the policy in force has no word for it: nothing would follow', async () => {
    await say(household, untraced('perinatal', HER));
    const before = EVIDENCE;
    useEvidence({
      ...before,
      weights: new Map([...before.weights].filter(([sector]) => sector !== 'tracing')),
    });
    expect(await run().finally(() => useEvidence(before))).toEqual({
      asked: 0,
      outcomes: {},
      stopped: 'policy',
    });
    expect(server.asked).toEqual([]);
  });

  test('nobody whose number would count for nothing, whose care is sealed, or who gave a verified one', async () => {
    await say(household, care('visiting', HER));
    await say(household, untraced('charity', HER));
    await say(household, untraced('fertility', HER));
    expect(await run()).toMatchObject({ asked: 0 });
    expect(server.asked).toEqual([]);
    expect(await outcomes()).toEqual(['left-out', 'left-out']);
  });

  test('at most as many as were asked for, those who wait longest first', async () => {
    for (const n of [710, 711, 712])
      await say(household, untraced('perinatal', person(n, 'Tamsin', 'Penrose', '1994-03-02')));
    expect(await run(2)).toMatchObject({ asked: 2 });
    expect(await run()).toMatchObject({ asked: 1 });
  });
});

describe('while a question is under way', () => {
  test('a chart that changes meanwhile gets no answer to what it was', async () => {
    await say(household, care('visiting', HER));
    await say(household, untraced('perinatal', HER));
    let changed = false;
    server.answers(() => ({
      body: searchset([inPds(HER)]),
      before: async () => {
        if (!changed)
          await say(household, untraced('perinatal', { ...HER, given: 'Ruth' }, { saidOn: ago(1) }));
        changed = true;
      },
    }));
    expect(await run(1)).toMatchObject({ outcomes: { changed: 1 } });
    expect(await named('Tamsin')).toHaveLength(1);
    expect(await named('Ruth')).toHaveLength(1);
    // It is asked about as it is now, and Tamsin is not Ruth.
    expect(await run()).toMatchObject({ outcomes: { differs: 1 } });
  });

  test('nobody who sends waits for it, and no message asks', async () => {
    await say(household, untraced('perinatal', HER));
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let asked: () => void = () => undefined;
    const under = new Promise<void>((resolve) => {
      asked = resolve;
    });
    server.answers({
      body: searchset([inPds(HER)]),
      before: () => {
        asked();
        return held;
      },
    });
    const running = runTraces(context(), tracing(), 1);
    await under;
    await say(household, untraced('visiting', HER));
    expect(server.asked).toHaveLength(1);
    release();
    expect(await running).toMatchObject({ outcomes: { matched: 1 } });
  });

  test('another process finds it busy, and takes over from one that died', async () => {
    await say(household, untraced('perinatal', HER));
    let other: unknown;
    server.answers({
      body: searchset([]),
      before: async () => {
        other = await runTraces(context(), tracing());
      },
    });
    await run();
    expect(other).toEqual({ asked: 0, outcomes: {}, stopped: 'busy' });
    await household.database.pool.query(
      'update tracing set lease = gen_random_uuid(), lease_until = to_timestamp($1)',
      [now / 1_000 + 60],
    );
    await say(household, untraced('visiting', HER));
    server.answers({ body: searchset([]) });
    expect(await run()).toMatchObject({ stopped: 'busy' });
    now += 61_000;
    expect(await run()).toMatchObject({ asked: 1 });
  });
});

test('a fault of ours over one chart costs the others nothing, and it is tried again later', async () => {
  for (const n of [740, 741, 742])
    await say(household, untraced('perinatal', person(n, 'Tamsin', 'Penrose', '1994-03-02')));
  let turn = 0;
  const ask: Pds['ask'] = async (who, id) => {
    if (++turn === 2) throw new TypeError('a bug');
    return pds.ask(who, id);
  };
  const broken = { ...tracing(), pds: { ask, close: () => pds.close() } };
  expect(await runTraces(context(), broken)).toEqual({
    ...{ asked: 3, outcomes: { failed: 1, none: 2 }, stopped: null },
  });
  now += 61_000;
  expect(await run()).toMatchObject({ asked: 1, outcomes: { none: 1 } });
});

describe('a service that does not answer', () => {
  test('is left alone after five failures, then asked once, and as usual when it answers', async () => {
    for (let n = 720; n < 730; n++)
      await say(household, untraced('perinatal', person(n, 'Tamsin', 'Penrose', '1994-03-02')));
    server.answers({ status: 503, body: 'no' });
    expect(await run()).toEqual({ asked: 5, outcomes: { failed: 5 }, stopped: 'open' });
    expect(await run()).toEqual({ asked: 0, outcomes: {}, stopped: 'open' });
    now += 60_000;
    expect(await run()).toEqual({ asked: 1, outcomes: { failed: 1 }, stopped: 'open' });
    now += 120_000;
    server.answers({ body: searchset([]) });
    expect(await run()).toEqual({ asked: 10, outcomes: { none: 10 }, stopped: null });
  });

  test('that asks for time gets it, and the chart is asked about again', async () => {
    await say(household, untraced('perinatal', HER));
    server.answers({ status: 429, body: problem('TOO_MANY_REQUESTS'), headers: { 'retry-after': '90' } });
    expect(await run()).toMatchObject({ outcomes: { failed: 1 } });
    now += 89_000;
    expect(await run()).toEqual({ asked: 0, outcomes: {}, stopped: 'open' });
    now += 2_000;
    server.answers({ body: searchset([inPds(HER)]) });
    expect(await run()).toMatchObject({ outcomes: { matched: 1 } });
  });
});

describe('by itself', () => {
  const works = async (settings: Record<string, string>) => {
    await say(household, untraced('perinatal', HER));
    server.answers({ body: searchset([inPds(HER)]) });
    const config = Config.parse({ ...server.settings, DATABASE_URL: household.database.url, ...settings });
    const stop = await startTracing(context(config), 20);
    await vi.waitFor(async () => expect(await outcomes()).toEqual(['matched']), { timeout: 10_000 });
    await stop();
  };

  test('a worker is woken through the queue for what is due', () => works({}));
  test.skipIf(!testRedis())('so it is through Redis', () => works({ REDIS_URL: testRedis() ?? '' }));

  test('nothing is asked where it is not configured', async () => {
    await say(household, untraced('perinatal', HER));
    const stop = await startTracing(context(Config.parse({})), 20);
    await stop();
    expect(server.asked).toEqual([]);
    expect(await outcomes()).toEqual([]);
  });
});

describe('the operator', () => {
  test('sees what became of it, what waits, and whether the service is left alone', async () => {
    await say(household, untraced('perinatal', HER));
    const off = { PDS_URL: undefined };
    expect(await describeTracing(context({ ...server.config, ...off }))).toMatchObject({
      data: { on: false, breaker: { state: 'closed' }, outcomes: {}, waiting: 1, oldest: expect.any(Date) },
    });
    expect(await traceNow(context(), 10, true)).toMatchObject({ data: { due: 1 } });
    expect(server.asked).toEqual([]);
    server.answers({ body: searchset([inPds(HER)]) });
    expect(await traceNow(context(), 10, false)).toMatchObject({
      text: 'asked about 1\nmatched: 1\n',
      code: 0,
    });
    expect(await describeTracing(context())).toMatchObject({
      data: { on: true, outcomes: { matched: 1 }, waiting: 0 },
    });
    await expect(traceNow(context({ ...server.config, ...off }), 10, false)).rejects.toThrow(
      /tracing is off/,
    );
    expect(await registry.metrics()).toContain('skein_traces_total{outcome="matched"}');
  });

  test('finds nothing of anybody in the log', async () => {
    await say(household, untraced('perinatal', HER, { nhs: HER.nhs }));
    const lines: string[] = [];
    const log = openLog('debug', { write: (line) => void lines.push(line) });
    server.answers({ status: 500, body: JSON.stringify(pdsPatient(inPds(HER))) });
    await runTraces({ ...context(), log }, tracing());
    now += 120_000;
    server.answers({ body: pdsPatient(inPds(HER)) });
    await runTraces({ ...context(), log }, tracing());
    expect(lines.map((line) => JSON.parse(line).outcome)).toEqual(['failed', 'matched']);
    expect(lines.join()).not.toMatch(/Tamsin|Penrose|1994|TR1|dropped/);
    expect(lines.join()).not.toContain(HER.nhs);
  });
});
