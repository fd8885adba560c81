/** What messages call their referrals: the keys and the facts that `joined.ts` finds them by. */
import type { EpisodeOfCare, MessageHeader, ServiceRequest } from '@medplum/fhirtypes';
import { keyedId } from '../../fhir/ids.ts';
import type { Issue, SourceRecord, Statement } from '../../model.ts';
import type { IdentifiedStatement } from '../../store/facts.ts';
import type { Scope } from '../who/keys.ts';

type Keying = { key: Buffer; chartOf: (statement: Statement) => string };

/**
 * A referral that a message calls by names is one of them together with whom it is to, and what has no name
 * but its place in the message is its patient's: senders repeat both for other services and other patients.
 */
export function keyReferrals(statements: Statement[], keys: Map<string, string>, by: Keying): void {
  for (const statement of statements) {
    const { local, identifier = '', names, resource } = statement;
    if (resource.resourceType !== 'ServiceRequest' && resource.resourceType !== 'Encounter') continue;
    const inPlace = identifier.startsWith(URI) ? [by.chartOf(statement)] : [];
    const performer = (resource as ServiceRequest).performer?.[0]?.reference;
    const to = names && performer ? [performer] : [];
    const own = keys.get(`#${local}`) as string;
    if (inPlace.length + to.length > 0)
      keys.set(`#${local}`, keyedId(by.key, 'called', own, ...inPlace, ...to));
  }
  for (const { local, resource } of statements) {
    const asked = (resource as EpisodeOfCare).referralRequest?.[0]?.reference ?? '';
    const request = statements.find((one) => `#${one.local}` === asked);
    if (request?.names) keys.set(`#${local}`, keyedId(by.key, 'expected', keys.get(asked) as string));
  }
}

/** System of an identifier that is a URI: of what has no other, its fullUrl. */
const URI = 'urn:ietf:rfc:3986|';

/** What an answer that is of no referral is told, whatever the reason. */
export const UNASKED: Issue = {
  severity: 'warning',
  code: 'not-found',
  expression: 'MessageHeader.response.identifier',
  text:
    'no one referral of this patient to your service is known by that: the answer is stored, and is of ' +
    'none; answer with the Bundle.id of the request, an identifier of the referral or its id',
};
/** Whose word counts for nothing answers no referral, and is told so as anybody is who was not asked. */
export const findUnheard = ({ statements }: Pick<SourceRecord, 'statements'>, { weight }: Scope): Issue[] =>
  !weight && statements.some(({ resource, names }) => names && resource.resourceType === 'EpisodeOfCare')
    ? [UNASKED]
    : [];

/**
 * What a message calls a referral, or the referral that it answers: a fact of its own, so that the names of
 * all messages are known, whichever came last.
 */
export function callOf(
  { key, type, chart, local }: IdentifiedStatement,
  names: string[] | undefined,
  scope: Scope,
): IdentifiedStatement[] {
  // Whose word counts for nothing answers nobody.
  if (!names || (type === 'EpisodeOfCare' && !scope.weight)) return [];
  const called = names.map((name) => {
    const at = name.indexOf('|');
    return { identifier: { system: name.slice(0, at), value: name.slice(at + 1) } };
  });
  const content = { resourceType: 'MessageHeader', focus: [{ reference: `${type}/${key}` }, ...called] };
  return [
    {
      key: keyedId(scope.key, 'MessageHeader', chart, key, ...names),
      type: 'MessageHeader',
      chart,
      ref: null,
      local,
      nulls: [],
      content: content as MessageHeader,
    },
  ];
}
