/** Microseconds a transform: our mappings, lineage and all, beside JSONata making the same of the same tree in the same run. */
import { deepStrictEqual } from 'node:assert';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { loadMappings } from '../src/map/language/load-mappings.ts';
import { mapUnit } from '../src/map/map-unit.ts';
import type { Json } from '../src/model.ts';
import { person } from './messages.ts';
import { median, type Options, round } from './report.ts';

type Jsonata = (expression: string) => { evaluate: (input: unknown) => Promise<unknown> };
const jsonata: Jsonata = createRequire(import.meta.url)('jsonata');

const HERE = new URL('mappings/', import.meta.url);
const SHIPPED = new URL('../mappings/', import.meta.url);
const REFERRAL = 'bars-referral/examples/new-mother-and-infant.in.json';
/** Trees in turn, so that no run is of one message alone. */
const TREES = 100;

type Case = { name: string; folder: URL; mapping: string; expression: string; tree: (n: number) => Json };

const CASES: Case[] = [
  {
    name: 'patient, 12 rules',
    folder: HERE,
    mapping: 'patient',
    expression: 'patient/patient.jsonata',
    tree: form,
  },
  {
    ...{
      name: 'referral, 6 resources',
      folder: SHIPPED,
      mapping: 'bars-referral',
      expression: 'referral.jsonata',
    },
    tree: (n) =>
      JSON.parse(readFileSync(new URL(REFERRAL, SHIPPED), 'utf8').replaceAll('REF-2025-1', `REF-${n}`)),
  },
];

function form(n: number): Json {
  const { given, family, born } = person(n);
  return {
    reference: `BENCH-${n}`,
    person: { familyName: family, givenName: `${given} Nia`, sex: 'F', dateOfBirth: born, language: 'Welsh' },
    address: { line: `${n} Synthetic Street`, town: 'Testham', postcode: 'ZZ99 3VZ' },
    phones: [`07700 900${String(n).padStart(3, '0')}`, '01632 960000'],
  };
}

/** One row for each case. Parsing is left out on both sides; the first round warms up. */
export async function benchMap({ rounds, seconds }: Options): Promise<Record<string, string | number>[]> {
  const rows = [];
  for (const { name, folder, mapping: source, expression, tree } of CASES) {
    const mapping = (await loadMappings(folder)).get(source);
    if (!mapping) throw new Error(`no mapping ${source}`);
    const compiled = jsonata(readFileSync(new URL(expression, HERE), 'utf8'));
    const trees = Array.from({ length: TREES }, (_, n) => tree(n));
    const ours = (one: Json) => mapUnit(mapping, { position: '', tree: one }, { dialect: null });
    const theirs = (one: Json): Promise<unknown> => compiled.evaluate(one);
    for (const one of trees) {
      const made = ours(one).record?.statements.map(({ resource }) => resource);
      deepStrictEqual(plain([await theirs(one)].flat()), plain(made));
    }
    const spent: Record<'skein' | 'jsonata', Spent[]> = { skein: [], jsonata: [] };
    const ms = (seconds * 1000) / 4;
    for (let turn = 0; turn <= rounds; turn += 1) {
      const skein = await measure((all) => all.forEach(ours), trees, ms);
      const jsonata = await measure(awaitEach(theirs), trees, ms);
      if (turn === 0) continue;
      spent.skein.push(skein);
      spent.jsonata.push(jsonata);
    }
    const of = (side: keyof typeof spent, kind: keyof Spent) => median(spent[side].map((one) => one[kind]));
    rows.push({
      ...{ transform: name, skeinUs: round(of('skein', 'us'), 1), jsonataUs: round(of('jsonata', 'us'), 1) },
      timesFaster: round(of('jsonata', 'us') / of('skein', 'us'), 1),
      ...{ skeinCpuUs: round(of('skein', 'cpuUs'), 1), jsonataCpuUs: round(of('jsonata', 'cpuUs'), 1) },
    });
  }
  return rows;
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** Of one transform: by the clock, and of this thread's CPU, which waiting for others does not count. */
type Spent = { us: number; cpuUs: number };

/** JSONata answers later: one after the other. */
const awaitEach = (transform: (tree: Json) => Promise<unknown>) => async (trees: Json[]) => {
  for (const tree of trees) await transform(tree);
};

async function measure(
  all: (trees: Json[]) => void | Promise<void>,
  trees: Json[],
  ms: number,
): Promise<Spent> {
  const cpu = process.threadCpuUsage();
  const started = performance.now();
  let done = 0;
  for (; performance.now() - started < ms; done += trees.length) await all(trees);
  const us = (performance.now() - started) * 1000;
  const { user, system } = process.threadCpuUsage(cpu);
  return { us: us / done, cpuUs: (user + system) / done };
}
