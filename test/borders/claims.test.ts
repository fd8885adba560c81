/**
 * No message of a system changes what it may see of a person of whom it gives no verified care. A claimant that knows her numbers and
 * ids, and its twin, whose numbers and ids are nobody's, send the same; all that they are answered and can read stays the same.
 */

import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addSystem } from '../../src/access/register/systems.ts';
import { keyedId } from '../../src/fhir/ids.ts';
import { type Claim, type Claimant, claim, type Known } from '../support/claims.ts';
import { gather, type Household, subscribe } from '../support/household.ts';
import { adt } from '../support/messages.ts';
import { nhsNumber } from '../support/records.ts';
import { ago, at, v2 } from '../support/roll.ts';
import { SERVED } from '../support/served.ts';
import { chart, contactOf, episodeOf, referralOf, transactionOf } from '../support/transactions.ts';

const numRuns = Number(process.env.RUNS ?? 5);
const SECTORS = [
  ...[
    null,
    'third-sector',
    'third-sector-domestic-abuse',
    'family-hub',
    'gp',
    'camhs-0-5',
    'health-visiting',
  ],
  ...['adult-services', 'criminal-justice', 'commissioner', 'maternity', 'specialist-perinatal'],
];

let household: Household;
let number = 1000;
beforeAll(async () => {
  household = await gather({
    maternity: ['maternity', 'RXM', 'hl7v2-adt'],
    perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
    others: ['cmht', 'RXO', 'fhir-r4'],
  });
});
afterAll(() => household.stop());

/** A mother in perinatal care, referred to a team, with a baby; and what can be known of her without her name. */
async function family(): Promise<{ known: Known; secrets: string[] }> {
  const { skein } = household;
  const n = ++number;
  const mother = { nhs: nhsNumber(n), given: `Asta${n}`, family: `Trevose${n}`, born: '1993-03-03' };
  const baby = {
    nhs: nhsNumber(n + 50_000),
    given: `Bo${n}`,
    family: `Trevose${n}`,
    born: ago(60),
    local: `B${n}`,
  };
  const birth = { mother: mother.nhs, at: v2(baby.born), id: `M${n}`, visit: `V${n}` };
  await skein.intake('maternity', 'application/hl7-v2', adt(baby, birth));
  const whom = chart('perinatal', mother);
  const spell = episodeOf(whom, 'perinatal', { id: `P${n}`, start: ago(50) });
  const contact = contactOf(whom, 'perinatal', `C${n}`, ago(40));
  const parties = { id: `R${n}`, from: household.serviceOf('perinatal'), to: household.serviceOf('others') };
  const said = [whom, spell, contact, referralOf(whom, parties, ago(40))];
  expect((await skein.transaction(transactionOf(said, at(ago(40))), 'perinatal')).status).toBe(200);
  const [her] = await household.find(
    'Patient',
    `&identifier=https://fhir.nhs.uk/Id/nhs-number|${mother.nhs}`,
  );
  const ids = async (type: string, query: string) => (await household.find(type, query))[0]?.id as string;
  const known = {
    ...{ nhs: mother.nhs, baby: baby.nhs, patient: her?.id as string },
    episode: await ids('EpisodeOfCare', `&patient=${her?.id}`),
    referral: await ids('ServiceRequest', `&patient=${her?.id}`),
    journey: await ids('Group', `&member=Patient/${her?.id}`),
  };
  return { known, secrets: [mother.given, mother.family, `perinatal-${mother.nhs}`, baby.given, `P${n}`] };
}

/** What somebody knows who knows nothing: numbers and ids that are nobody's. */
function nobody(): Known {
  const n = ++number;
  const [patient, episode, referral, journey] = Array.from({ length: 4 }, () => randomUUID() as string);
  const numbers = { nhs: nhsNumber(n + 100_000), baby: nhsNumber(n + 150_000) };
  return { ...numbers, patient, episode, referral, journey } as Known;
}

const SOURCES = { fhir: 'fhir-r4', v2: 'hl7v2-adt', csv: 'third-sector-csv', form: 'third-sector-form' };
type Registered = Claimant & { subscription: string };

