/** Files: answered at once where that is asked for, read to their end whoever is cut short, as spreadsheets write them. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findSystem } from '../../src/access/register/systems.ts';
import { openMappings } from '../../src/map/language/load-mappings.ts';
import type { System } from '../../src/model.ts';
import { keepFirst } from '../../src/pipeline/file.ts';
import { readUnread } from '../../src/pipeline/unread.ts';
import { hashBytes } from '../../src/receive/http/content-hash.ts';
import { ownProfiles } from '../../src/validate/profiles.ts';
import { testContext } from '../support/context.ts';
import { gather, type Household } from '../support/household.ts';

let household: Household;
beforeAll(async () => {
  household = await gather({
    charity: ['third-sector', 'C1', 'third-sector-csv'],
    cells: ['third-sector', 'C2', 'third-sector-csv'],
    words: ['third-sector', 'C3', 'third-sector-csv'],
  });
});
afterAll(() => household.stop());

const HEADER = 'reference,referred on,first name,last name,dob';
const fileOf = (rows: number, name: string) =>
  [HEADER, ...Array.from({ length: rows }, (_, n) => `${name}-${n},2026-09-01,Una${n},Bell,1988-01-02`)].join(
    '\n',
  );

type Row = { position: string; status: string; issues: { severity: string; text: string }[] };
type State = { status: string; units: Row[]; progress?: { read: number; all: number } };
const send = (body: string, headers: Record<string, string> = {}) =>
  household.skein.send('POST', '/intake/charity', { 'content-type': 'text/csv', ...headers }, body);
const ask = async (url: string): Promise<State> => {
  const { body } = await household.skein.get(url, 'charity');
  return (body as unknown as State[])[0] as State;
};
const ASYNC = { prefer: 'respond-async, handling=strict' };

test('a file is answered before it is read, says how far it is, and what became of each row', async () => {
  const file = fileOf(2_000, 'A');
  const { status, headers, body } = await send(file, ASYNC);
  expect([status, headers.get('preference-applied'), body.status]).toEqual([
    202,
    'respond-async',
    'in-progress',
  ]);
  const url = headers.get('content-location') as string;
  expect(body.url).toBe(url);
  const seen: State[] = [];
  for (let state = await ask(url); ; state = await ask(url)) {
    seen.push(state);
    if (state.status !== 'in-progress') break;
    await new Promise((done) => setTimeout(done, 25));
  }
  const read = seen.flatMap(({ progress }) => progress?.read ?? []);
  expect(read.length).toBeGreaterThan(1);
  expect(read).toEqual([...read].sort((a, b) => a - b));
  expect(seen.flatMap(({ progress }) => progress?.all ?? []).every((all) => all === 2_000)).toBe(true);
  const last = seen.at(-1) as State;
  expect([last.status, last.units.length, last.progress]).toEqual(['accepted', 2_000, undefined]);
  const again = await send(file, ASYNC);
  expect([again.status, again.body.status]).toEqual([200, 'accepted']);
});

test('what is wrong with a file that was answered before it was read is told where its sender asks', async () => {
  const unread = await send('\n', { ...ASYNC, 'idempotency-key': 'no-header' });
  expect(unread.status).toBe(202);
  const url = unread.headers.get('content-location') as string;
  await expect.poll(() => ask(url).then(({ status }) => status)).toBe('rejected');
  const other = await send(fileOf(1, 'B'), { ...ASYNC, 'idempotency-key': 'no-header' });
  expect(other.status).toBe(202);
  await expect.poll(() => ask(url).then(({ status }) => status)).toBe('accepted');
  expect((await send(fileOf(1, 'C'), { ...ASYNC, 'idempotency-key': 'no-header' })).status).toBe(409);
});

test('a file whose reader is gone is read by another process, once', async () => {
  const { database } = household;
  const ctx = { ...testContext(database), mappings: await openMappings(), profiles: ownProfiles() };
  const system = (await findSystem(database.pool, 'charity')) as System;
  const body = Buffer.from(fileOf(3, 'D'));
  const message = { system, channel: 'intake', contentType: 'text/csv', source: 'third-sector-csv' } as const;
  await keepFirst(ctx, { ...message, body, identifier: 'cut short', contentHash: hashBytes(body) });
  expect(await readUnread(ctx), 'while somebody may be reading it').toBe(0);
  expect(await ask('/intake/messages?identifier=cut+short')).toMatchObject({ status: 'in-progress' });
  await database.pool.query(
    `update intake set received_at = now() - interval '3 minutes' where identifier = 'cut short'`,
  );
  expect(await readUnread(ctx)).toBe(1);
  expect(await readUnread(ctx)).toBe(0);
  expect(await ask('/intake/messages?identifier=cut+short')).toMatchObject({ status: 'accepted' });
});

test('cells are read as a spreadsheet showed them, and said to be where that is a guess', async () => {
  const rows = [
    [`'0117`, '45901', `=HYPERLINK("mailto:una@example.org","Una")`, 'Bell', '31/12/99'],
    [`="0118"`, '2026-09-01', `'t Hooft`, '=A1&B1', '7-3-26'],
  ];
  const text = [HEADER, ...rows.map((row) => row.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(','))];
  const { status, body } = await send(`\uFEFF${text.join('\r\n')}`);
  expect([status, body.status]).toEqual([200, 'accepted']);
  const issues = (body as unknown as { rows: Row[] }).rows.map((row) =>
    row.issues.map((issue) => issue.text),
  );
  expect(issues).toEqual([
    [
      'row 2, referred on: "45901" is a spreadsheet’s day number: it is read as 2025-09-01',
      'row 2, dob: the year has two digits: it is read as 1999',
    ],
    [
      'row 3, last name: is a formula, not a value: it is left out. Export the file with its values',
      'row 3, dob: the year has two digits: it is read as 2026',
    ],
  ]);
  const bornOn = async (date: string) => household.find('Patient', `&birthdate=${date}`);
  expect(await bornOn('1999-12-31')).toMatchObject([{ name: [{ given: ['Una'], family: 'Bell' }] }]);
  expect(await bornOn('2026-03-07')).toMatchObject([{ name: [{ given: [`'t`, 'Hooft'] }] }]);
});

test('a number that a spreadsheet shortened is nobody’s, and a day still to come nobody’s birth date', async () => {
  const rows = [
    ['9.99123E+15', '2026-01-05', 'Ada', 'Ketley', '1990-01-05'],
    ['0120', '2126-01-05', 'Bea', 'Ketley', '2190-01-05'],
  ];
  const { body } = await send([HEADER, ...rows.map((row) => row.join(','))].join('\n'));
  const said = body as unknown as { rows: (Row & { status: string })[] };
  expect(said.rows.map(({ status }) => status)).toEqual(['held', 'accepted']);
  expect(said.rows.map(({ issues }) => issues.map(({ text }) => text))).toEqual([
    [
      'row 2, reference: is a number as a spreadsheet shortens it: it is left out. Export the column as text',
      'the row has no reference',
    ],
    [
      'row 3, dob is a day still to come: it is left out',
      'row 3, referred on is a day still to come: it is kept as it was sent',
    ],
  ]);
  const [bea] = await household.find('Patient', '&family=ketley');
  expect(bea).toMatchObject({ name: [{ given: ['Bea'] }] });
  expect(bea).not.toHaveProperty('birthDate');
});

const CELLS = 'reference,first name,last name,phone,email,postcode,language,reason,consent';
async function rowOf(system: string, cells: string) {
  const headers = { 'content-type': 'text/csv' };
  const sent = await household.skein.send('POST', `/intake/${system}`, headers, `${CELLS}\n${cells}\n`);
  expect(sent.body).toMatchObject({ status: 'accepted' });
}
async function theOne(type: string, system: string): Promise<Record<string, unknown>> {
  const { body } = await household.skein.get(`/fhir/${type}`, system);
  const [one, ...more] = body.entry as { resource: Record<string, unknown> }[];
  expect(more).toEqual([]);
  return one?.resource ?? {};
}

test('an empty cell is no news, in part of a name or of the telecoms neither', async () => {
  await rowOf('cells', 'E-1,Una,Cellier,07700900301,una@example.org,LS1 1AA,Welsh,low mood,yes');
  await rowOf('cells', 'E-1,,Cellier-Rowe,07700900302,,,,,yes');
  expect(await theOne('Patient', 'cells')).toMatchObject({
    name: [{ family: 'Cellier-Rowe', given: ['Una'] }],
    telecom: [
      { system: 'email', value: 'una@example.org' },
      { system: 'phone', value: '07700900302' },
    ],
    address: [{ postalCode: 'LS1 1AA' }],
    communication: [{ language: { text: 'Welsh' } }],
  });
});

test('another reason takes the place of the one before; who does not say yes again is restricted', async () => {
  const told = async () => {
    const { rows } = await household.database.pool.query<{ labelled: boolean }>(
      `select content ? 'meta' as labelled from statement s join system y on y.id = s.system_id
        where y.name = 'words' and s.type = 'ServiceRequest'`,
    );
    const { reasonCode, note } = await theOne('ServiceRequest', 'words');
    return [
      Boolean(reasonCode),
      note && (note as { text: string }[]).map(({ text }) => text),
      rows[0]?.labelled,
    ];
  };
  await rowOf('words', 'E-2,Ida,Cellier,,,,,low mood,yes');
  expect(await told()).toEqual([true, undefined, false]);
  await rowOf('words', 'E-2,Ida,Cellier,,,,,cannot sleep,');
  expect(await told()).toEqual([false, ['cannot sleep'], true]);
  await rowOf('words', 'E-2,Ida,Cellier,,,,,,yes');
  expect(await told()).toEqual([false, ['cannot sleep'], false]);
});
