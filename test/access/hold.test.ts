/** A safety hold, over the real interfaces: placed in one call, in force at once, and seen by nobody outside her care. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { liftHoldOf, listHolds } from '../../src/admin/hold.ts';
import { explainPerson } from '../../src/admin/person.ts';
import { openMappings } from '../../src/map/language/load-mappings.ts';
import { decideApart, decideNoParent } from '../../src/pipeline/decide.ts';
import { rebuild } from '../../src/pipeline/rebuild.ts';
import { ownProfiles } from '../../src/validate/profiles.ts';
import { care, person, said, ward } from '../families/scenarios/messages.ts';
import { testContext } from '../support/context.ts';
import { gather, type Household, type Send, type Services } from '../support/household.ts';
import { type Posted, startReceiver, statusIn } from '../support/receiver.ts';
import { SERVED } from '../support/served.ts';
import { ago, say } from '../support/telling.ts';
import { chart, contactOf, episodeOf, referralOf } from '../support/transactions.ts';

const MOTHER = person(701, 'Rowena', 'Tallis', '1993-04-04');
const BABY = person(702, 'Wilf', 'Tallis', 40);
const SERVICES: Services = {
  maternity: ['maternity', 'RXM', 'hl7v2-adt'],
  perinatal: ['specialist-perinatal', 'RXP', 'fhir-r4'],
  adult: ['adult-services', 'RXD', 'fhir-r4'],
  infancy: ['parent-infant', 'RXI', 'fhir-r4'],
  visiting: ['health-visiting', 'RXV', 'fhir-r4'],
  gp: ['gp', 'Y00001', 'fhir-r4'],
  cmht: ['cmht', 'RXC', 'fhir-r4'],
  hub: ['family-hub', 'LA1', 'fhir-r4'],
  refuge: ['third-sector-domestic-abuse', 'C003', 'fhir-r4'],
};
const PHONE = '07700900123';
const STREET = '9 Hidden Lane';
const SITE = 'Ward-of-the-appointment';
const LATER = new Date(Date.now() + 9 * 86_400_000).toISOString().slice(0, 10);

/** How perinatal writes her down: where she lives, and a visit to come. */
function hers(): Send {
  const whom = chart('perinatal', MOTHER, {
    telecom: [{ system: 'phone', value: PHONE }],
    address: [{ line: [STREET], postalCode: 'ZZ99 3WZ' }],
  });
  const visit = contactOf(whom, 'perinatal', 'NEXT', LATER);
  Object.assign(visit.resource, {
    status: 'planned',
    location: [{ location: { reference: `Location/${SITE}` } }],
  });
  const spell = episodeOf(whom, 'perinatal', { id: 'E-perinatal', start: ago(30) });
  return said('perinatal', [whom, spell, contactOf(whom, 'perinatal', 'LAST', ago(20)), visit], ago(20));
}

const FAMILY: Send[] = [
  ward(BABY, { mother: MOTHER.nhs }),
  ward(MOTHER, { event: 'A28', day: ago(80) }),
  care('visiting', BABY, { start: ago(30) }),
  hers(),
  care('adult', MOTHER, { start: ago(25) }),
  care('infancy', MOTHER, { start: ago(20) }),
  care('infancy', BABY, { start: ago(20) }),
  care('hub', MOTHER, { start: ago(15) }),
];

let household: Household;
const context = () => testContext(household.database);
const POST = (path: string, system?: string, body?: object) =>
  household.skein.send(
    'POST',
    path,
    {
      ...(body ? { 'content-type': 'application/fhir+json' } : {}),
      ...(system ? { 'x-skein-system': system } : {}),
    },
    body && JSON.stringify(body),
  );
const idOf = async ({ nhs }: { nhs: string }, system?: string): Promise<string> =>
  (await household.find('Patient', `&identifier=https://fhir.nhs.uk/Id/nhs-number|${nhs}`, system))[0]?.id ??
  '';
const hold = async (system: string) => POST(`/fhir/Patient/${await idOf(MOTHER)}/$place-hold`, system);
const ids = async (type: string, system: string) =>
  (await household.find(type, '', system)).map(({ id }) => id);
const read = async (path: string, system: string) =>
  (await household.skein.get(`/fhir/${path}`, system)).body;
const names = async (system: string) =>
  (await household.find('Patient', '', system))
    .flatMap((one) => (one.name as { given: string[] }[])?.[0]?.given ?? [])
    .sort();

