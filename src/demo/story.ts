/** Tells one family's story; each claim is checked against what Skein really answers. */
import type {
  EpisodeOfCare,
  Group,
  Patient,
  RelatedPerson,
  Resource,
  ServiceRequest,
} from '@medplum/fhirtypes';
import type { Notice } from '../listen/receiver.ts';
import type { Stop } from '../run/roles.ts';
import { type Answer, answered, type Client, openClient, sendMllp } from './client.ts';
import { describeEpisode, describeEvent } from './describe.ts';
import { BABY, DAYS, MOTHER, PARTNER, TEAMS } from './family.ts';
import { barsHeaders, message } from './messages.ts';
import { expect, prove, say } from './say.ts';
import type { Running } from './start.ts';
import { type Subscriber, subscribe, within } from './subscriber.ts';

export type Cast = Record<'visiting' | 'perinatal' | 'parentInfant' | 'camhs' | 'charity', Subscriber>;
export type Scene = Running & { operator: Client; cast: Cast };

/**
 * Throws StoryBroken at the first claim that does not hold. Adds to `stops` how each subscriber is closed.
 */
export async function tellStory(running: Running, stops: Stop[]): Promise<Scene> {
  const join = async (team: keyof Cast, content: 'empty' | 'id-only' = 'id-only') => {
    const subscriber = await subscribe(running.base, TEAMS[team], content);
    stops.push(subscriber.close);
    return subscriber;
  };
  const [visiting, perinatal, parentInfant, camhs, charity] = await Promise.all([
    join('visiting'),
    join('perinatal'),
    join('parentInfant'),
    join('camhs'),
    join('charity', 'empty'),
  ]);
  const cast = { visiting, perinatal, parentInfant, camhs, charity };
  say.ready(`${Object.keys(cast).length} of them subscribed, and answered a signed handshake`);
  const scene = { ...running, operator: openClient(running.base), cast };
  say.title(
    `${MOTHER.given} ${MOTHER.family}, three months after the birth of her second baby (all are invented)`,
  );
  await tellMaternity(scene);
  await tellReferral(scene);
  await tellCharity(scene);
  await tellEpisodes(scene);
  return scene;
}

async function tellMaternity(scene: Scene): Promise<void> {
  open(
    DAYS.born,
    TEAMS.maternity.name,
    `HL7 v2 over MLLP: ${BABY.given} is born and goes home. PID-21 is his mother's number.`,
  );
  const feed = ['1-sister-known.hl7', '2-baby-born.hl7', '3-baby-home.hl7'];
  const codes = await sendMllp(
    scene.ctx.config.MLLP_PORT,
    feed.map((file) => message(file)),
  );
  prove(`stored, and acknowledged: ${codes.join(', ')}`, codes.join() === 'AA,AA,AA');
  prove('nobody is told: no subscriber has a part in this family yet', (await tell(scene)).length === 0);
}

async function tellReferral(scene: Scene): Promise<void> {
  open(
    DAYS.referral,
    TEAMS.visiting.name,
    `BaRS $process-message: ${MOTHER.given} is referred to specialist perinatal.`,
  );
  const { client } = scene.cast.visiting;
  const [body, headers] = [message('4-referral.json'), barsHeaders()];
  stored(await client.post('/fhir/$process-message', body, headers));
  const again = await client.post('/fhir/$process-message', body, headers);
  prove('sent again, as after a lost answer: a duplicate, not a second referral', again.status === 409);
  expectTold(await tell(scene), { visiting: 'referral-received', perinatal: 'referral-received' });
  const related = await scene.operator.search<RelatedPerson>(
    `RelatedPerson?patient=${await personOf(scene, BABY)}`,
  );
  const codes = related.flatMap(({ relationship }) => relationship?.[0]?.coding?.map(({ code }) => code));
  const linked = related.length === 1 && codes.includes('GESTM');
  prove(`mother and baby are linked by the number maternity gave: gestational parent`, linked);
}

async function tellCharity(scene: Scene): Promise<void> {
  open(
    DAYS.charity,
    TEAMS.charity.name,
    `CSV: ${PARTNER.given} ${PARTNER.family} asks for help himself. No NHS number.`,
  );
  const path = `/intake/${encodeURIComponent(TEAMS.charity.name)}`;
  const answer = await scene.cast.charity.client.post(path, message('5-partner.csv'), {
    'content-type': 'text/csv',
  });
  stored(answer);
  const told = await tell(scene);
  prove(
    'only the charity is told, of its own row, and the message itself says nothing',
    told.length === 1 && told[0]?.who === 'charity' && told[0].focus === null,
  );
  const partner = await personOf(scene, PARTNER);
  const relations = await scene.operator.search<RelatedPerson>(`RelatedPerson?patient=${partner}`);
  const journeys = await scene.operator.search<Group>(`Group?member=${partner}`);
  const alone = relations.length === 0 && journeys.every(({ member }) => member?.length === 1);
  prove(
    `${PARTNER.given} is not linked until ${MOTHER.given}, asked alone, confirms: no machine makes partners`,
    alone,
  );
}

