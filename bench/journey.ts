/** `$journey` of one large family: 15 services, 500 messages, as two of its services and the operator read it. */
import { Pool } from 'undici';
import { addSystem } from '../src/access/register/systems.ts';
import { readKey } from '../src/store/pool.ts';
import { type Person, person } from './messages.ts';
import { median, type Options, round, say } from './report.ts';
import { startSkein } from './skein.ts';
import { createDatabase, type Database, type Postgres } from './store.ts';

const MESSAGES = 500;
const TIMES = 60;
/** Sectors of the services; the last six care for the infant. */
const SERVICES = [
  ...['maternity', 'specialist-perinatal', 'maternity-mh', 'gp', 'cmht', 'psychological-therapy'],
  ...['adult-services', 'learning-disability', 'drug-and-alcohol'],
  ...['health-visiting', 'camhs-0-5', 'parent-infant', 'neonatal', 'childrens-services', 'childrens-ward'],
];
const READERS = ['specialist-perinatal', 'camhs-0-5'];

/** `nthTo20th`: a message about such a family, to one when it had twenty. */
type Figure = {
  reader: string;
  journey: string;
  entries: number;
  p50Ms: number;
  p95Ms: number;
  nthTo20th: number;
};

export async function benchJourney(server: Postgres, { rounds }: Options): Promise<Figure[]> {
  const db = await createDatabase(server);
  await register(db);
  const skein = await startSkein(db);
  const pool = new Pool(skein.url, { connections: 1, pipelining: 1 });
  try {
    const nthTo20th = await tell(skein.url);
    await db.pool.query('vacuum analyze');
    const path = await findJourney(pool);
    const figures: Figure[] = [];
    for (const reader of [...READERS, null]) {
      const read = () => ask(pool, 'GET', path, reader);
      const { entry } = JSON.parse(await read()) as { entry: unknown[] };
      const rows: number[][] = [];
      for (let turn = 0; turn < rounds; turn++) rows.push(await timesOf(read));
      const at = (share: number) =>
        round(median(rows.map((times) => times[Math.ceil(TIMES * share) - 1] ?? 0)), 1);
      const what = `${SERVICES.length} services, ${MESSAGES} messages`;
      figures.push({
        ...{ reader: reader ?? 'operator', journey: what, entries: entry.length },
        ...{ p50Ms: at(0.5), p95Ms: at(0.95), nthTo20th },
      });
    }
    return figures;
  } finally {
    await pool.close();
    for (const running of Object.values(skein.running)) await running.kill();
    await db.drop();
  }
}

async function register({ pool }: Database): Promise<void> {
  const key = await readKey(pool);
  for (const name of SERVICES)
    await addSystem(pool, key, { name, ods: 'RXB', team: name, sector: name, kind: null, source: 'fhir-r4' });
}

async function timesOf(read: () => Promise<string>): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < TIMES; n++) {
    const from = performance.now();
    await read();
    times.push(performance.now() - from);
  }
  return times.sort((a, b) => a - b);
}

