import type { EpisodeOfCare, MessageHeader } from '@medplum/fhirtypes';
import { idOf } from '../../fhir/references.ts';
import type { Issue } from '../../model.ts';
import type { Facts, IdentifiedRecord, Plan } from '../../store/facts.ts';
import { UNASKED } from './called.ts';
import { isCalled, joinReferrals } from './joined.ts';

const ASTRAY: Issue = {
  severity: 'warning',
  code: 'not-found',
  expression: 'ServiceRequest',
  text:
    'what this message calls it leads to no one referral of yours: it is stored, and changes none; ' +
    'call it by the id that was given to it, by its identifiers, its fullUrl or the Bundle.id of the request',
};
const UNDONE: Issue = {
  severity: 'warning',
  code: 'multiple-matches',
  expression: 'ServiceRequest',
  text:
    'a name in this message is that of another referral of yours, too: what you sent before by that name ' +
    'alone changes neither of them now; send it again by the id that was given to the referral',
};

const NO_PARTY =
  'only the service that was asked, and whoever asked it, say what became of a referral: ' +
  'this names another service, and is stored without effect; name your own';

type Now = { facts: Facts; plan: Plan };
/** `service`: the id of its own. */
type Speaker = { systemId: number; service: string };

/**
 * Warns whoever answers a referral for a service that is not its own. Only its own referrals are looked at,
 * so that the answer tells it nothing of anybody else's.
 */
export function findNoParty(
  { facts, plan }: Now,
  { statements, lineage }: IdentifiedRecord,
  { systemId, service }: Speaker,
): Issue[] {
  const own = [...facts.statements, ...plan.statements].filter(
    (state) => state.type === 'ServiceRequest' && state.systemId === systemId,
  );
  const isOwn = ({ content, ref }: IdentifiedRecord['statements'][number]) =>
    (content as EpisodeOfCare).referralRequest?.some(({ reference, identifier }) =>
      own.some((one) => one.key === idOf(reference, 'ServiceRequest') || isCalled(one, ref, identifier)),
    );
  return statements.flatMap((said): Issue[] => {
    const { managingOrganization, referralRequest } = said.content as EpisodeOfCare;
    const by = idOf(managingOrganization?.reference, 'Organization') ?? service;
    if (said.type !== 'EpisodeOfCare' || by === service || !referralRequest || isOwn(said)) return [];
    const at = `${said.local}.managingOrganization`;
    const field = lineage.find(({ element }) => element.startsWith(at))?.source;
    return [{ severity: 'warning', code: 'business-rule', ...(field ? { field } : {}), text: NO_PARTY }];
  });
}

/**
 * What the sender of a message is told of the referral in it: the id that it has here, and whether its names
 * led anywhere. A referral of somebody else's is not told apart from one that is not known.
 */
export function answerReferral({ facts, plan }: Now, record: IdentifiedRecord, systemId: number) {
  const calls = record.statements.filter(({ type }) => type === 'MessageHeader');
  if (calls.length === 0) return { referral: null, issues: [] };
  const states = [
    ...new Map([...facts.statements, ...plan.statements].map((one) => [one.key, one])).values(),
  ];
  const persons = new Map(states.map(({ key, type, person }) => [key, type === 'Patient' ? person : null]));
  const personOf = (chart: string) => persons.get(chart) ?? undefined;
  const { referralOf, answers, astray } = joinReferrals(states, personOf);
  const about = calls.map(
    ({ content }) => (content as MessageHeader).focus?.[0]?.reference?.split('/') ?? [],
  );
  const requests = about.flatMap(([type, key = '']) => (type === 'ServiceRequest' ? key : []));
  const earlier = facts.statements.filter((one) => one.systemId === systemId && astray.has(one.key));
  const before = earlier.length > 0 ? joinReferrals(facts.statements, personOf).astray : astray;
  return {
    referral: requests.map((key) => referralOf.get(key) ?? key)[0] ?? null,
    issues: [
      ...(requests.some((key) => astray.has(key)) ? [ASTRAY] : []),
      ...(earlier.some(({ key }) => !before.has(key)) ? [UNDONE] : []),
      ...(about.some(([, key = '']) => answers.get(key) === null) ? [UNASKED] : []),
    ],
  };
}
