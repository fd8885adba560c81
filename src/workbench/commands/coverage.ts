import { existsSync, readFileSync } from 'node:fs';
import { MAPPINGS_DIR } from '../../map/language/folders.ts';
import type { MappingFiles } from '../../map/language/read-mappings.ts';
import { type Path, readYaml } from '../../map/language/yaml-file.ts';
import { type Command, type Flags, filesWith, readFiles, readInput, WrongUse } from '../command.ts';
import { listExamples } from '../examples.ts';
import { differingFields, type Field } from '../prove/account-fields.ts';
import { type Mutant, mutantsOf, sharedMutants } from '../prove/list-mutants.ts';
import { judge, ownRules, type Proof, proofsOf, type Rule, sharedRules } from '../prove/measure-coverage.ts';
import { keyOf } from '../prove/watch-rules.ts';
import { treesOf } from '../run-mapping.ts';
import { complain, paint, print, printJson, showProgress } from '../terminal.ts';

/** Per cent of the mutants that the examples must notice for exit code 0. */
const LEAST_CAUGHT = 90;
const SHARED = 'shared';

/** `at` is file:line. */
type Missed = { at: string; what: string };
type Share = { total: number; missed: Missed[] };
type Part = { name: string; rules: Share; mutants: Share; fields: Field[] };

export const coverage: Command = {
  summary: 'what the examples prove: fields read, rules fired, faults noticed',
  options: ['mapping'],
  help: `Usage: skein map coverage [--mapping NAME [SAMPLES…]] [--dir FOLDER] [--json]

What the examples of each mapping prove, in three parts:
  rules    which no example makes fire
  mutants  which faults no example notices: one is put into each rule in turn (rule, condition, constant,
           source path, ConceptMap entry, policy or severity changed or left out)
  fields   which source fields no rule reads, and in how many messages or rows of the examples (and
           SAMPLES) they carry data; those that source.yaml ignores stand apart, with the reason
Shared fragments and ConceptMaps are proven by the examples of all that use them, and only without --mapping.
Of a dialect (extends) only what differs from its base is asked for.

Examples:
  skein map coverage
  skein map coverage --mapping hl7v2-adt samples/*.hl7
  skein map coverage --json > coverage.json

Exit codes: 0 every rule fires, ${LEAST_CAUGHT} % of the mutants or more are noticed and every field is
read or ignored; 1 not so, or a mapping does not load; 2 used wrongly. `,
  run: async (samples, flags) => {
    const began = performance.now();
    const parts = await measure(samples, flags);
    const seconds = Math.round((performance.now() - began) / 100) / 10;
    const faults = parts.flatMap(faultsOf);
    if (flags.json) printJson({ mappings: parts, totals: totalsOf(parts), seconds, faults });
    else print(describe(parts, seconds));
    for (const fault of faults) complain(fault);
    return parts.some(({ name }) => name !== SHARED) && faults.length === 0 ? 0 : 1;
  },
};

async function measure(samples: string[], flags: Flags): Promise<Part[]> {
  const all = await readFiles(flags);
  if (samples.length > 0 && flags.mapping === undefined) throw new WrongUse('SAMPLES need --mapping NAME');
  if (flags.mapping !== undefined)
    return measureFolder(filesWith(all, flags.mapping), [flags.mapping], samples);
  return all.flatMap((files) => [
    ...measureFolder(files, [...files.sources.keys()], []),
    ...measureShared(files),
  ]);
}

/** Of the folder's own fragments and ConceptMaps, by the examples of all mappings that use them. */
function measureShared(files: MappingFiles): Part[] {
  const isHere = ({ file }: { file: string }) => existsSync(new URL(file, files.dir));
  const names = [...files.sources.keys()];
  const [rules, mutants] = [sharedRules(files).filter(isHere), sharedMutants(files).filter(isHere)];
  if (files.dir.href !== MAPPINGS_DIR.href && rules.length + mutants.length === 0) return [];
  return [{ ...measurePart(files, SHARED, { names, rules, mutants }), fields: [] }];
}

function measureFolder(files: MappingFiles, names: string[], samples: string[]): Part[] {
  return names.map((name): Part => {
    const kind = { name, kind: files.sources.get(name)?.source.format ?? 'json' };
    const units = {
      examples: bodiesOf(files, name).flatMap((body) => treesOf(kind, body)),
      samples: samples.flatMap((file) => treesOf(kind, readInput(file))),
    };
    const [rules, mutants] = [ownRules(files, name), mutantsOf(files, name)];
    return {
      ...measurePart(files, name, { names: [name], rules, mutants }),
      fields: differingFields(files, name, units),
    };
  });
}

type Measured = { names: string[]; rules: Rule[]; mutants: Mutant[] };

