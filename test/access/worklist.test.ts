/** The worklist over the API: who is told of an item, how much of it, and what becomes of what somebody decides. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Node } from '../../src/formats/tree.ts';
import { freezeNumber } from '../../src/pipeline/numbers.ts';
import { ownProfiles } from '../../src/validate/profiles.ts';
import { validateResource } from '../../src/validate/validate-resource.ts';
import { PLACEMENT_SAID } from '../../src/web/examples.ts';
import { testContext } from '../support/context.ts';
import { gather, type Household } from '../support/household.ts';
import { adt } from '../support/messages.ts';
import { nhsNumber, type Someone } from '../support/records.ts';
import type { Reply } from '../support/skein.ts';
import { chart, episodeOf, relationOf, transactionOf } from '../support/transactions.ts';

const ago = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
const at = (days: number) => `${ago(days)}T10:00:00Z`;
const inDays = (days: number) => ago(-days);
const FHIR = { 'content-type': 'application/fhir+json' };
const NOBODY = '00000000-0000-4000-8000-000000000000';

const TAMSIN = {
  nhs: nhsNumber(101),
  given: 'Tamsin',
  family: 'Penrose',
  born: '1994-03-02',
  postcode: 'LS1 1AA',
  local: 'M1',
};
/** The same woman, as a service writes her down that does not know her number. */
const UNNUMBERED = {
  given: 'Tamsin',
  family: 'Penrose',
  born: '1994-03-02',
  postcode: 'LS1 1AA',
  local: 'P-77',
};
/** Of the same number, birth date and place under another name, at a service that has her twice. */
const RENAMED = { ...TAMSIN, given: 'Wilhelmina', local: 'P-78' };

const OTHER = { nhs: nhsNumber(140), given: 'Zoe', family: 'Hale', born: '1971-07-07', local: 'Z1' };

let household: Household;
beforeEach(async () => {
  household = await gather({
    maternity: ['maternity', 'RXM', 'hl7v2-adt'],
    gp: ['gp', 'RXG', 'fhir-r4'],
    perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
    ward: ['neonatal', 'RXN', 'hl7v2-adt'],
    charity: ['third-sector', 'RXT', 'fhir-r4'],
    hub: ['family-hub', 'RXH', 'fhir-r4'],
    stray: [null as unknown as string, 'RXS', 'fhir-r4'],
  });
});
afterEach(() => household.stop());

async function admit(system: string, who: Someone, more: Parameters<typeof adt>[1] = {}) {
  const message = adt(who, { visit: `V-${who.local}`, id: `${system}-${who.local}`, ...more });
  const { body } = await household.skein.intake(system, 'application/hl7-v2', message);
  expect(body.text).toContain('MSA|AA');
  await household.settle();
}

/** Somebody in the care of a service, said on one day. */
async function treat(system: string, who: Someone, day = 5) {
  const whom = chart(system, who);
  const care = episodeOf(whom, system, { id: `E-${who.local}`, start: ago(30) });
  const { status, body } = await household.skein.transaction(transactionOf([whom, care], at(day)), system);
  expect(status, JSON.stringify(body)).toBe(200);
  await household.settle();
}

type Task = {
  id: string;
  status: string;
  priority: string;
  code: { coding: { code: string }[] };
  for: { reference: string };
  focus: { reference: string };
  input?: {
    type: { coding: { code: string }[] };
    valueCode?: string;
    valueInteger?: number;
    valueString?: string;
  }[];
  output?: { type: { coding: { code: string }[] }; valueUnsignedInt?: number; valueString?: string }[];
};
type Entry = { resource: Task & { resourceType: string }; search: { mode: string } };