async function register(sector: string | null): Promise<Registered> {
  const ods = `C${++number}`;
  const { pool, key } = household.database;
  for (const [way, source] of Object.entries(SOURCES))
    await addSystem(pool, key, { name: `${ods}-${way}`, ods, team: 'claimant', sector, kind: null, source });
  const [fhir, v2, csv, form] = Object.keys(SOURCES).map((way) => `${ods}-${way}`) as [
    string,
    string,
    string,
    string,
  ];
  const subscription = await subscribe(household.skein, fhir, `${household.hook}/${fhir}`, sector);
  return {
    fhir,
    v2,
    csv,
    form,
    service: keyedId(household.database.key, 'service', ods, 'claimant'),
    subscription,
  };
}

const TYPES = [...SERVED, 'Provenance'];
/** All that a claimant can ask for about whom it named. */
function questions(
  { subscription }: Registered,
  { nhs, baby, patient, episode, referral, journey }: Known,
): string[] {
  const by = (value: string) => `Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|${value}`;
  return [
    ...TYPES.map((type) => `${type}?_count=100`),
    ...[by(nhs), by(baby), `Patient/${patient}`, `Patient/${patient}/_history`, `Patient?_id=${patient}`],
    ...['EpisodeOfCare', 'Encounter', 'ServiceRequest', 'RelatedPerson'].map(
      (type) => `${type}?patient=${patient}`,
    ),
    ...[`Group?member=Patient/${patient}`, `Group/${journey}`, `Group/${journey}/$journey`],
    ...[`EpisodeOfCare/${episode}`, `ServiceRequest/${referral}`, 'Organization?_count=200&name=perinatal'],
    `Subscription/${subscription}/$events`,
  ];
}

/** The same for both: names of theirs and of what they named, ids, and times give way to words; order is that of the text. */
function alike(text: string, { fhir, subscription }: Registered, known: Known): string {
  const [ods = ''] = fhir.split('-');
  return (
    Object.entries(known)
      .reduce((said, [name, value]) => said.replaceAll(value, `<${name}>`), text)
      .replaceAll(subscription, '<subscription>')
      .replaceAll(ods, '<ods>')
      .replace(/\b[0-9a-f]{64}\b/g, '<message>')
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<id>')
      // Whether its handshake has come back by now.
      .replace(/"valueCode":"(requested|active)"/g, '"valueCode":"<status>"')
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)/g, '<time>')
      // A version names its content by a digest, in which ids and numbers are.
      .replace(/\b(\d+)-[0-9a-f]{12}\b/g, '$1-<digest>')
      .replace(/\b20\d{12}(\.\d+)?([+-]\d{4})?\b/g, '<time>')
      .replace(/MSA\|(\w\w)\|[^|\r]*/g, 'MSA|$1|<message>')
      .replace(/\|ACK[^|]*\|[^|]*\|/g, '|ACK|<message>|')
  );
}

async function readAll(who: Registered, known: Known): Promise<string[]> {
  return Promise.all(
    questions(who, known).map(async (path) => {
      const { status, body } = await household.skein.get(`/fhir/${path}`, who.fhir);
      const entries = (body.entry ?? [body]) as object[];
      const shown = status === 200 ? entries.map((entry) => alike(JSON.stringify(entry), who, known)) : [];
      return `${alike(path, who, known)}: ${status} ${shown.sort().join('\n  ')}`;
    }),
  );
}

type Side = { who: Registered; known: Known };
/** What one message is answered, and all that can be read after it. */
async function saying(say: Claim, { who, known }: Side): Promise<string[]> {
  const { status, body } = await say.send(household, who, known);
  const answer = alike(JSON.stringify(body), who, known);
  await household.settle();
  return [`answered ${status} ${answer}`, ...(await readAll(who, known))];
}

test.each(SECTORS)(
  'who knows only numbers and ids learns nothing by sending: %s',
  async (sector) => {
    await fc.assert(
      fc.asyncProperty(fc.array(claim, { minLength: 1, maxLength: 4 }), async (claims) => {
        const { known, secrets } = await family();
        const sides: [Side, Side] = [
          { who: await register(sector), known },
          { who: await register(sector), known: nobody() },
        ];
        const before = await readAll(sides[0].who, known);
        expect(await readAll(sides[1].who, sides[1].known)).toEqual(before);
        for (const say of claims) {
          const [hers, nobodys] = [await saying(say, sides[0]), await saying(say, sides[1])];
          expect(hers).toEqual(nobodys);
          for (const secret of secrets) expect(hers.join('\n')).not.toContain(secret);
        }
      }),
      // Four claims are read as they are; to make them fewer takes minutes.
      { numRuns, endOnFailure: true },
    );
  },
  300_000,
);