/** Three services each send, in a transaction Bundle, whom they have taken on. */
async function tellEpisodes(scene: Scene): Promise<void> {
  const { perinatal, camhs, parentInfant } = scene.cast;
  const post = async ({ client }: Subscriber, file: string, more = {}) => {
    stored(await client.post('/fhir', message(file, more)));
    return tell(scene);
  };
  open(DAYS.camhs, camhs.name, `FHIR transaction: ${BABY.given} is taken on.`);
  expectTold(await post(camhs, '6-camhs.json'), { camhs: 'episode-started' });

  open(
    DAYS.accepted,
    perinatal.name,
    `FHIR transaction: the referral is accepted, ${MOTHER.given}'s care begins.`,
  );
  const focus = perinatal.notices.find(({ code }) => code === 'referral-received')?.focus;
  const referral = await perinatal.client.get<ServiceRequest>(`/fhir/${focus}`);
  const accepted = await post(perinatal, '7-acceptance.json', { referral: referral?.id ?? '' });
  expectTold(accepted, {
    visiting: 'referral-accepted',
    perinatal: 'episode-started',
    camhs: 'episode-started',
  });

  open(
    DAYS.together,
    parentInfant.name,
    `FHIR transaction: ${MOTHER.given} and ${BABY.given} are both taken on.`,
  );
  const started = 'episode-started';
  expectTold(await post(parentInfant, '8-together.json'), {
    perinatal: started,
    parentInfant: started,
    camhs: started,
  });
}

const stored = (answer: Answer) => prove(`stored: ${answered(answer)}`, true);

const open = (date: string, who: string, what: string) => {
  say.title(`${date}  ${who}`);
  say.line(what);
};

type Told = Notice & { who: keyof Cast };
const told = new WeakMap<Subscriber, number>();

/** Waits until every subscriber has been sent all it may know; gives what arrived since the last call. */
async function tell({ ctx, cast }: Scene): Promise<Told[]> {
  await within(untilSettled(ctx), 'the end of the notifications');
  const fresh: Told[] = [];
  for (const [who, subscriber] of Object.entries(cast) as [keyof Cast, Subscriber][]) {
    const { name, client, notices } = subscriber;
    expect(
      `${name} is told in order and without a gap`,
      notices.every(({ number }, index) => number === index + 1),
    );
    for (const notice of notices.slice(told.get(subscriber) ?? 0)) {
      fresh.push({ who, ...notice });
      say.told(name, await readNotice(client, notice));
    }
    told.set(subscriber, notices.length);
  }
  return fresh;
}

const SETTLED = `select not exists (select from outbox) and not exists (select from pending)
  and not exists (select from subscription where last_number > delivered_number) as settled`;

async function untilSettled({ db }: Running['ctx']): Promise<void> {
  while ((await db.query<{ settled: boolean }>(SETTLED)).rows[0]?.settled !== true) {
    await new Promise((done) => setTimeout(done, 20));
  }
}

/** Reads, as the subscriber, what a notification points to. */
async function readNotice(client: Client, { code, focus }: Notice): Promise<string> {
  const seen = await readAll(client);
  const own = seen.filter((one): one is EpisodeOfCare => one.resourceType === 'EpisodeOfCare');
  if (focus) return describeEvent(seen, code, await client.get<Resource>(`/fhir/${focus}`));
  const episodes = own.map((one) => describeEpisode(seen, one)).join('; ');
  return `something of yours is new (no more is said). ${episodes}`;
}

/** All resources that a client can find by search. */
export async function readAll(client: Client): Promise<Resource[]> {
  const types = ['Group', 'Patient', 'RelatedPerson', 'EpisodeOfCare', 'ServiceRequest', 'Organization'];
  return (await Promise.all(types.map((type) => client.search<Resource>(type)))).flat();
}

/** `Patient/[id]` of somebody in the story, whom every sender's word must have made one person. */
export async function personOf(
  { operator }: Scene,
  { given, family, born }: typeof PARTNER,
): Promise<string> {
  const found = await operator.search<Patient>(`Patient?family=${family}&birthdate=${born}`);
  expect(`there is one ${given}`, found.length === 1);
  return `Patient/${found[0]?.id}`;
}

/** Checks that each named subscriber was told that event, and that nobody else was told anything. */
function expectTold(fresh: Told[], wanted: Partial<Record<keyof Cast, string>>): void {
  for (const [who, event] of Object.entries(wanted)) {
    expect(
      `${who} is told ${event}`,
      fresh.some((one) => one.who === who && one.code === event),
    );
  }
  expect(
    'nobody else is told',
    fresh.every(({ who }) => who in wanted),
  );
}