async function list(system?: string, query = '') {
  const { status, body } = await household.skein.get(`/fhir/Task/$worklist${query}`, system);
  expect(status).toBe(200);
  const tasks = ((body.entry ?? []) as Entry[]).filter(({ search }) => search.mode === 'match');
  return { total: body.total, tasks: tasks.map(({ resource }) => resource), text: JSON.stringify(body) };
}
const read = (id: string, system?: string) => household.skein.get(`/fhir/Task/${id}`, system);
const BY = [{ name: 'by', valueString: 'A. Reviewer' }];
function settle(id: string, operation: string, system?: string, parameter: object[] = BY): Promise<Reply> {
  const body = JSON.stringify({ resourceType: 'Parameters', parameter });
  const headers = { ...FHIR, ...(system ? { 'x-skein-system': system } : {}) };
  return household.skein.send('POST', `/fhir/Task/${id}/$${operation}`, headers, body);
}
const evidence = (task: Task) =>
  Object.fromEntries(
    (task.input ?? []).map(({ type, valueCode, valueInteger, valueString }) => [
      type.coding[0]?.code,
      valueCode ?? valueInteger ?? valueString,
    ]),
  );

/** Every view there is, of everybody, as it reads; who is one with whom included. */
async function views(): Promise<unknown[]> {
  const sql = `select type, id, content, persons, authors, service, state from resource where state is distinct from 'gone'
    order by type, id`;
  return (await household.database.pool.query(sql)).rows;
}
const personsNow = async () =>
  Number(
    (await household.database.pool.query('select count(distinct person) as n from statement')).rows[0].n,
  );

/** What could only be known of the other side. */
const OTHERS = [...Object.values(UNNUMBERED), 'perinatal', 'RXP'];

/** Two charts of statutory services that the rules leave to people; its item. */
async function twoCharts(): Promise<Task> {
  await admit('maternity', TAMSIN);
  await treat('perinatal', UNNUMBERED);
  const { tasks } = await list();
  expect(tasks).toHaveLength(1);
  return tasks[0] as Task;
}