async function tell(messages: Send[]): Promise<void> {
  for (const send of messages) {
    await say(household, send);
    await household.settle();
  }
}

beforeEach(async () => {
  household = await gather(SERVICES);
  await tell(FAMILY);
}, 60_000);
afterEach(() => household.stop());

test('one call without a reason ends what the infant’s service knows of the mother, and hers of the infant', async () => {
  expect(await names('visiting')).toEqual(['Rowena', 'Wilf']);
  expect(await names('perinatal')).toEqual(['Rowena', 'Wilf']);
  const placed = await hold('perinatal');
  expect(placed.status).toBe(200);
  // At once, before anything is told.
  expect(await names('visiting')).toEqual(['Wilf']);
  expect(await names('perinatal')).toEqual(['Rowena']);
  for (const system of ['visiting', 'perinatal']) {
    expect(await ids('RelatedPerson', system)).toEqual([]);
    const [one] = await household.find('Patient', '', system);
    expect(one?.link).toBeUndefined();
    const [group] = await household.find('Group', '', system);
    expect(group?.member).toHaveLength(1);
  }
  // Of who has both as its own patients nothing is hidden but what leads to her.
  expect(await names('infancy')).toEqual(['Rowena', 'Wilf']);
  expect(await ids('RelatedPerson', 'infancy')).toHaveLength(2);
  await household.settle();
  for (const system of ['visiting', 'perinatal']) expect(household.told(system).at(-1)).toBeDefined();
  expect(household.told('visiting')).toContain('member-unlinked');
  expect(household.told('perinatal')).toContain('member-unlinked');
});

test('it is told to statutory services with open care of her alone, as a change of her care', async () => {
  const before = new Map(Object.keys(SERVICES).map((system) => [system, household.told(system).length]));
  const since = (system: string) => household.told(system).slice(before.get(system));
  await hold('perinatal');
  await household.settle();
  for (const system of ['perinatal', 'adult', 'infancy']) expect(since(system)).toContain('episode-changed');
  expect(since('hub')).toEqual([]);
  expect(since('visiting')).not.toContain('episode-changed');
  const marked = async (system: string) =>
    JSON.stringify(await read(`Patient/${await idOf(MOTHER)}`, system));
  expect(await marked('adult')).toContain('"security":[{"code":"hold"');
  for (const system of ['hub', 'visiting', 'refuge']) expect(await marked(system)).not.toContain('hold');
});

test('whose sector knows nobody by way of another sees nothing move: no version, time or history', async () => {
  await tell([care('gp', BABY, { start: ago(12) })]);
  const id = await idOf(BABY);
  const look = async () => {
    const answers = ['', '/_history'].map((more) => household.skein.get(`/fhir/Patient/${id}${more}`, 'gp'));
    const found = await Promise.all(answers);
    return found.map(({ status, headers, body }) => [status, headers.get('etag'), JSON.stringify(body)]);
  };
  const before = await look();
  expect((await hold('perinatal')).status).toBe(200);
  await household.settle();
  expect(await look()).toEqual(before);
});

test('placed twice it is one hold, with one answer; a rebuild finds nothing to change', async () => {
  const [first, again, other] = [await hold('perinatal'), await hold('perinatal'), await hold('adult')];
  expect([again.status, again.body]).toEqual([first.status, first.body]);
  expect(other.body).toEqual(first.body);
  const { held } = (await listHolds(context())).data as { held: { service: string }[] };
  expect(held.map(({ service }) => service)).toEqual(['RXP|perinatal']);
  const pipeline = { ...context(), mappings: await openMappings(), profiles: await ownProfiles() };
  expect(await rebuild(pipeline)).toMatchObject({ statements: 0, changed: 0 });
});

test('of somebody whom a service may not know the answer is that of an unknown id; no other sector is asked', async () => {
  const mother = await idOf(MOTHER);
  const nobody = '00000000-0000-4000-8000-000000000001';
  for (const id of [mother, await idOf(BABY), 'no-id']) {
    for (const system of ['cmht', 'refuge']) {
      const [one, unknown] = [
        await POST(`/fhir/Patient/${id}/$place-hold`, system),
        await POST(`/fhir/Patient/${nobody}/$place-hold`, system),
      ];
      expect([one.status, one.body]).toEqual([404, unknown.body]);
    }
  }
  // Who sees her through her infant alone does not hold her.
  expect((await hold('visiting')).status).toBe(404);
  const refused = [mother, nobody].map((id) => POST(`/fhir/Patient/${id}/$place-hold`, 'hub'));
  const answers = await Promise.all(refused);
  expect(answers.map(({ status }) => status)).toEqual([403, 403]);
  expect(answers[0]?.body).toEqual(answers[1]?.body);
  expect(((await listHolds(context())).data as { held: object[] }).held).toEqual([]);
});

