/** How the story ends: what each subscriber knows and does not, the journey, and where to look. */
import type { Bundle, EpisodeOfCare, Group, Patient } from '@medplum/fhirtypes';
import { NOTICE } from '../access/decide/decide.ts';
import { describeEpisode, describeStage, ofType, type Seen, timeline } from './describe.ts';
import { BABY, MOTHER, PARTNER, SISTER } from './family.ts';
import { expect, prove, say } from './say.ts';
import { personOf, readAll, type Scene } from './story.ts';
import type { Subscriber } from './subscriber.ts';

type People = Record<'mother' | 'baby' | 'sister' | 'partner', string>;

export async function tellEnding(scene: Scene): Promise<void> {
  const people: People = {
    mother: await personOf(scene, MOTHER),
    baby: await personOf(scene, BABY),
    sister: await personOf(scene, SISTER),
    partner: await personOf(scene, PARTNER),
  };
  await tellKnowledge(scene, people);
  const [journey] = await scene.operator.search<Group>(`Group?member=${people.baby}`);
  await tellJourney(scene, people, `/fhir/Group/${journey?.id}/$journey`);
  await tellWhereToLook(scene, `/fhir/Group/${journey?.id}/$journey`);
}

const careOf = (seen: Seen, person: string) =>
  ofType<EpisodeOfCare>(seen, 'EpisodeOfCare').filter(({ patient }) => patient.reference === person);
const namesTeam = ({ managingOrganization }: EpisodeOfCare) => managingOrganization !== undefined;
const patientOf = (seen: Seen, person: string) =>
  ofType<Patient>(seen, 'Patient').find(({ id }) => `Patient/${id}` === person);

async function tellKnowledge({ cast }: Scene, people: People): Promise<void> {
  const { mother, baby, partner } = people;
  const perinatal = await tellOne(cast.perinatal, people);
  prove("it sees the infant's care, at every team", careOf(perinatal, baby).filter(namesTeam).length === 3);
  const together = await tellOne(cast.parentInfant, people);
  prove(
    'it sees both of its patients, and who else is with each',
    careOf(together, mother).filter(namesTeam).length === 2,
  );
  const camhs = await tellOne(cast.camhs, people);
  const care = careOf(camhs, mother);
  prove(
    'it sees that the mother is in care: what kind, since when; not who, not why',
    care.length === 2 && !care.some(namesTeam),
  );
  const charity = await tellOne(cast.charity, people);
  const own = charity.filter(({ resourceType }) => resourceType !== 'Organization').length;
  prove('it sees its own row and nothing more', own === 3 && patientOf(charity, partner) !== undefined);
  const others = JSON.stringify([perinatal, together, camhs]);
  const bodies = Object.values(cast).flatMap((one) => one.bodies);
  const words = [MOTHER, BABY, SISTER, PARTNER].flatMap((one) => Object.values(one)).concat('anxiety');
  say.title('And');
  prove(`nobody but the charity can find ${PARTNER.given}`, !others.includes(partner));
  prove(
    `${bodies.length} signed messages left, none with a name, a number, a birth date or a reason`,
    !words.some((word) => bodies.join().includes(word)),
  );
}

async function tellOne({ name, client }: Subscriber, people: People): Promise<Seen> {
  const seen = await readAll(client);
  say.title(`What ${name} knows now`);
  for (const group of ofType<Group>(seen, 'Group'))
    for (const line of describeStage(seen, group)) say.knows(line);
  const care = ofType<EpisodeOfCare>(seen, 'EpisodeOfCare').map((one) => ({
    one,
    start: one.period?.start ?? '',
  }));
  for (const { one } of care.sort((a, b) => a.start.localeCompare(b.start)))
    say.knows(describeEpisode(seen, one));
  for (const line of findHidden(seen, people)) say.hidden(line);
  say.line(NOTICE);
  return seen;
}

/** What the operator sees and this reader was not given. */
function findHidden(seen: Seen, { mother, baby, sister, partner }: People): string[] {
  const has = (person: string) => patientOf(seen, person) !== undefined;
  if (!has(mother) && !has(baby)) return ['anything about anybody else, or whether there is anybody'];
  const reachable = (person: string) => {
    const { identifier, address, telecom } = patientOf(seen, person) ?? {};
    return Boolean(identifier ?? address ?? telecom);
  };
  const hidden: [string, boolean][] = [
    ["which teams are the mother's", !careOf(seen, mother).every(namesTeam)],
    [
      'why she was referred, and by whom',
      !seen.some(({ resourceType }) => resourceType === 'ServiceRequest'),
    ],
    ["the mother's NHS number, address or telephone", !reachable(mother)],
    ["the baby's NHS number, address or telephone", !reachable(baby)],
    // The stages of every journey of an own patient are told, of an earlier child, too: not whose they are.
    [
      ofType<Group>(seen, 'Group').length > 1 ? 'who her other child is' : 'whether there are other children',
      !has(sister),
    ],
    ['whether there is a partner, or who asked for help where', !has(partner)],
  ];
  return hidden.flatMap(([what, holds]) => (holds ? [what] : []));
}

async function tellJourney(
  { operator }: Scene,
  { mother, baby, sister }: People,
  path: string,
): Promise<void> {
  say.title(`The journey of ${BABY.given}'s birth, as the operator of this machine sees it`);
  const seen = ((await operator.get<Bundle>(path))?.entry ?? []).flatMap(({ resource }) => resource ?? []);
  const [group] = ofType<Group>(seen, 'Group');
  expect('the journey can be read', group !== undefined);
  const lines = timeline(group as Group, seen);
  for (const { date, text } of lines) say.line(`${date}  ${text}`);
  const members = group?.member?.map(({ entity }) => entity.reference).sort();
  prove(
    `in it are ${MOTHER.given} and ${BABY.given}, not ${PARTNER.given}`,
    members?.join() === [mother, baby].sort().join(),
  );
  prove(
    'its stage is birth-12m',
    describeStage(seen, group as Group).some((line) => line.includes('birth-12m')),
  );
  const [older] = await operator.search<Group>(`Group?member=${sister}`);
  prove(`${SISTER.given}'s birth has a journey of its own`, older !== undefined && older.id !== group?.id);
}

async function tellWhereToLook({ base, operator, cast, signsIn }: Scene, journey: string): Promise<void> {
  say.title('Where to look');
  const page = journey.replace('/fhir/Group/', '/pages/journey/').replace('/$journey', '');
  for (const path of ['/docs', '/fhir/metadata', journey, '/metrics']) say.line(`${base}${path}`);
  say.title(
    signsIn
      ? 'In a browser: sign in as one of the invented people, by one press'
      : 'In a browser, through the eyes of any of them',
  );
  for (const path of [page, '/pages']) say.line(`${base}${path}`);
  say.title(
    `To try: the journey, what ${cast.camhs.name} may see of it, and all that ${cast.charity.name} may find`,
  );
  for (const [client, path] of [
    [operator, journey],
    [cast.camhs.client, journey],
    [cast.charity.client, '/fhir/Patient'],
  ] as const) {
    const answer = JSON.stringify(await client.get(path));
    expect(`${path} answers`, answer.includes('entry') && (path !== journey || answer.includes(NOTICE)));
    say.command(`curl -s ${client.system ? `-H 'X-Skein-System: ${client.system}' ` : ''}'${base}${path}'`);
  }
}