describe('who is told of an item', () => {
  test('whoever runs Skein sees both sides, what speaks for it, what would follow, and figures of all', async () => {
    const { id } = await twoCharts();
    const { text } = await list();
    const { status, body, headers } = await read(id);
    expect(status).toBe(200);
    expect(headers.get('etag')).toMatch(/^W/);
    const task = body as unknown as Task;
    expect(task).toMatchObject({
      ...{ resourceType: 'Task', id, status: 'requested', priority: 'routine', authoredOn: ago(5) },
      code: { coding: [{ code: 'possible-duplicate' }] },
    });
    expect(task.for.reference).not.toBe(task.focus.reference);
    for (const { reference } of [task.for, task.focus])
      expect((await household.skein.get(`/fhir/${reference}`)).status).toBe(200);
    expect(evidence(task)).toMatchObject({
      ...{ given: 'same', family: 'same', birthDate: 'same', address: 'postcode' },
      ...{ bits: expect.any(Number), reason: 'demographics' },
    });
    const effect = (task.output ?? []).map(({ type, valueUnsignedInt }) => [
      type.coding[0]?.code,
      valueUnsignedInt,
    ]);
    expect(Object.fromEntries(effect)).toMatchObject({ 'persons-before': 2, 'persons-after': 1 });
    for (const code of ['items', 'births', 'raised-a-day', 'oldest-since'])
      expect(text).toContain(`"${code}"`);
  });

  test('a statutory service sees its own verified patient and how far they agree, and nothing of the other', async () => {
    const { id, for: one, focus } = await twoCharts();
    const own = await list('maternity');
    expect(own).toMatchObject({ total: 1, tasks: [{ id, owner: {}, input: expect.any(Array) }] });
    const task = own.tasks[0] as Task;
    expect(task.for.reference).toBe(task.focus.reference);
    expect((await household.skein.get(`/fhir/${task.for.reference}`, 'maternity')).status).toBe(200);
    expect(evidence(task)).toMatchObject({ given: 'same', birthDate: 'same', address: 'postcode' });
    const whole = `${own.text} ${JSON.stringify((await read(id, 'maternity')).body)}`;
    const other = [one, focus].map(({ reference }) => reference).find((it) => it !== task.for.reference);
    const serviceOfOther = household.serviceOf('perinatal');
    for (const value of [
      ...OTHERS,
      other?.slice('Patient/'.length) ?? '',
      serviceOfOther,
      '"reason"',
      '"code":"system"',
    ])
      expect(whole, value).not.toContain(value);
    // Nor what would follow: that tells who else was told.
    expect(whole).not.toContain('"output"');
  });

  test('anybody else has no such item: not in the list, nor by its id, nor to decide', async () => {
    const { id } = await twoCharts();
    for (const system of ['perinatal', 'gp', 'charity', 'hub', 'stray']) {
      // Who asks has somebody else in its care.
      await treat(system, OTHER);
      expect(await list(system), system).toMatchObject({ total: 0, tasks: [] });
      const [real, absent] = [await read(id, system), await read(NOBODY, system)];
      expect([real.status, real.body], system).toEqual([404, absent.body]);
      for (const operation of ['accept', 'reject', 'undo']) {
        const refused = await settle(id, operation, system);
        expect([refused.status, refused.body], system).toEqual([404, absent.body]);
      }
      const parameter = [...BY, { name: 'until', valueDate: inDays(5) }];
      expect((await settle(id, 'defer', system, parameter)).status).toBe(404);
      expect((await read(id)).status).toBe(200);
    }
  });

  test('what the other side sends, and that it is asked at all, changes nothing that a service reads', async () => {
    await twoCharts();
    const before = await list('maternity');
    await treat('perinatal', UNNUMBERED, 1);
    expect((await list('maternity')).text).toBe(before.text);
  });

  test('that a charity, a hub or a stranger may have its patient is asked of whoever runs Skein alone', async () => {
    await admit('maternity', TAMSIN);
    for (const system of ['charity', 'hub', 'stray'])
      await treat(system, { ...TAMSIN, local: `X-${system}` });
    expect((await list()).total).toBeGreaterThan(0);
    expect(await list('maternity')).toMatchObject({ total: 0, tasks: [] });
  });

  test('what is read is a Task by its profile', async () => {
    const { id } = await twoCharts();
    const { body } = await read(id);
    const profile = 'https://skein.example/fhir/StructureDefinition/skein-worklist-item';
    const { faults } = validateResource(body as Node, ownProfiles(), [profile]);
    expect(faults.filter(({ severity }) => severity === undefined)).toEqual([]);
  });

  test.each(['R', 'V'])('nobody is asked of a chart that is labelled %s by its sender', async (code) => {
    await admit('maternity', TAMSIN);
    const security = [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code }];
    const whom = chart('perinatal', UNNUMBERED, { meta: { security } });
    const { status } = await household.skein.transaction(transactionOf([whom], at(5)), 'perinatal');
    expect(status).toBe(200);
    for (const system of [undefined, 'maternity']) expect((await list(system)).total).toBe(0);
  });

  test('nobody is asked of an identity that was changed', async () => {
    await twoCharts();
    const by = { by: 'A. Operator', cause: 'identity-change' };
    await freezeNumber(testContext(household.database), TAMSIN.nhs, by);
    for (const system of [undefined, 'maternity']) expect((await list(system)).total).toBe(0);
  });

  test('no service is told of a child who was placed; whoever runs Skein is asked', async () => {
    const child = { given: 'Kit', family: 'Trewin', born: ago(40), postcode: 'LS6 6FF' };
    await admit('ward', { ...child, nhs: nhsNumber(108), local: 'K1' });
    await treat('perinatal', { ...child, local: 'K2' });
    const { tasks } = await list('ward');
    expect(tasks).toHaveLength(1);
    const body = JSON.stringify(PLACEMENT_SAID);
    const path = `/fhir/${tasks[0]?.for.reference}/$set-placement`;
    const { status } = await household.skein.send('POST', path, { ...FHIR, 'x-skein-system': 'ward' }, body);
    expect(status).toBe(200);
    expect((await list('ward')).total).toBe(0);
    expect((await read(tasks[0]?.id ?? '', 'ward')).status).toBe(404);
    expect((await list()).total).toBe(1);
  });

  test('nobody is told of who is held, on either side', async () => {
    const { id } = await twoCharts();
    const before = await list('maternity');
    const own = before.tasks[0]?.for.reference ?? '';
    const { status } = await household.skein.send('POST', `/fhir/${own}/$place-hold`, {
      'x-skein-system': 'maternity',
    });
    expect(status).toBe(200);
    for (const system of [undefined, 'maternity']) {
      expect(await list(system)).toMatchObject({ total: 0 });
      expect((await read(id, system)).status).toBe(404);
    }
  });
});

