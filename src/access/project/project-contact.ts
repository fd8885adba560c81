import type { CodeableConcept } from '@medplum/fhirtypes';
import type { DutyContact, ResourceRow } from '../../model.ts';
import { decide, type Grants, reaches } from '../decide/decide.ts';
import { isDiscreet } from '../decide/stays-inside.ts';
import type { Registered } from '../register/services.ts';
import { journeysOf, kindOf } from './project-care.ts';

/** What may be told of the service that gives some care, apart from its name. */
export type ServiceContact = { kind: CodeableConcept | null; duty: DutyContact | null };

/**
 * Category INV of the person cared for, from E on: the kind of service and its duty number. Of discreet
 * services neither. `row` is one that the reader sees (EpisodeOfCare or Encounter).
 */
export function projectContact(
  grants: Grants,
  services: ReadonlyMap<string, Registered>,
  row: ResourceRow,
): ServiceContact {
  const level = decide(grants, 'INV', row.persons[0] ?? '', journeysOf(row.content));
  const isHidden = !grants.everything && isDiscreet(grants, row.service);
  if (isHidden || !reaches(level, 'E')) return { kind: null, duty: null };
  const known = services.get(row.service ?? '');
  return { kind: kindOf(known), duty: known?.duty ?? null };
}
