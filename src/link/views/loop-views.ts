import type { Task, TaskOutput } from '@medplum/fhirtypes';
import { keyedId } from '../../fhir/ids.ts';
import { JOURNEY_TAG, REFERRAL_TAG, SKEIN_DEFINITIONS } from '../../fhir/systems.ts';
import type { View } from '../../store/facts.ts';
import { type Step, stepsOf } from '../care/loop.ts';
import type { Referral } from '../care/spells.ts';
import { type Family, view } from './family.ts';

const STEP_SYSTEM = 'https://skein.example/fhir/CodeSystem/referral-step';
const TASK_CODES = 'http://hl7.org/fhir/CodeSystem/task-code';

const STATUS: Record<Step['code'], Task['status']> = {
  sent: 'requested',
  stored: 'requested',
  received: 'received',
  accepted: 'accepted',
  declined: 'rejected',
  redirected: 'rejected',
  'care-begun': 'completed',
  withdrawn: 'cancelled',
};

/** The Task of each referral: what became of it, with time and who said so (Task.output). */
export const loopViews = (family: Family): View[] =>
  family.referrals.map((referral) => loopView(family, referral));

function loopView(family: Family, referral: Referral): View {
  const { key, person, service, author, state } = referral;
  const steps = stepsOf(referral, family);
  const id = keyedId(family.key, 'referral-loop', key);
  const home = family.homeOf(key);
  const last = lastOf(steps);
  const content: Task = {
    resourceType: 'Task',
    id,
    meta: {
      tag: [...(home ? [{ system: JOURNEY_TAG, code: home.id }] : []), { system: REFERRAL_TAG, code: state }],
    },
    status: STATUS[last],
    businessStatus: { coding: [{ system: STEP_SYSTEM, code: last }] },
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
    state,
  });
}

/** A referral that was declined and made out anew is redirected; care that was begun outlives a refusal. */
function lastOf(steps: Step[]): Step['code'] {
  const codes = new Set(steps.map(({ code }) => code));
  const ranked: Step['code'][] = [
    'withdrawn',
    'care-begun',
    'redirected',
    'declined',
    'accepted',
    'received',
  ];
  return ranked.find((code) => codes.has(code)) ?? 'stored';
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
    type: { coding: [{ system: STEP_SYSTEM, code }] },
    valueDateTime: at,
  };
}