async function ask(pool: Pool, method: 'GET' | 'POST', path: string, system: string | null, body?: object) {
  const answer = await pool.request({
    ...{ path, method },
    headers: {
      'content-type': 'application/fhir+json',
      ...(system ? { 'x-skein-system': system } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await answer.body.text();
  if (answer.statusCode !== 200)
    throw new Error(`${path} was answered ${answer.statusCode}: ${text.slice(0, 300)}`);
  return text;
}

async function findJourney(pool: Pool): Promise<string> {
  const found = JSON.parse(await ask(pool, 'GET', '/fhir/Group', READERS[0] ?? '')) as {
    entry: { resource: { id: string } }[];
  };
  return `/fhir/Group/${found.entry[0]?.resource.id}/$journey`;
}

const BORN = Date.now() - 300 * 86_400_000;
const dayAfterBirth = (days: number) => new Date(BORN + days * 86_400_000).toISOString();
const MOTHER = person(1);
const BABY = { ...person(2), born: dayAfterBirth(0).slice(0, 10) };

/** As many messages as are settled together; the first and the last so many are timed one by one. */
const AT_ONCE = 25;
const SMALL = 10;

/** Each message is one contact; the first of each service says its care as well, and maternity's who gave birth. */
async function tell(url: string): Promise<number> {
  say(`a family of ${SERVICES.length} services and ${MESSAGES} messages`);
  const pool = new Pool(url, { connections: AT_ONCE, pipelining: 1 });
  const send = async (n: number) => {
    const [system, body] = messageOf(n);
    const from = performance.now();
    await ask(pool, 'POST', '/fhir', system, body);
    return performance.now() - from;
  };
  const oneByOne = async (first: number) => {
    const times: number[] = [];
    for (let n = first; n < first + SMALL; n++) times.push(await send(n));
    return median(times);
  };
  for (let n = 0; n < SERVICES.length; n++) await send(n);
  const small = await oneByOne(SERVICES.length);
  let n = SERVICES.length + SMALL;
  for (; n + AT_ONCE + SMALL <= MESSAGES; n += AT_ONCE)
    await Promise.all(Array.from({ length: AT_ONCE }, (_, more) => send(n + more)));
  for (; n + SMALL < MESSAGES; n++) await send(n);
  const large = await oneByOne(n);
  await pool.close();
  return round(large / small, 2);
}

function messageOf(n: number): [system: string, body: object] {
  const place = n % SERVICES.length;
  const system = SERVICES[place] as string;
  const said = [
    chart(system, place === 0 || place > 8 ? BABY : MOTHER),
    contact(system, n),
    ...(n < SERVICES.length ? [episode(system)] : []),
    ...(n === 0 ? [bornOf(MOTHER)] : []),
  ];
  const entry = said.map((resource) => ({
    fullUrl: resource.resourceType === 'Patient' ? WHOM.reference : `urn:uuid:${crypto.randomUUID()}`,
    resource,
    request: { method: 'POST', url: resource.resourceType },
  }));
  const timestamp = dayAfterBirth(1 + (n * 298) / MESSAGES);
  return [system, { resourceType: 'Bundle', type: 'transaction', timestamp, entry }];
}

const WHOM = { reference: 'urn:uuid:6f1c1b0e-5f2d-4c1e-9d0a-2b7f3a1c5e10' };
const VERIFIED = {
  url: 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus',
  valueCodeableConcept: { coding: [{ code: '01' }] },
};
const numberOf = ({ nhs }: Person) => ({
  ...{ system: 'https://fhir.nhs.uk/Id/nhs-number', value: nhs, extension: [VERIFIED] },
});
const named = ({ family, given }: Person) => [{ family, given: [given] }];
const own = (system: string, kind: string, value: string) => ({
  system: `https://${system}.example/${kind}`,
  value,
});

const chart = (system: string, who: Person) => ({
  resourceType: 'Patient',
  identifier: [own(system, 'person', who.nhs), numberOf(who)],
  ...{ name: named(who), birthDate: who.born },
});
const episode = (system: string) => ({
  resourceType: 'EpisodeOfCare',
  identifier: [own(system, 'episode', '1')],
  ...{ status: 'active', patient: WHOM, period: { start: dayAfterBirth(0).slice(0, 10) } },
});
const contact = (system: string, n: number) => ({
  resourceType: 'Encounter',
  identifier: [own(system, 'contact', String(n))],
  ...{ status: 'finished', class: { code: 'HH' }, subject: WHOM },
  period: { start: dayAfterBirth((n * 298) / MESSAGES) },
});
const bornOf = (mother: Person) => ({
  resourceType: 'RelatedPerson',
  identifier: [numberOf(mother)],
  ...{ patient: WHOM, name: named(mother) },
  relationship: [
    { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-RoleCode', code: 'GESTM' }] },
  ],
});