describe('what somebody decides', () => {
  test('has one row in the audit, whatever it is, and so has what is refused', async () => {
    const { id } = await twoCharts();
    const rows = async () =>
      (await household.database.pool.query('select kind, interaction, name, type from audit order by id'))
        .rows;
    const parameter = [...BY, { name: 'until', valueDate: inDays(3) }];
    const before = (await rows()).length;
    await settle(id, 'accept');
    await settle(id, 'undo');
    await settle(id, 'defer', undefined, parameter);
    await settle(id, 'undo');
    await settle(id, 'reject');
    await settle(NOBODY, 'accept');
    await settle(id, 'accept', 'charity');
    const decision = (interaction: string) => ({
      kind: 'decision',
      interaction,
      name: 'A. Reviewer',
      type: 'Patient',
    });
    const refusal = (name: string) => ({ kind: 'refusal', interaction: '$accept', name, type: 'Task' });
    expect((await rows()).slice(before)).toEqual([
      ...['link', 'link-undone', 'defer', 'defer-undone', 'unlink'].map(decision),
      ...['loopback', 'charity'].map(refusal),
    ]);
  });

  test('accepted, they are one person and the item is gone; undone, every view is as it was and it is back', async () => {
    const { id } = await twoCharts();
    const before = await views();
    const [one, listed] = [await personsNow(), (await list()).tasks];
    expect((await settle(id, 'accept')).status).toBe(200);
    expect(await personsNow()).toBe(one - 1);
    expect((await list()).total).toBe(0);
    expect((await read(id)).status).toBe(404);
    expect((await settle(id, 'accept')).status).toBe(404);
    expect((await settle(id, 'undo')).status).toBe(200);
    expect(await views()).toEqual(before);
    expect((await list()).tasks).toEqual(listed);
    expect((await settle(id, 'undo')).status).toBe(422);
  });

  test('rejected, they are two for good, whatever is sent later; undone, it is asked again', async () => {
    const { id } = await twoCharts();
    const before = await views();
    expect(
      (await settle(id, 'reject', undefined, [...BY, { name: 'reason', valueString: 'seen' }])).status,
    ).toBe(200);
    expect((await list()).total).toBe(0);
    await treat('perinatal', UNNUMBERED, 2);
    await admit('maternity', TAMSIN, { id: 'maternity-again', visit: 'V-2' });
    expect((await list()).total).toBe(0);
    expect(await list('maternity')).toMatchObject({ total: 0 });
    expect((await settle(id, 'undo')).status).toBe(200);
    expect((await list()).tasks.map((task) => task.id)).toEqual([id]);
    expect(before.length).toBeGreaterThan(0);
  });

  test('an undone decision is that one alone: what was decided of a third stands', async () => {
    const { id } = await twoCharts();
    await treat('gp', { ...UNNUMBERED, local: 'G-1' });
    const all = (await list()).tasks;
    expect(all).toHaveLength(3);
    expect((await settle(id, 'accept')).status).toBe(200);
    const left = (await list()).tasks;
    // The pair is of the one person that they are now.
    expect(left).toHaveLength(1);
    expect((await settle(left[0]?.id ?? '', 'accept')).status).toBe(200);
    expect(await personsNow()).toBe(1);
    expect((await settle(id, 'undo')).status).toBe(200);
    expect(await personsNow()).toBe(2);
    expect((await list()).tasks.length).toBeGreaterThan(0);
  });

  test('put off, it is off the list until that day, counted all the same, and can be put back', async () => {
    const { id } = await twoCharts();
    const parameter = [...BY, { name: 'until', valueDate: inDays(10) }];
    expect((await settle(id, 'defer', undefined, parameter)).status).toBe(200);
    for (const system of [undefined, 'maternity']) expect((await list(system)).total).toBe(0);
    expect(await list(undefined, '?status=on-hold')).toMatchObject({
      tasks: [{ id, status: 'on-hold', restriction: { period: { start: inDays(10) } } }],
    });
    const { text } = await list();
    expect(text).toContain('"code":"deferred"}]},"diagnostics":"1"');
    expect((await settle(id, 'undo')).status).toBe(200);
    expect((await list()).total).toBe(1);
    await settle(id, 'defer', undefined, parameter);
    await household.database.pool.query('update deferral set until = current_date where until is not null');
    expect((await list()).total).toBe(1);
  });

  test('it is moot once a later message joins them', async () => {
    const { id } = await twoCharts();
    await treat('perinatal', { ...TAMSIN, local: UNNUMBERED.local }, 1);
    expect(await personsNow()).toBe(1);
    expect((await list()).total).toBe(0);
    expect((await read(id)).status).toBe(404);
  });

  test('no service decides: neither of one side nor of both, nor what was decided', async () => {
    await admit('maternity', TAMSIN);
    await treat('perinatal', { ...TAMSIN, local: 'P-1' });
    await treat('perinatal', RENAMED);
    const both = (await list('perinatal')).tasks.find(
      (task) => task.for.reference !== task.focus.reference,
    ) as Task;
    const one = (await list('maternity')).tasks[0]?.id ?? '';
    const parameter = [...BY, { name: 'until', valueDate: inDays(2) }];
    for (const [id, system] of [
      [one, 'maternity'],
      [both.id, 'perinatal'],
    ] as const) {
      for (const operation of ['accept', 'reject', 'undo'])
        expect((await settle(id, operation, system)).status, operation).toBe(403);
      expect((await settle(id, 'defer', system, parameter)).status).toBe(403);
      // Nor what would follow: that counts records and recipients that it may not know.
      expect(JSON.stringify((await read(id, system)).body)).not.toContain('"output"');
    }
    expect((await settle(both.id, 'accept')).status).toBe(200);
    const after = await views();
    for (const system of ['maternity', 'perinatal'])
      expect((await settle(both.id, 'undo', system)).status).toBe(404);
    expect(await views()).toEqual(after);
  });

  /** One family for all of them. */
  const WRONG: [what: string, body: string | undefined, status: number][] = [
    ['no body', undefined, 400],
    ['no JSON', '{', 400],
    ['a list', '[]', 400],
    ['another resource', '{"resourceType":"Patient"}', 400],
    ['parameters of no kind', '{"resourceType":"Parameters","parameter":{"name":"by"}}', 400],
    ['a name twice', JSON.stringify({ resourceType: 'Parameters', parameter: [...BY, ...BY] }), 400],
    ['depth', `{"resourceType":"Parameters","parameter":${'['.repeat(5_000)}${']'.repeat(5_000)}}`, 400],
    ['NUL', '{"resourceType":"Parameters","parameter":[{"name":"by","valueString":"a\\u0000"}]}', 400],
    ['nobody who decides', '{"resourceType":"Parameters"}', 422],
    ['a blank', '{"resourceType":"Parameters","parameter":[{"name":"by","valueString":"  "}]}', 422],
    [
      'too much',
      JSON.stringify({
        resourceType: 'Parameters',
        parameter: [{ name: 'by', valueString: 'x'.repeat(201) }],
      }),
      422,
    ],
  ];
  test('what is no word of anybody is refused, and decides nothing', async () => {
    const { id } = await twoCharts();
    for (const [what, body, expected] of WRONG)
      for (const operation of ['accept', 'reject', 'defer', 'undo']) {
        const reply = await household.skein.send('POST', `/fhir/Task/${id}/$${operation}`, FHIR, body);
        const said = [reply.status, reply.body.resourceType];
        expect(said, `${operation} ${what}`).toEqual([expected, 'OperationOutcome']);
      }
    expect((await list()).total).toBe(1);
  });

  test('nothing is put off until what is no day to come, or none within a year', async () => {
    const { id } = await twoCharts();
    const until = (day: string) => [...BY, { name: 'until', valueDate: day }];
    for (const day of ['yesterday', '2026-02-30', ago(1), ago(3), '2999-01-01'])
      expect((await settle(id, 'defer', undefined, until(day))).status, day).toBe(422);
    expect((await settle(id, 'accept', undefined, until(inDays(3)))).status).toBe(422);
  });
});

