/** Microseconds a transform: our mappings, lineage and all, beside JSONata making the same of the same tree in the same run. */
import { deepStrictEqual } from 'node:assert';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { loadMappings } from '../src/map/load-mappings.ts';
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
  { name: 'patient, 12 rules', folder: HERE, mapping: 'patient', expression: 'patient/patient.jsonata', tree: form },
  {
    ...{ name: 'referral, 6 resources', folder: SHIPPED, mapping: 'bars-referral', expression: 'referral.jsonata' },
    tree: (n) => JSON.parse(readFileSync(new URL(REFERRAL, SHIPPED), 'utf8').replaceAll('REF-2025-1', `REF-${n}`)),
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
    const spent: [number[], number[]] = [[], []];
    const ms = (seconds * 1000) / 4;
    for (let turn = 0; turn <= rounds; turn += 1) {
      const skein = microseconds(ours, trees, ms);
      const jsonataUs = await microsecondsOf(theirs, trees, ms);
      if (turn === 0) continue;
      spent[0].push(skein);
      spent[1].push(jsonataUs);
    }
    const [skeinUs, jsonataUs] = [median(spent[0]), median(spent[1])];
    rows.push({
      ...{ transform: name, skeinUs: round(skeinUs, 1), jsonataUs: round(jsonataUs, 1) },
      timesFaster: round(jsonataUs / skeinUs, 1),
    });
  }
  return rows;
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

function microseconds(transform: (tree: Json) => unknown, trees: Json[], ms: number): number {
  const started = performance.now();
  let done = 0;
  for (; performance.now() - started < ms; done += trees.length) for (const tree of trees) transform(tree);
  return ((performance.now() - started) * 1000) / done;
}

/** The same for what answers later, one after the other. */
async function microsecondsOf(transform: (tree: Json) => Promise<unknown>, trees: Json[], ms: number): Promise<number> {
  const started = performance.now();
  let done = 0;
  for (; performance.now() - started < ms; done += trees.length) for (const tree of trees) await transform(tree);
  return ((performance.now() - started) * 1000) / done;
}
