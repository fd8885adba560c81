import type { CodeableConcept, Encounter } from '@medplum/fhirtypes';
import { idOf } from '../../fhir/references.ts';
import { SKEIN_DEFINITIONS } from '../../fhir/systems.ts';
import type { StatementState } from '../../store/facts.ts';
import type { Person } from '../who/charts.ts';
import { madeAt, refersTo } from './first-asked.ts';
import type { Spell } from './spells.ts';

const KEPT: unknown[] = ['in-progress', 'finished'];
const ATTENDANCE = `${SKEIN_DEFINITIONS}attendance`;
/** Codes of the NHS Data Dictionary: attended, arrived late and was seen. */
const ATTENDED: unknown[] = ['5', '6'];

export type Assessment = { at: string; inferred: boolean };
/** `spells`: all of the family. */
type Given = {
  statements: StatementState[];
  spells: Spell[];
  personOf: (key: string) => Person | undefined;
};

/**
 * The first contact for a referral that was kept, of the service that answers it and by its own word: one
 * that cites the referral or the spell; else, inferred, one that cites nothing, since the referral, where the
 * service has no other care of that person that it could be part of.
 */
export function findAssessed(asked: StatementState, answer: Spell, given: Given): Assessment | null {
  const { statements, spells, personOf } = given;
  const { person, service } = answer;
  const isOnly = spells.every((one) => one === answer || one.person !== person || one.service !== service);
  const found = statements.flatMap((state): Assessment[] => {
    if (state.type !== 'Encounter' || state.service !== service || personOf(state.chart) !== person)
      return [];
    const contact = state.content as Encounter;
    const at = contact.period?.start;
    if (!at || !wasKept(contact)) return [];
    const { basedOn = [], episodeOfCare = [] } = contact;
    const spell = episodeOfCare.map(({ reference }) => idOf(reference, 'EpisodeOfCare') ?? '');
    if (basedOn.some((one) => refersTo(one, asked)) || spell.some((key) => answer.keys.includes(key)))
      return [{ at, inferred: false }];
    const citesNothing = basedOn.length + episodeOfCare.length === 0;
    const isSince = at.slice(0, 10) >= madeAt(asked).slice(0, 10);
    return citesNothing && isOnly && isSince ? [{ at, inferred: true }] : [];
  });
  const sure = found.filter(({ inferred }) => !inferred);
  const [first] = (sure.length > 0 ? sure : found).sort((a, b) => (a.at < b.at ? -1 : 1));
  return first ?? null;
}

function wasKept({ status, extension = [] }: Encounter): boolean {
  const said = extension.flatMap(({ url, valueCodeableConcept }) =>
    url === ATTENDANCE ? codesOf(valueCodeableConcept) : [],
  );
  return KEPT.includes(status) && (said.length === 0 || said.some((code) => ATTENDED.includes(code)));
}

const codesOf = (concept: CodeableConcept | undefined) =>
  (concept?.coding ?? []).flatMap(({ code }) => code ?? []);