describe('whose baby', () => {
  const BABY = { nhs: nhsNumber(102), given: 'Kit', family: 'Trewin', born: ago(20), local: 'B1' };
  const JUNO = { nhs: nhsNumber(103), given: 'Juno', family: 'Hale', born: '1990-05-05', local: 'M9' };

  /** The practice names her as the mother, under another name than that of the number: no more than a hint. */
  async function hint(day = 4) {
    const infant = chart('gp', { ...BABY, local: 'G-B1' });
    const mother = relationOf(infant, { ...JUNO, given: 'Philippa', family: 'Overstone' }, 'MTH');
    const care = episodeOf(infant, 'gp', { id: 'E-G-B1', start: ago(10) });
    const { status } = await household.skein.transaction(
      transactionOf([infant, mother, care], at(day)),
      'gp',
    );
    expect(status).toBe(200);
    await household.settle();
  }

  test('whoever runs Skein is asked, and no service: who named her is no business of others', async () => {
    await admit('ward', BABY);
    await admit('maternity', JUNO);
    await hint();
    const { tasks } = await list();
    expect(tasks).toMatchObject([{ code: { coding: [{ code: 'suggested-relationship' }] } }]);
    const { id } = tasks[0] as Task;
    expect((await list('gp')).total).toBe(0);
    expect((await list('maternity')).total).toBe(0);
    expect((await read(id, 'maternity')).status).toBe(404);
  });

  test('she can be rejected or accepted, for good and until that is undone', async () => {
    await admit('ward', BABY);
    await admit('maternity', JUNO);
    await hint();
    const { id } = (await list()).tasks[0] as Task;
    const before = await views();
    expect((await settle(id, 'accept')).status).toBe(200);
    expect((await list()).total).toBe(0);
    expect(await views()).not.toEqual(before);
    expect((await settle(id, 'undo')).status).toBe(200);
    expect(await views()).toEqual(before);
    expect((await settle(id, 'reject')).status).toBe(200);
    expect((await list()).total).toBe(0);
    await hint(1);
    expect((await list()).total).toBe(0);
    expect((await settle(id, 'undo')).status).toBe(200);
    expect((await list()).tasks.map((task) => task.id)).toEqual([id]);
  });
});

