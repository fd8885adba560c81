/** Messages of somebody who knows numbers and ids of a person, and neither name nor birth date. */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { Household } from './household.ts';
import type { Reply } from './skein.ts';
import { chart, episodeOf, NHS_NUMBER, type Said, say, transactionOf, type Whom } from './transactions.ts';

/** What the claimant knows of her: of its twin nothing of it exists. */
export type Known = {
  nhs: string;
  baby: string;
  patient: string;
  episode: string;
  referral: string;
  journey: string;
};
/** The systems of one service, by the way in, and the id of the service. */
export type Claimant = { fhir: string; v2: string; csv: string; form: string; service: string };
export type Claim = { what: string; send: Send };
type Send = (household: Household, claimant: Claimant, known: Known) => Promise<Reply>;

const AT = '2026-10-01T10:00:00Z';
const ROLE = 'http://terminology.hl7.org/CodeSystem/v3-RoleCode';
const OWN = { given: 'Robin', family: 'Vale', born: '1980-04-05', local: 'own' };
const CODES = [
  'MTH',
  'FTH',
  'GESTM',
  'NMTH',
  'NFTH',
  'PRN',
  'CHILD',
  'NCHILD',
  'SPS',
  'GUARD',
  'SIB',
  'ONESELF',
];

type Naming = (known: Known) => Whom;
/** Every way to name her, and her baby by number. */
const NAMINGS: Record<string, Naming> = {
  number: ({ nhs }) => ({ identifier: { system: NHS_NUMBER, value: nhs } }),
  baby: ({ baby }) => ({ identifier: { system: NHS_NUMBER, value: baby } }),
  id: ({ patient }) => ({ reference: `Patient/${patient}` }),
  condition: ({ nhs }) => ({ reference: `Patient?identifier=${NHS_NUMBER}|${nhs}` }),
  ...{ nameless: ({ nhs }) => chart('claimant', { nhs, local: 'nameless' }) },
  stranger: ({ nhs }) => chart('claimant', { ...OWN, nhs, local: 'stranger' }),
  initial: ({ nhs }) => chart('claimant', { nhs, given: 'R', family: 'Vale', local: 'initial' }),
};
const naming = fc
  .constantFrom(...Object.keys(NAMINGS))
  .map((name) => [name, NAMINGS[name] as Naming] as const);
const code = fc.constantFrom(...CODES);

/** Resources of one transaction, as the claimant writes them. */
const fhir =
  (write: (known: Known, claimant: Claimant) => (Said | Whom)[]): Send =>
  ({ skein }, claimant, known) => {
    const said = write(known, claimant).filter((one): one is Said => 'fullUrl' in one);
    return skein.transaction(transactionOf(said, AT), claimant.fhir);
  };
const subject = (whom: Whom) => ('fullUrl' in whom ? { reference: whom.fullUrl } : whom);
const own = (rest: Record<string, unknown> = {}) => chart('claimant', OWN, rest);

const episode = naming.map(([name, of]) =>
  fhir((known) => {
    const whom = of(known);
    return [whom, episodeOf(whom, 'claimant', { id: `E-${name}`, start: '2026-09-20' })];
  }),
);
const encounter = fc.tuple(naming, fc.boolean()).map(([[name, of], within]) =>
  fhir((known) => {
    const whom = of(known);
    return [
      whom,
      say({
        ...{ resourceType: 'Encounter', status: 'finished', class: { code: 'HH' }, subject: subject(whom) },
        identifier: [{ system: 'https://claimant.example/Id/contact', value: `C-${name}` }],
        ...(within ? { episodeOfCare: [{ reference: `EpisodeOfCare/${known.episode}` }] } : {}),
      }),
    ];
  }),
);
/** A referral, also one to the claimant itself. */
const referral = naming.map(([name, of]) =>
  fhir((known, { service }) => {
    const whom = of(known);
    const performer = { reference: `Organization/${service}` };
    return [
      whom,
      say({
        ...{ resourceType: 'ServiceRequest', status: 'active', intent: 'plan', subject: subject(whom) },
        identifier: [{ system: 'https://claimant.example/Id/referral', value: `R-${name}` }],
        performer: [performer],
        requester: performer,
      }),
    ];
  }),
);
/** Care that says it answers her referral. */
const answer = naming.map(([name, of]) =>
  fhir((known) => {
    const whom = of(known);
    const said = episodeOf(whom, 'claimant', { id: `A-${name}`, start: '2026-09-20' });
    Object.assign(said.resource, { referralRequest: [{ reference: `ServiceRequest/${known.referral}` }] });
    return [whom, said];
  }),
);
const replaces = fc
  .tuple(fc.constantFrom('replaces', 'replaced-by', 'seealso'), fc.boolean())
  .map(([type, numbered]) =>
    fhir(({ patient, nhs }) => {
      const link = [{ type, other: { reference: `Patient/${patient}` } }];
      return [chart('claimant', { ...OWN, ...(numbered ? { nhs } : {}) }, { link })];
    }),
  );
