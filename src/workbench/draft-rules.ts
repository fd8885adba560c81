/** Rules for the fields of a sender's own format that are known by name: a Patient, and of a referral what a planned episode needs. */
import { NHS_NUMBER } from '../fhir/nhs-number.ts';
import type { MappingFile, Rule, Statement } from '../map/mapping-file.ts';
import { isAboutService, knownName, type Meaning, type Owner } from './known-names.ts';

/** `from` is the path as a rule writes it; `list` where it holds several. */
export type Candidate = { field: string; from: string; type: string; list: boolean };
type Found = Candidate & { meaning: Meaning; owner: Owner };
type Take = (...meanings: Meaning[]) => Found[];
type Check = { when: string; code: string; field: string; text: string };
type Draft = Pick<MappingFile, 'saidAt' | 'statements'> & { checks?: Check[] };

const TIMES: Meaning[] = ['birthDate', 'deathDate', 'referredOn', 'sent'];
const NUMBERS: Meaning[] = ['nhsNumber', 'personId', 'reference', 'phone', 'gender'];
const SEVERAL: Meaning[] = ['phone', 'email', 'line', 'reason', 'given'];
const CONFIDENTIALITY = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';

function typesOf(meaning: Meaning): string[] {
  if (TIMES.includes(meaning)) return ['time'];
  if (meaning === 'interpreter') return ['boolean'];
  return NUMBERS.includes(meaning) ? ['text', 'integer'] : ['text'];
}

const WHO: Meaning[] = ['nhsNumber', 'family', 'given', 'name', 'birthDate'];

/**
 * Those whose name says what they are, and whose values can be that; of one person: the patient, else whom most of the names and birth
 * dates are of. A field that does not say whose it is (`phone`) is the patient's alone: beside `child.name` it may be a parent's.
 */
function findKnown(candidates: Candidate[]): Found[] {
  const all = candidates.flatMap((candidate): Found[] => {
    const known = knownName(candidate.field);
    if (!known || !typesOf(known.meaning).includes(candidate.type) || !/^[\w.]+$/.test(candidate.from)) return [];
    return candidate.list && !SEVERAL.includes(known.meaning) ? [] : [{ ...candidate, ...known }];
  });
  const named = Map.groupBy(
    all.filter(({ meaning }) => WHO.includes(meaning)),
    ({ owner }) => owner,
  );
  const [other = 'patient'] = [...named.keys()].sort(
    (a, b) => (named.get(b)?.length ?? 0) - (named.get(a)?.length ?? 0),
  );
  const who = named.has('patient') ? 'patient' : other;
  return all.filter(
    ({ owner, meaning, field }) => owner === (isAboutService(field) ? 'patient' : who) || meaning === 'personId',
  );
}

/** `restricted` labels all of it. The referral is of each row of `table`, where it has one of its own. */
export function draftStatements(
  name: string,
  candidates: Candidate[],
  { restricted, table }: { restricted: boolean; table?: string | undefined },
): Draft {
  const found = findKnown(candidates);
  const take: Take = (...meanings) => found.filter(({ meaning }) => meanings.includes(meaning));
  const label: Rule[] = restricted
    ? [{ to: 'meta.security', rules: [constant('system', CONFIDENTIALITY), constant('code', 'R')] }]
    : [];
  const [key] = [...take('personId'), ...(table === undefined ? take('reference') : []), ...take('nhsNumber')];
  const identity: Statement['identity'] =
    key?.meaning === 'reference' ? [{ system: idOf(name, 'person'), join: [key.from] }] : key && ['identifier'];
  const patient: Statement = {
    ...{ local: 'patient', resource: 'Patient', ...(identity && { identity }) },
    rules: [...label, ...personRules(name, take)],
  };
  const perRow = table === undefined ? {} : { each: table };
  const [sent] = take('sent');
  return {
    saidAt: sent ? [sent.from] : [],
    ...(key &&
      table === undefined && {
        checks: [{ when: `not ${key.from}`, code: 'required', field: key.from, text: 'nothing says who it is about' }],
      }),
    statements: [patient, ...referralStatements(name, take, { label, perRow })],
  };
}