test('who was asked to see her, and a refuge with its own client, may hold', async () => {
  const whom = chart('gp', MOTHER);
  const asked = { id: 'R-9', from: household.serviceOf('gp'), to: household.serviceOf('cmht') };
  await tell([said('gp', [whom, referralOf(whom, asked, ago(4))], ago(4))]);
  expect((await hold('cmht')).status).toBe(200);
  await tell([care('refuge', { ...person(709, 'Posy', 'Quill', '1990-09-09') }, { start: ago(5) })]);
  const [client] = await ids('Patient', 'refuge');
  expect((await POST(`/fhir/Patient/${client}/$place-hold`, 'refuge')).status).toBe(200);
});

test('a body that cannot be read keeps no hold from being placed', async () => {
  const path = `/fhir/Patient/${await idOf(MOTHER)}/$place-hold`;
  const headers = { 'content-type': 'application/fhir+json', 'x-skein-system': 'perinatal' };
  expect((await household.skein.send('POST', path, headers, '{')).status).toBe(200);
  expect((await household.skein.send('POST', path, headers)).status).toBe(200);
});

describe('what leads to her', () => {
  const contact = async (system: string) =>
    (await household.find('Encounter', '', system)).find(({ status }) => status === 'planned');

  test('stays with whoever said it: numbers, addresses, and where and when contacts are to be', async () => {
    const before = await contact('infancy');
    expect(JSON.stringify(before)).toContain(LATER);
    const found = (system: string) => household.find('Encounter', `&status=planned&date=ge${LATER}`, system);
    expect(await found('infancy')).toHaveLength(1);
    await hold('adult');
    const hidden = new RegExp(`${LATER}|${SITE}|${PHONE}|${STREET}`);
    for (const system of ['infancy', 'adult', 'maternity', 'hub'])
      expect(
        await household.allThatReaches(system).then((all) =>
          all
            .split('\n')
            .filter((one) => hidden.test(one))
            .filter((one) => !one.includes('webhook')),
        ),
      ).toEqual([]);
    expect(await contact('infancy')).toEqual({
      ...{ resourceType: 'Encounter', id: before?.id, status: 'planned' },
      ...{ subject: before?.subject, class: expect.anything(), meta: expect.anything() },
    });
    expect(await found('infancy')).toEqual([]);
    expect(await found('perinatal')).toHaveLength(1);
    const sorted = await household.find('Encounter', '&_sort=-date', 'infancy');
    expect(sorted.at(-1)?.status).toBe('planned');
    expect(JSON.stringify(await contact('perinatal'))).toContain(SITE);
    expect(JSON.stringify(await household.find('Patient', '', 'perinatal'))).toContain(STREET);
  });

  test('is not told to whoever a referral of her waits for either', async () => {
    const whom = chart('gp', MOTHER, {
      telecom: [{ system: 'phone', value: PHONE }],
      address: [{ line: [STREET] }],
    });
    const asked = { id: 'R-9', from: household.serviceOf('gp'), to: household.serviceOf('cmht') };
    const { fullUrl, resource } = referralOf(whom, asked, ago(4));
    await tell([
      said('gp', [whom, { fullUrl, resource: { ...resource, occurrenceDateTime: LATER } }], ago(4)),
    ]);
    const seen = async () =>
      JSON.stringify([
        await household.find('Patient', '', 'cmht'),
        await household.find('ServiceRequest', '', 'cmht'),
      ]);
    for (const word of [PHONE, STREET, LATER]) expect(await seen()).toContain(word);
    await hold('perinatal');
    for (const word of [PHONE, STREET, LATER]) expect(await seen()).not.toContain(word);
    expect(await seen()).toContain('Rowena');
  });
});

const BACKPORT = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition';
/** Whole resources of every contact. */
const toContacts = (endpoint: string) => ({
  ...{ resourceType: 'Subscription', status: 'requested', reason: 'contacts of families in our care' },
  criteria: 'https://skein.example/fhir/SubscriptionTopic/family-episode',
  _criteria: { extension: [{ url: `${BACKPORT}/backport-filter-criteria`, valueString: 'event=encounter' }] },
  channel: {
    ...{ type: 'rest-hook', endpoint, payload: 'application/fhir+json' },
    _payload: {
      extension: [{ url: `${BACKPORT}/backport-payload-content`, valueCode: 'full-resource' }],
    },
  },
});
const typeIn = (bundle: Posted['bundle']) =>
  statusIn(bundle).parameter?.find(({ name }) => name === 'type')?.valueCode;