/** `code`, with her on the one end or on the other. */
const relation = fc.tuple(naming, code, fc.boolean()).map(([[, of], relationship, hers]) =>
  fhir((known) => {
    const [whom, mine] = [of(known), own()];
    const number = { system: NHS_NUMBER, value: hers ? '9990009993' : known.nhs };
    return [
      ...(hers ? [whom] : [mine]),
      say({
        ...{ resourceType: 'RelatedPerson', patient: subject(hers ? whom : mine), identifier: [number] },
        relationship: [{ coding: [{ system: ROLE, code: relationship }] }],
      }),
    ];
  }),
);
const member = fc.constant(
  fhir(({ patient, journey }) => [
    own({ managingOrganization: { reference: `Group/${journey}` } }),
    episodeOf({ reference: `Patient/${patient}` }, 'claimant', { id: 'E-journey' }),
  ]),
);

const pid = (id: string, rest: string[] = []) =>
  ['PID', '1', '', id, '', 'Vale^Robin', '', '19800405', 'F', ...rest].join('|');
const v2 =
  (event: string, segments: (known: Known) => string[]): Send =>
  ({ skein }, { v2: system }, known) => {
    const head = [`MSH|^~\\&|C|C|SKEIN|SKEIN|20261001100000||ADT^${event}|${randomUUID()}|P|2.5.1`];
    const message = [...head, `EVN|${event}|20261001100000`, ...segments(known), ''].join('\r');
    return skein.intake(system, 'application/hl7-v2', message);
  };
const nhsOf = (nhs: string) => `${nhs}^^^NHS^NH`;
const hl7 = fc.constantFrom<Send>(
  v2('A40', ({ nhs }) => [pid('L1^^^C^MR'), `MRG|${nhsOf(nhs)}`]),
  v2('A40', ({ nhs }) => [pid(nhsOf(nhs)), 'MRG|L1^^^C^MR']),
  v2('A40', ({ patient }) => [pid('L1^^^C^MR'), `MRG|${patient}^^^C^MR`]),
  v2('A34', ({ nhs }) => [pid('L1^^^C^MR'), `MRG|${nhsOf(nhs)}`]),
  v2('A28', ({ nhs }) => [pid(`L2^^^C^MR~${nhsOf(nhs)}`, [...Array(23).fill(''), 'NSTS01'])]),
  v2('A28', ({ nhs }) => [pid('L3^^^C^MR', [...Array(12).fill(''), nhsOf(nhs)])]),
  v2('A28', ({ nhs }) => [pid('L4^^^C^MR'), `NK1|1|Vale^Sam|MTH${'|'.repeat(30)}${nhsOf(nhs)}`]),
  v2('A28', ({ baby }) => [pid('L5^^^C^MR'), `NK1|1|Vale^Sam|CHD${'|'.repeat(30)}${nhsOf(baby)}`]),
);
const files = fc.constantFrom<Send>(
  ({ skein }, { csv }, { nhs }) =>
    skein.intake(csv, 'text/csv', `reference,given_name,family_name,nhs_number\nD-1,Robin,Vale,${nhs}\n`),
  ({ skein }, { form }, { baby }) => {
    const person = { givenName: 'Robin', familyName: 'Vale', dateOfBirth: OWN.born };
    const relationship = { to: 'my baby', nhsNumber: baby };
    const said = { reference: 'F-1', submittedAt: AT, person, relationship, consent: true };
    return skein.intake(form, 'application/json', JSON.stringify(said));
  },
);

const KINDS = { episode, encounter, referral, answer, replaces, relation, member, hl7, files };
/** Relations, of which there are most, come twice as often. */
export const claim: fc.Arbitrary<Claim> = fc
  .constantFrom(...Object.entries({ ...KINDS }), ['relation', relation] as const)
  .chain(([what, sends]) => (sends as fc.Arbitrary<Send>).map((send) => ({ what, send })));
