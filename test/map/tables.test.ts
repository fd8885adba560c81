/** Extracts of tables: rows are joined by their keys, whatever their order, and one bad row costs itself and what belongs to it. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadMappings, type Mapping } from '../../src/map/language/load-mappings.ts';
import { MAPPINGS_DIR } from '../../src/map/language/read-mappings.ts';
import type { Json } from '../../src/model.ts';
import { isSound, type Understood } from '../../src/pipeline/understand.ts';
import { runMapping } from '../../src/workbench/run-mapping.ts';
import { changed, problemsOf } from './mapping-folder.ts';

type Tables = Record<string, Json[]>;
const mappings = await loadMappings();
const mhsds = mappings.get('mhsds') as Mapping;
const read = (source: string, name: string): Tables =>
  JSON.parse(readFileSync(new URL(`${source}/examples/${name}.in.json`, MAPPINGS_DIR), 'utf8'));
const run = (tables: Json, mapping = mhsds) => runMapping(mapping, Buffer.from(JSON.stringify(tables)));

/** What is said of each resource, by its identity: references by identity too, and no row numbers. */
function said(units: Understood[]): string[] {
  return units.flatMap(({ record }) => {
    const names = new Map(record?.statements.map(({ local, identifier }) => [`#${local}`, identifier]));
    const text = (value: unknown) =>
      JSON.stringify(value).replace(/#[\w-]+/g, (local) => names.get(local) ?? local);
    return record?.statements.map(({ resource, identifier }) => `${identifier} ${text(resource)}`) ?? [];
  });
}
/** The same by patient. */
const saidOf = (units: Understood[]) =>
  units
    .filter(isSound)
    .map((unit): [string | undefined, string[]] => [
      unit.record?.statements[0]?.identifier?.split('|')[1],
      said([unit]),
    ]);
const cell = (row: Json, column: string) => (row as Record<string, string>)[column];
const inOrder = (all: string[]) => [...all].sort();

const PATIENT = { LocalPatientID: 'P-1', PersonBirthDate: '1994-05-02' };
const REFERRAL = {
  ServiceRequestID: 'R-1',
  LocalPatientID: 'P-1',
  ReferralRequestReceivedDate: '2026-02-01',
};
const CONTACT = {
  CareContactID: 'C-1',
  ServiceRequestID: 'R-1',
  CareContDate: '2026-02-03',
  AttendStatus: '5',
};
const FILE: Tables = { MHS001MPI: [PATIENT], MHS101Referral: [REFERRAL], MHS201CareContact: [CONTACT] };
const outcome = (tables: Json) =>
  run(tables).map(
    (unit) => `${unit.position}: ${isSound(unit) ? 'taken' : unit.issues.map(({ text }) => text).join('; ')}`,
  );

describe('the rows of an extract', () => {
  test.each([
    ['mhsds', 'every-code'],
    ['mhsds', 'bad-rows-among-good'],
    ['mhsds', 'other-teams'],
    ['msds', 'twins'],
    ['msds', 'bad-rows-among-good'],
  ])('of %s/%s say the same in any order', (source, name) => {
    const tables = read(source, name);
    const mapping = mappings.get(source) as Mapping;
    const before = inOrder(said(run(tables, mapping)).map(letters));
    const shuffled = fc.record(
      Object.fromEntries(
        Object.entries(tables).map(([table, rows]) => [
          table,
          fc.shuffledSubarray(rows, { minLength: rows.length }),
        ]),
      ),
    );
    fc.assert(
      // The babies that a mother's links name come in the order of their rows.
      fc.property(shuffled, (again) => {
        expect(inOrder(said(run(again, mapping)).map(letters))).toEqual(before);
      }),
      { numRuns: 30 },
    );
  });

  test('match their tables and columns whatever the case', () => {
    const loud = Object.entries(FILE).map(([table, rows]) => [
      table.toUpperCase(),
      rows.map((row) =>
        Object.fromEntries(Object.entries(row ?? {}).map(([name, value]) => [name.toLowerCase(), value])),
      ),
    ]);
    expect(said(run(Object.fromEntries(loud)))).toEqual(said(run(FILE)));
  });

  test.each<[string, Tables, string[]]>([
    [
      'a row that is no object',
      { MHS201CareContact: [CONTACT, 'C-2'] },
      ['MHS201CareContact row 2: MHS201CareContact row 2 must be an object of columns'],
    ],
    [
      'a cell that is a list',
      { MHS201CareContact: [{ ...CONTACT, CareContDate: ['x'] }] },
      ['MHS201CareContact row 1: MHS201CareContact row 1, CareContDate must be one value'],
    ],
    ['a table twice', { mhs001mpi: [PATIENT] }, ['mhs001mpi: mhs001mpi is in the file twice']],
    [
      'a table of no such name',
      { MHS101Referal: [] },
      ['MHS101Referal: MHS101Referal is no table of this source; did you mean "MHS101Referral"?'],
    ],
    [
      'two of one key that differ',
      { MHS101Referral: [REFERRAL, { ...REFERRAL, ServDischDate: '2026-02-02' }] },
      [
        'MHS101Referral row 2: MHS101Referral row 2, ServiceRequestID: the same as MHS101Referral row 1, and the rows differ',
        'MHS101Referral row 1: MHS101Referral row 1, ServiceRequestID: the same as MHS101Referral row 2, and the rows differ',
        'MHS201CareContact row 1: MHS201CareContact row 1, ServiceRequestID: that row of MHS101Referral is held',
      ],
    ],
  ])('are each held by itself: %s', (_, more, held) => {
    expect(outcome({ ...FILE, ...more })).toEqual(['MHS001MPI row 1: taken', ...held]);
  });

  test('whatever is wrong with one of them, cost no other patient anything', () => {
    const file = read('mhsds', 'every-code');
    const owners = new Map(
      [...(file.MHS101Referral ?? [])].map((row) => [
        cell(row, 'ServiceRequestID'),
        cell(row, 'LocalPatientID'),
      ]),
    );
    const before = new Map(saidOf(run(file)));
    expect(before.size).toBeGreaterThan(1);
    const place = fc.constantFrom(...Object.keys(file)).chain((table) =>
      fc.constantFrom(...(file[table] ?? [])).chain((row) =>
        fc.record({
          table: fc.constant(table),
          row: fc.constant(row),
          column: fc.constantFrom(...Object.keys(row ?? {})),
        }),
      ),
    );
    const odd = fc.constantFrom<Json>(null, '', 'x', -1, {}, [], ['E-1'], '2026-02-31', '""');
    fc.assert(
      fc.property(place, odd, ({ table, row, column }, value) => {
        const broken = { ...(row as object), [column]: value } as Json;
        const after = new Map(
          saidOf(run({ ...file, [table]: (file[table] ?? []).map((one) => (one === row ? broken : one)) })),
        );
        const owner = cell(row, 'LocalPatientID') ?? owners.get(cell(row, 'ServiceRequestID'));
        for (const [patient, statements] of before)
          if (patient !== owner) expect([patient, after.get(patient)]).toEqual([patient, statements]);
      }),
      { numRuns: 300 },
    );
  });

  test('that say the same twice are one', () => {
    expect(outcome({ ...FILE, MHS101Referral: [REFERRAL, REFERRAL] })).toEqual([
      'MHS001MPI row 1: taken',
      'MHS101Referral row 2: MHS101Referral row 2, ServiceRequestID: the same as MHS101Referral row 1',
    ]);
    expect(said(run({ ...FILE, MHS101Referral: [REFERRAL, REFERRAL] }))).toEqual(said(run(FILE)));
  });

  test('with a fault leave their neighbours be, and take with them what belongs to them', () => {
    const other = { ...REFERRAL, ServiceRequestID: 'R-2' };
    const bad = { ...REFERRAL, ReferralRequestReceivedDate: 'soon' };
    expect(outcome({ ...FILE, MHS101Referral: [bad, other] })).toEqual([
      'MHS001MPI row 1: taken',
      'MHS101Referral row 1: MHS101Referral row 1, ReferralRequestReceivedDate is not a date or time',
      'MHS201CareContact row 1: MHS201CareContact row 1: MHS101Referral row 1, which it belongs to, is held',
    ]);
    const alone = { ...FILE, MHS101Referral: [other], MHS201CareContact: [] };
    expect(said(run({ ...FILE, MHS101Referral: [bad, other] }))).toEqual(said(run(alone)));
  });

  test('are held with their patient where there are too many faults to take out', () => {
    const contacts = (bad: number) =>
      Array.from({ length: 1200 }, (_, index) => ({
        ...{ CareContactID: `C-${index}`, ServiceRequestID: 'R-1' },
        CareContDate: index < bad ? 'x' : '2026-02-03',
      }));
    const [some, many] = [900, 1100].map((bad) => run({ ...FILE, MHS201CareContact: contacts(bad) }));
    expect([some?.filter(isSound).length, some?.length]).toEqual([1, 901]);
    expect([many?.filter(isSound).length, many?.length]).toEqual([0, 1001]);
  });

  test('with a fault in the row of the patient are held together', () => {
    const units = run({ ...FILE, MHS001MPI: [{ ...PATIENT, PersonBirthDate: 'x' }] });
    expect(units.map((unit) => [unit.position, isSound(unit)])).toEqual([['MHS001MPI row 1', false]]);
  });

  test('name a column that nobody knows once, however many have it', () => {
    const rows = ['P-1', 'P-2', 'P-3'].map((LocalPatientID) => ({ LocalPatientID, Shoe: '5' }));
    const told = run({ MHS001MPI: rows }).flatMap(({ issues }) => issues.map(({ text }) => text));
    expect(told).toEqual(['MHS001MPI row 1, Shoe: read by no rule, kept in the message only']);
  });

  test('are where each element came from', () => {
    const [unit] = run({ ...FILE, MHS101Referral: [{ ServiceRequestID: 'R-0' }, REFERRAL] });
    expect(unit?.record?.lineage).toContainEqual(
      expect.objectContaining({
        element: 'episode.period.start',
        source: 'MHS101Referral row 2, ReferralRequestReceivedDate',
      }),
    );
  });
});

/** The same characters, in any order. */
const letters = (text: string) => [...text].sort().join('');

const told = async (change: (text: string) => string) => {
  const files = changed('mhsds', (text) => text);
  const file = 'mhsds/source.yaml';
  return (await problemsOf({ ...files, [file]: change(files[file] ?? '') })).map(({ message }) => message);
};

describe('a mistake in how tables are joined is an error at load', () => {
  test.each([
    ['of: MHS101Referral', 'of: MHS101Referal', 'no table "MHS101Referal" with a key'],
    ['by: ServiceRequestID', 'by: ServiceRequest', 'no column "ServiceRequest"'],
    ['key: CareContactID', 'key: CareContact', 'no column "CareContact"'],
    ['unit: MHS001MPI', 'unit: MHS000Header', 'no table "MHS000Header" with a key'],
    ['of: MHS001MPI', 'of: MHS201CareContact', 'MHS101Referral belongs to itself'],
    ['  MHS101Referral.OrgIDComm', '  MHS101Referal.OrgIDComm', 'no table "MHS101Referal"'],
    ['  MHS101Referral.OrgIDComm', '  MHS101Referral.ServDischDate', 'MHS101Referral.ServDischDate is read'],
    ['  MHS002GP:', '  MHS902ServiceTeamDetails:', 'MHS902ServiceTeamDetails is read'],
    ['Postcode: text', 'Postcode: txet', 'Invalid option'],
    ['Postcode: text', 'MHS101Referral: text', 'a table has this name'],
    ['one: true', '', 'nothing joins it: of, for or one'],
    [
      'MHS101Referral: CareProfTeamLocalID,',
      'MHS101Referral: Team,',
      'no column "Team" in table "MHS101Referral"',
    ],
  ])('%s as "%s"', async (was, is, message) => {
    expect((await told((text) => text.replace(was, is))).join()).toContain(message);
  });

  test.each([
    ['from: Postcode', 'from: PostCode', 'no column "PostCode" in this source; did you mean "Postcode"?'],
    ['each: MHS201CareContact', 'each: MHS201CareContacts', 'no table "MHS201CareContacts" in this source'],
    ['each: MHS201CareContact', 'each: MHS902ServiceTeamDetails', 'do not belong to MHS001MPI'],
    ['from: Postcode', 'from: MHS201CareContact.AttendStatus', 'the source is rows'],
    [
      'from: Postcode',
      'from: MHS902ServiceTeamDetails.ServTeamTypeMH',
      'no row of MHS902ServiceTeamDetails is known here',
    ],
  ])('and so is a path: %s as %s', async (was, is, message) => {
    const problems = await problemsOf(changed('mhsds', (text) => text.replace(was, is)));
    expect(problems.map((problem) => problem.message).join()).toContain(message);
  });
});
