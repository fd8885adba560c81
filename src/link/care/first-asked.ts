/** When what a referral asks for was first asked: being asked of somebody else next ends nobody's wait. */
import type { Identifier, Reference, ServiceRequest } from '@medplum/fhirtypes';
import type { StatementState } from '../../store/facts.ts';
import type { Person } from '../who/charts.ts';
import { performerOf } from './joined.ts';
import { instantOf } from './spells.ts';

/** FHIR date or instant at which a referral was made: its own word, else when it was first said. */
export const madeAt = ({ content, first }: StatementState): string =>
  (content as ServiceRequest).authoredOn ?? instantOf(first);

/** Is this reference to that referral, by the id it has here or by an identifier of it? */
export const refersTo = ({ reference, identifier }: Reference, { key, content }: StatementState): boolean =>
  reference === `ServiceRequest/${key}` ||
  ((content as ServiceRequest).identifier ?? []).some(
    (one) => isNamed(one) && nameOf(one) === nameOf(identifier),
  );

/**
 * Of each referral, by key, when the first was made that it goes on from; its own time where that is itself.
 * A referral goes on from another of the same person that has the same identifier by the same sender, and
 * from what it is made out of (`basedOn`, `replaces`) by one of that one's two parties. Over any number of
 * steps, the same for any order of arrival.
 */
export function findFirstAsked(
  statements: StatementState[],
  personOf: (key: string) => Person | undefined,
): Map<string, string> {
  const referrals = statements.filter(({ type, chart }) => type === 'ServiceRequest' && personOf(chart));
  const whose = ({ chart }: StatementState) => personOf(chart)?.id;
  const named = Map.groupBy(
    referrals.flatMap((one) => namesOf(one).map((name) => ({ one, name: `${whose(one)} ${name}` }))),
    ({ name }) => name,
  );
  const before = new Map(
    referrals.map((asked) => {
      const { basedOn = [], replaces = [] } = asked.content as ServiceRequest;
      const names = [...basedOn, ...replaces].flatMap(citedNames).map((name) => `${whose(asked)} ${name}`);
      const cited = names.flatMap((name) => named.get(name) ?? []);
      return [asked, cited.filter(({ one }) => partiesOf(one).includes(asked.service))];
    }),
  );
  const clocks = new Map(referrals.map((one) => [one.key, madeAt(one)]));
  const clockOf = ({ key }: StatementState) => clocks.get(key) as string;
  const groups = [...named.values()].flatMap((group) => [
    ...Map.groupBy(group, ({ one }) => one.systemId).values(),
  ]);
  let isSettled = referrals.length < 2;
  const put = (asked: StatementState, at: string) => {
    if (at >= clockOf(asked)) return;
    clocks.set(asked.key, at);
    isSettled = false;
  };
  while (!isSettled) {
    isSettled = true;
    for (const group of groups.filter(({ length }) => length > 1)) {
      const first = least(group.map(({ one }) => clockOf(one)));
      for (const { one } of group) put(one, first);
    }
    for (const [asked, cited] of before) for (const { one } of cited) put(asked, clockOf(one));
  }
  return clocks;
}

const least = (times: string[]): string => times.reduce((one, other) => (other < one ? other : one));
const partiesOf = (asked: StatementState) => [asked.service, performerOf(asked)];

const isNamed = ({ value }: Identifier): boolean => value !== undefined;
const nameOf = (identifier: Identifier | undefined): string =>
  identifier?.value === undefined ? '' : `${identifier.system ?? ''}|${identifier.value}`;
const namesOf = ({ key, content }: StatementState): string[] => [
  `ServiceRequest/${key}`,
  ...((content as ServiceRequest).identifier ?? []).filter(isNamed).map(nameOf),
];
const citedNames = ({ reference, identifier }: Reference): string[] =>
  [reference ?? '', nameOf(identifier)].filter((name) => name !== '');
