import type { CodeableConcept, Task, TaskOutput } from '@medplum/fhirtypes';
import { keyedId } from '../../fhir/ids.ts';
import { JOURNEY_TAG, REFERRAL_STEPS, REFERRAL_TAG, SKEIN_DEFINITIONS } from '../../fhir/systems.ts';
import type { View } from '../../store/facts.ts';
import { findFirstAsked } from '../care/first-asked.ts';
import { type Step, stepsOf } from '../care/loop.ts';
import type { Referral } from '../care/spells.ts';
import { type Family, view } from './family.ts';

/** When the first referral was made that this one goes on from: the wait counts from then. */
const FIRST_ASKED = `${SKEIN_DEFINITIONS}first-asked`;
/** State of the Task of a referral out of which another was made. */
export const REDIRECTED = 'redirected';
const TASK_CODES = 'http://hl7.org/fhir/CodeSystem/task-code';

const STATUS: Record<Step['code'], Task['status']> = {
  sent: 'requested',
  stored: 'requested',
  received: 'received',
  accepted: 'accepted',
  declined: 'rejected',
  signposted: 'rejected',
  redirected: 'rejected',
  assessed: 'in-progress',
  'care-begun': 'completed',
  withdrawn: 'cancelled',
};

/** The Task of each referral: what became of it, with time and who said so (Task.output). */
export function loopViews(family: Family): View[] {
  const clocks = findFirstAsked(family.statements, family.personOf);
  return family.referrals.map((referral) => loopView(family, referral, clocks.get(referral.key)));
}

function loopView(family: Family, referral: Referral, asked: string | undefined): View {
  const { key, person, service, author, state } = referral;
  const steps = stepsOf(referral, family);
  const firstAsked = asked === steps[0]?.at ? undefined : asked;
  const id = keyedId(family.key, 'referral-loop', key);
  const home = family.homeOf(key);
  const last = lastOf(steps);
  const reason = reasonOf(steps, last);
  const content: Task = {
    resourceType: 'Task',
    id,
    meta: {
      tag: [...(home ? [{ system: JOURNEY_TAG, code: home.id }] : []), { system: REFERRAL_TAG, code: state }],
    },
    ...(firstAsked ? { extension: [{ url: FIRST_ASKED, valueDateTime: firstAsked }] } : {}),
    status: STATUS[last],
    ...(reason ? { statusReason: reason } : {}),
    businessStatus: { coding: [{ system: REFERRAL_STEPS, code: last }] },
    intent: 'order',
    code: { coding: [{ system: TASK_CODES, code: 'fulfill' }] },
    focus: { reference: `ServiceRequest/${key}` },
    for: { reference: `Patient/${person.id}` },
    authoredOn: steps[0]?.at ?? referral.start,
    requester: { reference: `Organization/${author.service}` },
    ...(service ? { owner: { reference: `Organization/${service}` } } : {}),
    output: steps.map(describe),
  };
  return view({
    type: 'Task',
    id,
    content,
    owner: person.id,
    persons: [person.id],
    authors: [author.service],
    service,
    state: last === 'redirected' ? REDIRECTED : state,
  });
}

/** A referral that was declined and made out anew is redirected; care that was begun outlives a refusal. */
function lastOf(steps: Step[]): Step['code'] {
  const codes = new Set(steps.map(({ code }) => code));
  const ranked: Step['code'][] = [
    'withdrawn',
    'care-begun',
    'redirected',
    'signposted',
    'declined',
    'assessed',
    'accepted',
    'received',
  ];
  return ranked.find((code) => codes.has(code)) ?? 'stored';
}

/** Why it was declined or taken back, while that is how it stands. */
function reasonOf(steps: Step[], last: Step['code']): CodeableConcept | undefined {
  const refused = last === 'redirected' ? ['signposted', 'declined'] : [last];
  return steps.find(({ code, reason }) => reason && refused.includes(code))?.reason;
}

function describe({ code, at, by, inferred }: Step): TaskOutput {
  const extension = [
    ...(by
      ? [{ url: `${SKEIN_DEFINITIONS}said-by`, valueReference: { reference: `Organization/${by}` } }]
      : []),
    ...(inferred ? [{ url: `${SKEIN_DEFINITIONS}inferred`, valueBoolean: true }] : []),
  ];
  return {
    ...(extension.length > 0 ? { extension } : {}),
    type: { coding: [{ system: REFERRAL_STEPS, code }] },
    valueDateTime: at,
  };
}
