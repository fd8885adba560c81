/** What became of a referral, step by step: what its referrer and the service it names both may read. */
import type { EpisodeOfCare, Reference, ServiceRequest } from '@medplum/fhirtypes';
import type { StatementState } from '../../store/facts.ts';
import type { Person } from '../who/charts.ts';
import { performerOf } from './joined.ts';
import { latest, type Referral, type Spell } from './spells.ts';

export const STEPS = [
  'sent',
  'stored',
  'received',
  'accepted',
  'declined',
  'redirected',
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
  const { authoredOn, status } = asked.content as ServiceRequest;
  const [said = '', received = ''] = asked.first.split('|');
  const own = spells.filter(
    (spell) => spell.referral === key && spell.confirmed && (service === null || spell.service === service),
  );
  const isOver = status === 'revoked' || status === 'entered-in-error';
  const steps: Step[] = [
    { code: 'sent', at: authoredOn ?? said, by: author.service },
    { code: 'stored', at: received, by: null },
    ...own.flatMap((spell) => stepsOfSpell(spell, statements)),
    ...statements.flatMap((state) => (personOf(state.chart) === person ? redirection(state, asked) : [])),
    ...(isOver ? [{ code: 'withdrawn' as const, at: instantOf(latest(asked)), by: author.service }] : []),
  ];
  return steps.sort((a, b) => STEPS.indexOf(a.code) - STEPS.indexOf(b.code) || (a.at < b.at ? -1 : 1));
}

/** The sender's own time of a stamp. */
const instantOf = (stamp: string): string => stamp.split('|')[0] ?? '';

/** What the service that was asked said of its spell: of each statement its present status. */
function stepsOfSpell({ keys, service, inferred }: Spell, statements: StatementState[]): Step[] {
  const own = statements.filter((state) => keys.includes(state.key) && state.service === service);
  const found = own.flatMap((state): Step[] => {
    const { status, period } = state.content as EpisodeOfCare;
    const at = instantOf(latest(state));
    const step = (code: Step['code'], when = at): Step => ({ code, at: when, by: service });
    if (status === 'planned') return [step('received')];
    if (status === 'waitlist') return [step('accepted')];
    if (status === 'cancelled') return [step('declined')];
    if (status !== 'active' && status !== 'onhold' && status !== 'finished') return [];
    const begun = {
      ...step('care-begun', period?.start ?? instantOf(state.first)),
      ...(inferred ? { inferred } : {}),
    };
    return [begun];
  });
  const byCode = Map.groupBy(found, ({ code }) => code);
  return [...byCode.values()].flatMap((same) => same.sort((a, b) => (a.at < b.at ? 1 : -1)).slice(0, 1));
}

/** Another referral that one of its two parties made out of it. */
function redirection(state: StatementState, asked: StatementState): Step[] {
  if (state.type !== 'ServiceRequest' || state.key === asked.key) return [];
  if (![asked.service, performerOf(asked)].includes(state.service)) return [];
  const { basedOn = [], authoredOn } = state.content as ServiceRequest;
  const isOfIt = ({ reference, identifier }: Reference) =>
    reference === `ServiceRequest/${asked.key}` || hasIdentifier(asked, identifier);
  return basedOn.some(isOfIt)
    ? [{ code: 'redirected', at: authoredOn ?? instantOf(state.first), by: state.service }]
    : [];
}

const hasIdentifier = ({ content }: StatementState, cited: Reference['identifier']): boolean =>
  cited?.value !== undefined &&
  ((content as ServiceRequest).identifier ?? []).some(
    ({ system, value }) => system === cited.system && value === cited.value,
  );
