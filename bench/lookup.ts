/**
 * Finding whom a message may be about, among more and more people: the lock and load that intake does for every
 * message, of the charts that `test/families` writes (made apart from the matcher).
 */
import type { Patient } from '@medplum/fhirtypes';
import { EVIDENCE } from '../src/access/decide/evidence.ts';
import { NHS_NUMBER } from '../src/fhir/systems.ts';
import { identifyRecord, keysOf } from '../src/link/identify.ts';
import { loadGroupStatement } from '../src/save/load.ts';
import type { IdentifiedRecord } from '../src/store/facts.ts';
import { readThenWrite } from '../src/store/pool.ts';
import { generate } from '../test/families/generate.ts';
import type { FamilyRecord } from '../test/families/record.ts';
import { copyIn } from './copy-in.ts';
import { round, say } from './report.ts';
import { type Bench, openBench, timeStages } from './stages.ts';
import { createDatabase, type Postgres } from './store.ts';

/** Messages looked up, and referrals taken in to compare with. */
const ASKED = 2_000;
const TAKEN = 100;
const VERIFIED = {
  url: 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus',
  valueCodeableConcept: { coding: [{ code: '01' }] },
};

type Figure = { charts: number; p50Ms: number; p99Ms: number; foundOthers: number; shareOfIntake: number };

/**
 * `charts`: stored before. One record in so many is kept back and looked up then: most are of somebody who is stored.
 * `shareOfIntake`: lock and load of a referral, to all that it takes.
 */
export async function benchLookup(server: Postgres, sizes: number[]): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const size of sizes) figures.push(await lookup(server, size));
  return figures;
}

async function lookup(server: Postgres, charts: number): Promise<Figure> {
  const db = await createDatabase(server);
  try {
    const bench = await openBench(db, 'referral');
    const keptBack: IdentifiedRecord[] = [];
    const lines = linesOf(bench, charts, keptBack);
    await copyIn(
      db.url,
      'copy statement (key, type, system_id, chart, ref, aliases, record_id, first, base, content, person) from stdin',
      lines,
    );
    await db.pool.query('vacuum analyze statement');
    say(`${charts} charts stored`);
    const times: number[] = [];
    let found = 0;
    for (const record of [...keptBack.slice(0, 100), ...keptBack]) {
      const asked = { wanted: keysOf(record), systemId: bench.system.id, identifier: 'asked', row: null };
      const from = performance.now();
      await readThenWrite(db.pool, loadGroupStatement([asked]), ({ rows }) => {
        const [{ loaded }] = rows as [{ loaded: { loaded: { statements?: unknown[] | null } }[] }];
        found += loaded[0]?.loaded.statements?.length ? 1 : 0;
        return null;
      });
      times.push(performance.now() - from);
    }
    const warm = times.slice(100).sort((a, b) => a - b);
    const at = (share: number) => round(warm[Math.ceil(warm.length * share) - 1] ?? 0, 2);
    const spent = await timeStages(bench, 'referral', TAKEN);
    const all = [...spent.values()].reduce((sum, ms) => sum + ms, 0);
    return {
      ...{ charts, p50Ms: at(0.5), p99Ms: at(0.99), foundOthers: round(found / times.length, 2) },
      shareOfIntake: round((spent.get('begin, lock and load') ?? 0) / all, 2),
    };
  } finally {
    await db.drop();
  }
}

function* linesOf(bench: Bench, charts: number, keptBack: IdentifiedRecord[]): Generator<string> {
  const records = charts + ASKED;
  const every = Math.floor(records / ASKED);
  let n = 0;
  for (const { record } of generate({ records, seed: 1 })) {
    const identified = identify(bench, record);
    if (n++ % every === 0 && keptBack.length < ASKED) keptBack.push(identified);
    else yield lineOf(bench, identified);
  }
}

function lineOf({ system }: Bench, { stamp, statements }: IdentifiedRecord): string {
  const [one] = statements;
  if (!one) throw new Error('a chart that says nothing');
  const aliases = one.aliases ? `{${one.aliases.join()}}` : '\\N';
  const content = JSON.stringify(one.content).replaceAll('\\', '\\\\');
  const cells = [
    one.key,
    one.type,
    system.id,
    one.chart,
    one.ref ?? '\\N',
    aliases,
    0,
    stamp,
    stamp,
    content,
    one.key,
  ];
  return `${cells.join('\t')}\n`;
}

function identify({ key, system }: Bench, row: FamilyRecord): IdentifiedRecord {
  const saidAt = '2026-06-01T09:00:00.000Z';
  const weight = EVIDENCE.weights.get('maternity') ?? null;
  const identifier = `https://trust.example/Id/patient|${row.record_id}`;
  const statements = [{ local: 'patient', identifier, resource: patientOf(row) }];
  const record = {
    position: '',
    saidAt,
    mapping: 'bench',
    mode: 'snapshot' as const,
    statements,
    lineage: [],
  };
  const scope = {
    key,
    systemId: system.id,
    receivedAt: new Date(saidAt),
    weight,
    service: system.service.id,
  };
  return identifyRecord(record, scope).record;
}

function patientOf(row: FamilyRecord): Patient {
  const number = {
    ...{ system: NHS_NUMBER, value: row.nhs_number },
    ...(row.nhs_verified === 'true' ? { extension: [VERIFIED] } : {}),
  };
  return {
    resourceType: 'Patient',
    identifier: [
      { system: 'https://trust.example/Id/patient', value: row.record_id },
      ...(row.nhs_number ? [number] : []),
    ],
    ...(row.given || row.family
      ? { name: [{ family: row.family, given: [row.given].filter(Boolean) }] }
      : {}),
    ...(row.birth_date ? { birthDate: row.birth_date } : {}),
    ...(row.sex ? { gender: row.sex as 'female' | 'male' } : {}),
    ...(row.postcode
      ? { address: [{ line: [row.address_line].filter(Boolean), postalCode: row.postcode }] }
      : {}),
    ...(row.phone ? { telecom: [{ system: 'phone', value: row.phone }] } : {}),
  };
}