function measurePart(
  files: MappingFiles,
  name: string,
  { names, rules, mutants }: Measured,
): Omit<Part, 'fields'> {
  const proofs = new Map(names.map((one) => [one, proofsOf(files, one, bodiesOf(files, one))] as const));
  const fired = new Set([...proofs.values()].flat().flatMap((proof) => [...proof.fired]));
  const locate = placeFinder(files);
  const judged = judgeAll(name, mutants, proofs);
  // A check or an emptied element leaves no trace in lineage. It counts as fired where an example notices
  // its removal.
  for (const { file, path, what, caught } of judged)
    if (caught && /dropped$/.test(what)) fired.add(keyOf(file, path));
  const idle = rules.filter(({ file, path }) => !fired.has(keyOf(file, path)));
  const survivors = judged.filter(({ caught }) => !caught);
  return {
    name,
    rules: { total: rules.length, missed: idle.map(({ what, ...rule }) => ({ at: locate(rule), what })) },
    mutants: {
      total: judged.length,
      missed: survivors.map(({ what, ...one }) => ({ at: locate(one), what })),
    },
  };
}

const bodiesOf = (files: MappingFiles, name: string): Buffer[] =>
  listExamples({ names: [name] }, [files.dir]).map(({ input }) => readFileSync(input));

function judgeAll(name: string, mutants: Mutant[], proofs: Map<string, Proof[]>) {
  const progress = showProgress(name);
  const judged = mutants.flatMap((mutant, index) => {
    progress.step(index, mutants.length);
    const verdict = judge(mutant, proofs);
    return verdict ? [{ ...mutant, ...verdict }] : [];
  });
  progress.end();
  return judged;
}

type Locate = (at: { file: string; path: Path; code?: string }) => string;

/** file:line of a rule, or of a ConceptMap's entry. */
function placeFinder(files: MappingFiles): Locate {
  const yaml = new Map(
    [...files.sources.values(), ...files.fragments.values()].map(({ file }) => [file.name, file]),
  );
  return ({ file, path, code }) => {
    const found = yaml.get(file) ?? readYaml(new URL(file, files.dir), file);
    yaml.set(file, found);
    return `${file}:${found.where(code === undefined ? path : entryOf(found.data, code)).line}`;
  };
}

function entryOf(map: unknown, code: string): Path {
  const { group = [] } = map as { group?: { element?: { code: string }[] }[] };
  for (const [index, { element = [] }] of group.entries()) {
    const at = element.findIndex((item) => item.code === code);
    if (at >= 0) return ['group', index, 'element', at];
  }
  return [];
}

const percent = ({ total, missed }: Share) =>
  total === 0 ? 100 : Math.floor(((total - missed.length) * 1000) / total) / 10;

function totalsOf(parts: Part[]) {
  const sum = (share: 'rules' | 'mutants') => ({
    total: parts.reduce((count, part) => count + part[share].total, 0),
    missed: parts.flatMap((part) => part[share].missed),
  });
  const fields = parts.flatMap((part) => part.fields);
  const count = (state: Field['state']) => fields.filter((field) => field.state === state).length;
  return {
    rules: percent(sum('rules')),
    mutants: percent(sum('mutants')),
    fields: { read: count('read'), ignored: count('ignored'), unread: count('unread') },
  };
}

/** Why the exit code is 1. */
function faultsOf({ name, rules, mutants, fields }: Part): string[] {
  const unread = fields.filter(({ state }) => state === 'unread').length;
  return [
    ...(rules.missed.length > 0 ? [`${name}: ${rules.missed.length} rules fire in no example`] : []),
    ...(percent(mutants) < LEAST_CAUGHT
      ? [`${name}: ${percent(mutants)} % of mutants noticed, ${LEAST_CAUGHT} are asked for`]
      : []),
    ...(unread > 0 ? [`${name}: ${unread} fields are neither read nor ignored`] : []),
  ];
}

function describe(parts: Part[], seconds: number): string {
  const { rules, mutants, fields } = totalsOf(parts);
  const counted = `${fields.read} read, ${fields.ignored} ignored, ${fields.unread} unread`;
  const total = `all: rules ${rules} %, mutants ${mutants} %, fields ${counted}; ${seconds} s\n`;
  return parts.map(describePart).join('') + total;
}

function describePart({ name, rules, mutants, fields }: Part): string {
  const list = ({ missed }: Share) =>
    missed.map(({ at, what }) => `    ${paint('stdout', 'red', at)}  ${what}\n`);
  const often = ({ examples, samples }: Field) =>
    `data in ${examples} of the examples' units${samples > 0 ? `, ${samples} of the samples'` : ''}`;
  const read = fields.filter(({ state }) => state === 'read').length;
  return [
    `${name}\n  rules    ${percent(rules)} % of ${rules.total} fire\n`,
    ...list(rules),
    `  mutants  ${percent(mutants)} % of ${mutants.total} noticed\n`,
    ...list(mutants),
    ...(fields.length > 0 ? [`  fields   ${read} of ${fields.length} read\n`] : []),
    ...fields
      .filter(({ state }) => state === 'unread')
      .map((field) => `    ${paint('stdout', 'red', field.field)}  never read: ${often(field)}\n`),
    ...fields
      .filter(({ state }) => state === 'ignored')
      .map(
        (field) =>
          `    ${paint('stdout', 'dim', `${field.field}  ignored: ${field.reason}; ${often(field)}`)}\n`,
      ),
  ].join('');
}
