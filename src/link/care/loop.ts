/** What became of a referral, step by step: what its referrer and the service it names both may read. */
import type { CodeableConcept, EpisodeOfCare, Extension, ServiceRequest } from '@medplum/fhirtypes';
import { CORE_DEFINITIONS, REFERRAL_STEPS, SKEIN_DEFINITIONS } from '../../fhir/systems.ts';
import type { StatementState } from '../../store/facts.ts';
import type { Person } from '../who/charts.ts';
import { findAssessed } from './assessed.ts';
import { madeAt, refersTo } from './first-asked.ts';
import { performerOf } from './joined.ts';
import { instantOf, latest, type Referral, type Spell } from './spells.ts';

export const STEPS = [
  'sent',
  'stored',
  'received',
  'accepted',
  'declined',
  'signposted',
  'redirected',
  'assessed',
  'care-begun',
  'withdrawn',
] as const;
/** `at`: FHIR date or instant. `by`: the service whose word it is; null where it is Skein's own. */
export type Step = {
  code: (typeof STEPS)[number];
  at: string;
  by: string | null;
  /** Nobody said that it answers this referral: the service began care of the kind. */
  inferred?: boolean;
  /** Why, as its sender put it. */
  reason?: CodeableConcept;
};
type Given = {
  statements: StatementState[];
  spells: Spell[];
  personOf: (key: string) => Person | undefined;
};

/** In the order of a referral's life. Of what several messages said of one step, the latest counts. */
export function stepsOf({ key, person, author, service }: Referral, given: Given): Step[] {
  const { statements, spells, personOf } = given;
  const asked = statements.find((state) => state.key === key);
  if (!asked) return [];
  const { status, extension = [] } = asked.content as ServiceRequest;
  const own = spells.filter(
    (spell) => spell.referral === key && spell.confirmed && (service === null || spell.service === service),
  );
  const isOver = status === 'revoked' || status === 'entered-in-error';
  const withdrawn = { code: 'withdrawn' as const, at: instantOf(latest(asked)), by: author.service };
  const answers = own.flatMap((spell) => [
    ...stepsOfSpell(spell, statements),
    ...assessment(spell, asked, given),
  ]);
  const others = statements.filter((state) => personOf(state.chart) === person);
  const steps: Step[] = [
    { code: 'sent', at: madeAt(asked), by: author.service },
    { code: 'stored', at: asked.first.split('|')[1] ?? '', by: null },
    ...answers,
    ...others.flatMap((state) => redirection(state, asked, answers)),
    ...(isOver ? [{ ...withdrawn, ...reasonIn(extension, STATUS_REASON) }] : []),
  ];
  return steps.sort((a, b) => STEPS.indexOf(a.code) - STEPS.indexOf(b.code) || (a.at < b.at ? -1 : 1));
}

/** http://hl7.org/fhir/R4/extension-request-statusreason.html */
const STATUS_REASON = `${CORE_DEFINITIONS}request-statusReason`;
const DECLINE_REASON = `${SKEIN_DEFINITIONS}decline-reason`;

function reasonIn(extension: Extension[], of: string): Pick<Step, 'reason'> {
  const reason = extension.find(({ url }) => url === of)?.valueCodeableConcept;
  return reason ? { reason } : {};
}

/** What the service that was asked said of its spell: of each statement its status now, and those before. */
function stepsOfSpell({ keys, service, inferred }: Spell, statements: StatementState[]): Step[] {
  const own = statements.filter((state) => keys.includes(state.key) && state.service === service);
  const found = own.flatMap((state): Step[] => {
    const { status, statusHistory = [], period, extension = [] } = state.content as EpisodeOfCare;
    const at = instantOf(latest(state));
    const past = statusHistory.flatMap(({ status, period: { start } }) => {
      const code = ANSWERS[status];
      return code && start ? [{ code, at: start, by: service }] : [];
    });
    const code = ANSWERS[status];
    if (code) return [...past, { code, at, by: service }];
    if (status === 'cancelled') return [...past, { ...declining(extension), at, by: service }];
    if (status !== 'active' && status !== 'onhold' && status !== 'finished') return past;
    const begun = { code: 'care-begun' as const, at: period?.start ?? instantOf(state.first), by: service };
    return [...past, { ...begun, ...(inferred ? { inferred } : {}) }];
  });
  const byCode = Map.groupBy(found, ({ code }) => code);
  return [...byCode.values()].flatMap((same) => same.sort((a, b) => (a.at < b.at ? 1 : -1)).slice(0, 1));
}

const ANSWERS: Partial<Record<EpisodeOfCare['status'], Step['code']>> = {
  planned: 'received',
  waitlist: 'accepted',
};

/** A reason that is the step `signposted` says that the person was told where else to go. */
function declining(extension: Extension[]): Pick<Step, 'code' | 'reason'> {
  const said = reasonIn(extension, DECLINE_REASON);
  const isSignposted = (said.reason?.coding ?? []).some(
    ({ system, code }) => system === REFERRAL_STEPS && code === 'signposted',
  );
  return { code: isSignposted ? 'signposted' : 'declined', ...said };
}

function assessment(spell: Spell, asked: StatementState, given: Given): Step[] {
  const found = findAssessed(asked, spell, given);
  if (!found) return [];
  const { at, inferred } = found;
  return [{ code: 'assessed', at, by: spell.service, ...(inferred ? { inferred } : {}) }];
}

/**
 * Another referral made out of it, since it was declined, by one of its two parties; or by the service that
 * was asked, instead of an answer. What is made out of one that was taken on is one referral more.
 */
function redirection(state: StatementState, asked: StatementState, answers: Step[]): Step[] {
  if (state.type !== 'ServiceRequest' || state.key === asked.key) return [];
  const isRefused = answers.some(({ code }) => code === 'declined' || code === 'signposted');
  const isAnswered = answers.some(({ code }) => code !== 'received');
  const by = [
    ...(isAnswered && !isRefused ? [] : [performerOf(asked)]),
    ...(isRefused ? [asked.service] : []),
  ];
  const { basedOn = [] } = state.content as ServiceRequest;
  return by.includes(state.service) && basedOn.some((cited) => refersTo(cited, asked))
    ? [{ code: 'redirected', at: madeAt(state), by: state.service }]
    : [];
}
