/** How a referral is answered: what the form offers, and what was chosen. */
import type { CodeableConcept } from '@medplum/fhirtypes';
import { DECLINE_REASONS, KIND_SYSTEM, REFERRAL_STEPS } from '../../../fhir/systems.ts';
import { capital } from '../words.ts';

export type Typed = { act: string; reason: string; kind: string };
export type Wrong = { field: string; text: string };
/** `reason`: in codes, for whoever referred. */
export type Chosen = { act: 'accept' | 'decline' | 'signpost'; reason: CodeableConcept | null };

export const BLANK: Typed = { act: '', reason: '', kind: '' };

/** The codes of `DECLINE_REASONS`, in the words of that list. */
export const REASONS: Record<string, string> = {
  'needs-less': 'The need is less than this service is for',
  'needs-more': 'The need is more than this service can meet',
  'out-of-area': 'Out of the area of this service',
  'no-capacity': 'No capacity',
  'already-here': 'Already in the care of this service',
  'not-reached': 'The person could not be reached',
  'not-wanted': 'The person does not want it',
  'not-enough-said': 'Not enough is said to decide',
};
const SIGNPOSTED = 'Declined, and told where else to go';

export const sayKindOf = (kind: string): string => capital(kind.replaceAll('-', ' '));

export function readTyped(form: URLSearchParams): Typed {
  const field = (name: string) => form.get(name)?.slice(0, 60) ?? '';
  return { act: field('act'), reason: field('reason'), kind: field('kind') };
}

/** `kinds`: those of services that somebody can be told of. */
export function checkTyped(
  { act, reason, kind }: Typed,
  kinds: readonly string[],
): { chosen: Chosen | null; wrong: Wrong[] } {
  const refuse = (field: string, text: string) => ({ chosen: null, wrong: [{ field, text }] });
  if (act === 'accept') return { chosen: { act, reason: null }, wrong: [] };
  if (act === 'decline') {
    const words = Object.hasOwn(REASONS, reason) ? REASONS[reason] : undefined;
    return words === undefined
      ? refuse('reason', 'Choose why you decline it')
      : { chosen: { act, reason: conceptOf([DECLINE_REASONS, reason, words]) }, wrong: [] };
  }
  if (act !== 'signpost') return refuse('act-accept', 'Choose an answer');
  if (!kinds.includes(kind)) return refuse('kind', 'Choose what sort of service they were told of');
  const step: Code = [REFERRAL_STEPS, 'signposted', SIGNPOSTED];
  return { chosen: { act, reason: conceptOf(step, [KIND_SYSTEM, kind, sayKindOf(kind)]) }, wrong: [] };
}

type Code = [system: string, code: string, display: string];
const conceptOf = (...codes: Code[]): CodeableConcept => ({
  coding: codes.map(([system, code, display]) => ({ system, code, display })),
});
