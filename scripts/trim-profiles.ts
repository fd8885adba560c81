/** Trims the standard's own extensions and profiles (vital signs and the like) and the value sets they bind
 * to. */
import type { ElementDefinition, StructureDefinition } from '@medplum/fhirtypes';
import { codesBySystem, readStandard } from './standard.ts';

/** The parts of an element that read-differential.ts reads. */
const KEPT = /^(id|path|sliceName|min|max|maxLength|mustSupport|(fixed|pattern|minValue|maxValue)[A-Z].*)$/;

/** Pure: the same packages give the same text. */
export function trimProfiles(): string {
  const all = ['extension-definitions.json', 'profiles-others.json']
    .flatMap((file) => readStandard<StructureDefinition>(file))
    .filter(
      ({ resourceType, derivation }) => resourceType === 'StructureDefinition' && derivation === 'constraint',
    )
    .filter(({ url }) => url?.startsWith('http://hl7.org/fhir/'));
  const bound = all.flatMap(({ differential }) =>
    (differential?.element ?? []).flatMap(({ binding }) =>
      binding?.strength === 'required' ? [binding.valueSet?.split('|')[0] ?? ''] : [],
    ),
  );
  const lines = [...all.map(trimProfile), ...[...new Set(bound)].sort().flatMap(trimValueSet)];
  return `[\n${lines.map((line) => JSON.stringify(line)).join(',\n')}\n]\n`;
}

const trimProfile = ({
  url,
  type,
  baseDefinition,
  derivation,
  context,
  differential,
}: StructureDefinition) => ({
  ...{ resourceType: 'StructureDefinition', url, type, baseDefinition, derivation, context },
  differential: { element: differential?.element.map(trimElement) },
});

function trimElement(element: ElementDefinition): object {
  const { type, binding, constraint = [], slicing, isModifier } = element;
  const invariants = constraint
    .filter(({ key, expression }) => expression && key !== 'ele-1' && key !== 'ext-1')
    .map(({ key, severity, human, expression }) => ({ key, severity, human, expression }));
  return {
    ...Object.fromEntries(Object.entries(element).filter(([name]) => KEPT.test(name))),
    ...(type
      ? { type: type.map(({ code, profile, targetProfile }) => ({ code, profile, targetProfile })) }
      : {}),
    ...(binding?.strength === 'required'
      ? { binding: { strength: 'required', valueSet: binding.valueSet } }
      : {}),
    ...(invariants.length > 0 ? { constraint: invariants } : {}),
    ...(slicing ? { slicing: { ...slicing, description: undefined } } : {}),
    ...(isModifier ? { isModifier } : {}),
  };
}

function trimValueSet(url: string): object[] {
  const include = codesBySystem(url)?.map(([system, codes]) => ({
    system,
    concept: codes.map((code) => ({ code })),
  }));
  return include ? [{ resourceType: 'ValueSet', url, compose: { include } }] : [];
}