test('what has a number and is still to be sent says nothing of her to others, and not where she is to hers', async () => {
  const { database, subscriptions } = household;
  const receiver = await startReceiver(({ bundle }) => (typeIn(bundle) === 'handshake' ? 200 : 500));
  await database.pool.query("update service set payload_ceiling = 'full-resource' where team = 'infancy'");
  await database.pool.query(
    `update subscription set endpoint = $1 || '/visiting', origin = $1 where id = $2`,
    [receiver.url, subscriptions.get('visiting')],
  );
  const subscribed = await POST('/fhir/Subscription', 'infancy', toContacts(`${receiver.url}/infancy`));
  expect(subscribed.status).toBe(201);
  const of = (system: string) => receiver.posts.filter(({ path }) => path === `/${system}`);
  const whom = chart('cmht', MOTHER);
  const visit = contactOf(whom, 'cmht', 'LATER', LATER);
  Object.assign(visit.resource, { status: 'planned' });
  const spell = episodeOf(whom, 'cmht', { id: 'E-cmht', start: ago(1) });
  await say(household, said('cmht', [whom, spell, visit], ago(1)));
  const hears = (system: string, word: string) => of(system).some(({ body }) => body.includes(word));
  await receiver.until(() => hears('visiting', 'episode-started') && hears('infancy', LATER));
  await hold('perinatal');
  const tried = new Map(['visiting', 'infancy'].map((system) => [system, of(system).length]));
  await receiver.until(() => [...tried].every(([system, before]) => of(system).length > before));
  const last = (system: string) => of(system).at(-1)?.body ?? '';
  expect(last('visiting')).toContain('event-number');
  expect(last('visiting')).not.toMatch(/episode-started|EpisodeOfCare/);
  expect(last('infancy')).toContain('Encounter/');
  expect(last('infancy')).not.toContain(LATER);
  await receiver.close();
}, 30_000);

describe('a hold ends', () => {
  const NAMES = { by: 'A. Midwife', reviewedBy: 'B. Lead' };

  test('by two people alone, and what may be seen again is told', async () => {
    await hold('perinatal');
    await household.settle();
    const mother = await idOf(MOTHER);
    for (const system of ['perinatal', 'visiting', 'cmht']) {
      const refused = await POST(`/fhir/Patient/${mother}/$lift-hold`, system);
      expect([refused.status, JSON.stringify(refused.body)]).toEqual([
        403,
        expect.stringContaining('second person'),
      ]);
    }
    for (const reviewedBy of ['A. Midwife', 'a midwife', ' A.  MIDWIFE '])
      await expect(liftHoldOf(context(), mother, { ...NAMES, reviewedBy })).rejects.toThrow('second person');
    expect(await names('visiting')).toEqual(['Wilf']);
    const heard = household.told('visiting').length;
    await liftHoldOf(context(), mother, NAMES);
    expect(await names('visiting')).toEqual(['Rowena', 'Wilf']);
    await household.settle();
    expect(household.told('visiting').slice(heard)).toContain('member-linked');
    expect(JSON.stringify(await read(`Patient/${mother}`, 'adult'))).not.toContain('hold');
    await expect(liftHoldOf(context(), mother, NAMES)).rejects.toThrow('no hold stands');
    expect((await listHolds(context())).data).toEqual({ held: [] });
  });

  test('neither when her records part nor when they join, but for each when it is reviewed', async () => {
    await hold('perinatal');
    const mother = await idOf(MOTHER);
    // A record that joins later is held with her; set apart from her it is held by itself.
    await tell([care('cmht', MOTHER, { start: ago(1) })]);
    const { charts } = (await explainPerson(context(), mother)).data as {
      charts: { chart: string; system: string }[];
    };
    const late = charts.find(({ system }) => system === 'cmht')?.chart ?? '';
    const said = { by: 'A. Reviewer', reason: 'seen', undo: false, dry: false };
    await decideApart(context(), late, said);
    const held = async () =>
      ((await listHolds(context())).data as { held: { person: string; since: string | null }[] }).held;
    expect((await held()).map(({ person, since }) => [person, since !== null])).toEqual([
      [mother, true],
      [late, false],
    ]);
    // Whose record it is does not hear of it.
    expect(JSON.stringify(await read(`Patient/${late}`, 'cmht'))).not.toContain('hold');
    await liftHoldOf(context(), mother, NAMES);
    expect((await held()).map(({ person }) => person)).toEqual([late]);
    await decideApart(context(), late, { ...said, undo: true });
    expect((await held()).map(({ person }) => person)).toEqual([mother]);
    await liftHoldOf(context(), mother, NAMES);
    expect(await held()).toEqual([]);
  });
});