const idOf = (name: string, kind: string) => `https://skein.example/Id/${name}-${kind}`;
const constant = (to: string, value: string): Rule => ({ to, value });
const identifier = (system: string, value: Rule): Rule => ({
  to: 'identifier',
  rules: [constant('system', system), value],
});
const plain =
  (to: string, more: Partial<Rule> = {}) =>
  ({ from }: Found): Rule => ({ to, from, ...more });
/** One entry, or one for each of a list. */
const entry = (to: string, { from, list }: Found, rules: (from: string) => Rule[], when?: string): Rule => ({
  ...{ to, ...(list && { each: from }), ...(when && { when }) },
  rules: rules(list ? '.' : from),
});
const inside = (to: string, rules: Rule[]): Rule[] => (rules.length > 0 ? [{ to, rules }] : []);

function personRules(name: string, take: Take): Rule[] {
  const one = (meaning: Meaning) => take(meaning).slice(0, 1);
  const contact = (system: string) => (found: Found) =>
    entry('telecom', found, (from) => [constant('system', system), { to: 'value', from }]);
  return [
    ...one('nhsNumber').map(({ from }) => identifier(NHS_NUMBER, { to: 'value', from, as: 'compact' })),
    ...one('personId').map(({ from }) => identifier(idOf(name, 'person'), { to: 'value', from })),
    ...inside('name', [
      ...one('family').map(plain('family')),
      ...take('given').map(({ from, list }) => ({ to: 'given', from, ...(!list && { split: ' ' }) })),
      ...one('name').map(plain('text')),
    ]),
    ...one('gender').map(plain('gender', { map: 'administrative-sex', unmapped: 'reject', severity: 'warning' })),
    ...one('birthDate').map(plain('birthDate')),
    ...one('deathDate').map(plain('deceasedDateTime')),
    ...inside('address', [
      ...take('line').map(plain('line')),
      ...one('address').map(plain('text')),
      ...one('city').map(plain('city')),
      ...one('postcode').map(plain('postalCode')),
    ]),
    ...take('phone').map(contact('phone')),
    ...take('email').map(contact('email')),
    ...one('language').map(plain('communication.language.text')),
    ...one('interpreter').map(({ from }): Rule => {
      const url = 'http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired';
      return { to: 'extension', rules: [constant('url', url), { to: 'valueBoolean', from }] };
    }),
  ];
}

type Referral = { label: Rule[]; perRow: { each?: string } };

/** None without a reference: no change to it could be told. */
function referralStatements(name: string, take: Take, { label, perRow }: Referral): Statement[] {
  const [reference] = take('reference');
  if (!reference) return [];
  const [known, service] = [take('referredOn').slice(0, 1), take('service').slice(0, 1)];
  const common = { ...perRow, identity: ['identifier' as const] };
  const start = [...label, identifier(idOf(name, 'referral'), { to: 'value', from: reference.from })];
  const reasons = take('reason').flatMap((found): Rule[] => {
    const known = `${found.list ? '.' : found.from} known presenting-need`;
    return [
      entry('reasonCode', found, (from) => [{ to: 'coding', from, map: 'presenting-need', unmapped: 'reject' }], known),
      entry('note', found, (from) => [{ to: 'text', from }], `not ${known}`),
    ];
  });
  return [
    {
      ...{ local: 'servicerequest', resource: 'ServiceRequest', ...common },
      rules: [
        ...start,
        ...[constant('status', 'active'), constant('intent', 'plan'), { to: 'subject', ref: 'patient' }],
        ...[...known.map(plain('authoredOn')), ...service.map(plain('code.text')), ...reasons],
      ],
    },
    {
      ...{ local: 'episode', resource: 'EpisodeOfCare', ...common },
      rules: [
        ...start,
        ...[constant('status', 'planned'), { to: 'patient', ref: 'patient' }],
        ...[{ to: 'referralRequest', ref: 'servicerequest' }, ...known.map(plain('period.start'))],
      ],
    },
  ];
}