test('who may be an infant that died comes first, and its contacts are to be stopped', async () => {
  const BABY = { nhs: nhsNumber(105), given: 'Una', family: 'Quick', born: ago(20), postcode: 'LS4 4DD' };
  await twoCharts();
  await admit('maternity', { ...BABY, local: 'B5' });
  const { nhs: _, ...unnumbered } = BABY;
  await admit('ward', { ...unnumbered, local: 'N5' });
  expect((await list()).tasks.map(({ priority }) => priority)).toEqual(['routine', 'routine']);
  const [msh, evn, pid = '', ...rest] = adt(
    { ...BABY, local: 'B5' },
    { visit: 'V-B5', id: 'maternity-died', event: 'A08', at: `${ago(1).replaceAll('-', '')}090000` },
  ).split('\r');
  const fields = Object.assign(pid.split('|'), { 29: ago(2).replaceAll('-', ''), 30: 'Y' });
  const message = [msh, evn, Array.from(fields, (field) => field ?? '').join('|'), ...rest].join('\r');
  await household.skein.intake('maternity', 'application/hl7-v2', message);
  expect((await list()).tasks.map(({ priority }) => priority)).toEqual(['urgent', 'routine']);
  for (const system of ['maternity', 'ward'])
    expect((await list(system)).tasks.map(({ priority }) => priority)).not.toContain('urgent');
  const page = await household.skein.get('/fhir/Task/$worklist?_count=1');
  const next = (page.body.link as { relation: string; url: string }[]).find((one) => one.relation === 'next');
  const second = await household.skein.get(next?.url.slice(next.url.indexOf('/fhir/')) ?? '');
  expect((second.body.entry as Entry[])[0]?.resource.priority).toBe('routine');
});

test('a list that is asked for by what it does not have is refused', async () => {
  for (const query of [
    '?colour=red',
    '?status=draft',
    '?_count=x',
    '?_count=1&_count=2',
    '?_offset=-1',
    '?status=%00',
  ]) {
    const { status, body } = await household.skein.get(`/fhir/Task/$worklist${query}`, 'charity');
    expect([status, body.resourceType], query).toEqual([400, 'OperationOutcome']);
  }
});
