/** What services looked at or asked, as far as prompts go by it: their own word, which is shown to nobody. */
import type { CodeableConcept, Encounter, Observation } from '@medplum/fhirtypes';
import { OBSERVATIONS, SKEIN_DEFINITIONS } from '../../fhir/systems.ts';
import type { StatementState } from '../../store/facts.ts';
import type { Known } from '../concerned.ts';
import type { Person } from '../who/charts.ts';

export type Observed = {
  code: string;
  service: string;
  person: Person;
  /** Milliseconds. */
  at: number;
};

/** `focus`: care focus of a contact in which the infant was seen. Contacts to come are none yet. */
export function findObserved({ statements, personOf }: Known, focus: string[]): Observed[] {
  return statements.flatMap((state): Observed[] => {
    const read =
      state.type === 'Observation'
        ? readObservation(state.content as Observation)
        : state.type === 'Encounter'
          ? readContact(state.content as Encounter, focus)
          : null;
    const person = read && personOf(state.chart);
    if (!read || !person) return [];
    const at = Date.parse(read.at ?? instantOf(state));
    return Number.isNaN(at) ? [] : [{ code: read.code, service: state.service, person, at }];
  });
}

/** The sender's own time. */
const instantOf = ({ first }: StatementState): string => first.split('|')[0] ?? '';

type Read = { code: string; at: string | undefined };

function readObservation(observation: Observation): Read | null {
  const { code, status, effectiveDateTime, effectivePeriod } = observation;
  const found = code?.coding?.find(({ system }) => system === OBSERVATIONS)?.code;
  const isNone = status === 'entered-in-error' || status === 'cancelled';
  return found && !isNone ? { code: found, at: effectiveDateTime ?? effectivePeriod?.start } : null;
}

const TOOK_PLACE: unknown[] = ['arrived', 'triaged', 'in-progress', 'onleave', 'finished'];
/** Of the NHS data item ATTENDANCE STATUS: attended, or late and seen. */
const KEPT: unknown[] = [undefined, '5', '6'];

function readContact({ status, period, extension = [] }: Encounter, focus: string[]): Read | null {
  const codeIn = (name: string) => {
    const found = extension.find(({ url }) => url === SKEIN_DEFINITIONS + name);
    return (found?.valueCodeableConcept as CodeableConcept | undefined)?.coding?.[0]?.code;
  };
  const isSeen = focus.includes(codeIn('care-focus') ?? '');
  const isKept = TOOK_PLACE.includes(status) && KEPT.includes(codeIn('attendance'));
  return isSeen && isKept ? { code: 'infant-observed', at: period?.start } : null;
}