/** Ids in the order of their coming, and no times: what is alike of two stores reads alike. */
function anonymous(text: string): string {
  const known: string[] = [];
  const nameOf = (id: string) => {
    if (!known.includes(id)) known.push(id);
    return `#${known.indexOf(id)}`;
  };
  return text
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, nameOf)
    .replaceAll(/"(lastUpdated|lastModified|date|etag)":"(\\.|[^"\\])*"/g, '')
    .replaceAll(/("versionId":"\d*)-[0-9a-f]+/g, '$1')
    .replaceAll(/Since [^:]* at [0-9:]* UTC/g, '')
    .replaceAll(/127\.0\.0\.1:\d+/g, '');
}

/** What each event said, in order: its code and the type of what it is about. Prompts apart, which follow all facts. */
const saidIn = (posts: Posted[]): string[] =>
  posts.flatMap(({ bundle }) =>
    (statusIn(bundle).parameter ?? [])
      .filter(({ name }) => name === 'notification-event')
      .map(({ extension, part }) => {
        const focus = part?.find(({ name }) => name === 'focus')?.valueReference?.reference ?? '';
        return `${extension?.[0]?.valueCode} ${focus.split('/').at(-2)}`;
      })
      .filter((one) => !one.startsWith('prompt-')),
  );

test('the other side cannot tell a hold from the end of the relation, nor a stranger from nothing', async () => {
  const OTHERS = ['visiting', 'cmht', 'refuge'];
  const look = async (one: Household, from: Map<string, number>) =>
    Promise.all(
      OTHERS.map(async (system) => ({
        system,
        told: saidIn(one.posts(system).slice(from.get(system))),
        reads: anonymous(JSON.stringify(await readsOf(one, system))).split(/(?=\{)/),
      })),
    );
  const postsOf = (one: Household) => new Map(OTHERS.map((system) => [system, one.posts(system).length]));
  const before = await look(household, new Map());
  const since = postsOf(household);
  await hold('perinatal');
  await household.settle();
  const held = await look(household, since);
  for (const place of [1, 2]) expect(held[place]).toEqual({ ...before[place], told: [] });
  const ended = await gather(SERVICES);
  try {
    for (const send of FAMILY) {
      await say(ended, send);
      await ended.settle();
    }
    const id = async ({ nhs }: { nhs: string }) =>
      (await ended.find('Patient', `&identifier=https://fhir.nhs.uk/Id/nhs-number|${nhs}`))[0]?.id ?? '';
    expect(await look(ended, new Map())).toEqual(before);
    const from = postsOf(ended);
    const reason = { by: 'A. Reviewer', reason: 'seen', undo: false, dry: false };
    await decideNoParent(testContext(ended.database), [await id(MOTHER), await id(BABY)], reason);
    await ended.settle();
    expect(await look(ended, from)).toEqual(held);
  } finally {
    await ended.stop();
  }
}, 60_000);

/** Every search, what was found by id with its history, the journey, state and events again. */
async function readsOf(one: Household, system: string): Promise<unknown[]> {
  const types = SERVED.filter((type) => type !== 'Task');
  const found = await Promise.all(types.map((type) => one.find(type, '', system)));
  const paths = found.flat().map(({ resourceType, id }) => `${resourceType}/${id}`);
  const groups = found.flat().filter(({ resourceType }) => resourceType === 'Group');
  const all = [
    ...paths,
    ...groups.map(({ id }) => `Group/${id}/$journey`),
    'Patient?_summary=count',
    'Patient?_total=accurate&_sort=-_lastUpdated&_revinclude=RelatedPerson:patient',
    ...paths.map((path) => `${path}/_history`),
  ];
  const answers = await Promise.all(
    all.map(async (path) => {
      const { status, body } = await one.skein.get(`/fhir/${path}`, system);
      expect(status, path).toBe(200);
      return { ...body, link: undefined };
    }),
  );
  return [found, answers];
}
