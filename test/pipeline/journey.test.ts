/** What a team reads of a family by `$journey`, each as its own service, at the real interfaces. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addSystem } from '../../src/access/register/systems.ts';
import { setContact } from '../../src/admin/service.ts';
import { testContext } from '../support/context.ts';
import type { Found } from '../support/household.ts';
import { newFamily, openRegion, type Region } from '../support/region.ts';
import { ago } from '../support/roll.ts';
import { chart, contactOf, episodeOf, referralOf, relationOf, type Said } from '../support/transactions.ts';

const NOTICE = 'Other services may be involved that are not shown.';
const SECTIONS = [
  ...[
    'stage',
    'safe-contact',
    'who-is-involved',
    'open-referrals',
    'what-is-next',
    'what-has-changed',
    'closing',
  ],
];
const { mother, baby, man } = newFamily();

type Reference = { reference: string; display?: string };
type Section = {
  code: { coding: [{ code: string }] };
  text: { div: string };
  entry?: Reference[];
};
type Entry = { fullUrl?: string; resource: Found };
type Body = { entry: Entry[]; link: { relation: string; url: string }[] };

let region: Region;
let journey = '';

const planned = (whom: Said, system: string, id: string, day: string): Said => {
  const contact = contactOf(whom, system, id, day);
  return { ...contact, resource: { ...contact.resource, status: 'planned' } };
};

beforeAll(async () => {
  region = await openRegion();
  await region.maternity(baby, { mother });
  await region.care('perinatal', mother, (whom) => [
    planned(whom, 'perinatal', 'P-1', ago(-9)),
    referralOf(
      whom,
      { id: 'R-1', from: region.serviceOf('perinatal'), to: region.serviceOf('cmht') },
      ago(9),
    ),
  ]);
  for (const system of ['gp', 'prison']) await region.care(system, mother);
  await region.care('visiting', baby, (whom) => [relationOf(whom, mother, 'MTH')]);
  await region.care('camhs', baby, (whom) => [planned(whom, 'camhs', 'C-1', ago(-4))]);
  await region.care('social', baby);
  await region.care('adult', man);
  const ctx = testContext(region.database);
  const flags = { 'duty-phone': '01632 960130', 'duty-hours': 'Mo-Fr 09:00-17:00', confirmed: ago(3) };
  for (const name of ['perinatal', 'prison']) await setContact(ctx, name, flags);
  const old = { ...flags, 'duty-phone': '01632 960167', confirmed: ago(120) };
  await setContact(ctx, 'RXA|camhs', old);
  await setContact(ctx, 'gp', { ...flags, 'duty-phone': '01632 960199' });
  await region.settle();
  const id = await region.idOf(baby);
  const [group] = await region.find('Group', `&member=Patient/${id}`);
  journey = `${group?.id}`;
}, 120_000);
afterAll(() => region.stop());

async function read(
  system: string | undefined,
  query = '',
): Promise<Body & { text: string; composition: Found }> {
  const { status, body } = await region.skein.get(`/fhir/Group/${journey}/$journey${query}`, system);
  expect(status, JSON.stringify(body)).toBe(200);
  const { entry, link } = body as unknown as Body;
  const [first] = entry as [Entry];
  return { entry, link, text: JSON.stringify(body), composition: first.resource };
}

const sectionsOf = ({ composition }: { composition: Found }) => composition.section as Section[];
const linesOf = (view: { composition: Found }, code: string): string[] => {
  const section = sectionsOf(view).find((one) => one.code.coding[0].code === code);
  return [...(section?.text.div ?? '').matchAll(/<(?:li|p)>(.*?)<\/(?:li|p)>/g)].map(
    ([, line]) => line ?? '',
  );
};

/** Every Reference in a value, with its path. */
function referencesIn(value: unknown): Reference[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = 'reference' in value && typeof value.reference === 'string' ? [value as Reference] : [];
  return [...own, ...Object.values(value).flatMap(referencesIn)];
}

const READERS = ['perinatal', 'visiting', 'camhs', 'gp', 'maternity'];

describe.each(READERS)('%s is told', (system) => {
  test('of a journey a Composition first, then the Group, persons, and care by its beginning', async () => {
    const { entry } = await read(system);
    const types = entry.map(({ resource }) => resource.resourceType);
    expect(types.filter((type) => type !== 'HealthcareService').slice(0, 3)).toEqual([
      ...['Composition', 'Group', 'Patient'],
    ]);
    const care = entry.filter(({ resource }) =>
      ['EpisodeOfCare', 'Encounter'].includes(resource.resourceType),
    );
    const starts = care.map(({ resource }) => (resource.period as { start: string }).start);
    expect(starts.length).toBeGreaterThan(1);
    expect(starts).toEqual([...starts].sort());
    expect(types.lastIndexOf('Patient')).toBeLessThan(types.indexOf('EpisodeOfCare'));
  });

  test('the same sections as everybody, closed by the same sentence', async () => {
    const view = await read(system);
    expect(sectionsOf(view).map(({ code }) => code.coding[0].code)).toEqual(SECTIONS);
    expect(linesOf(view, 'closing')).toEqual([NOTICE]);
    expect((view.composition.text as { div: string }).div).toMatch(new RegExp(`<p>${NOTICE}</p></div>$`));
    for (const { text } of sectionsOf(view)) expect(text.div).toMatch(/<(li|p)>[^<]+<\/(li|p)>/);
  });

  test('what is in the Bundle, and every reference says what it leads to', async () => {
    const view = await read(system);
    const here = new Set(
      view.entry.flatMap(({ fullUrl, resource }) => [fullUrl, `${resource.resourceType}/${resource.id}`]),
    );
    const cited = sectionsOf(view).flatMap(({ entry = [] }) => entry);
    expect(cited.length).toBeGreaterThan(2);
    expect(cited.filter(({ reference }) => !here.has(reference))).toEqual([]);
    const all = view.entry.flatMap(({ resource }) => referencesIn(resource));
    expect(all.length).toBeGreaterThan(10);
    expect(all.filter(({ display }) => !display)).toEqual([]);
  });
});

test('a perinatal team learns who is involved, what waits, what is next and the stage', async () => {
  const view = await read('perinatal');
  expect(linesOf(view, 'stage')).toEqual([
    expect.stringMatching(/^Birth to 12 months, since \d+ \w+ \d{4}$/),
  ]);
  const involved = linesOf(view, 'who-is-involved');
  expect(involved).toContainEqual(
    expect.stringMatching(
      /^perinatal \(specialist perinatal service\), for Asta\d+ Uren\d+: since .*, still involved, last contact .*\. Duty contact: 01632 960130, Mo-Fr 09:00-17:00, confirmed/,
    ),
  );
  expect(involved).toContainEqual(
    expect.stringMatching(
      /^camhs \(CAMHS 0 to 5 service\), for Bo.* 01632 960167, .*, not confirmed since .*: check it\.$/,
    ),
  );
  expect(involved.join()).toContain('visiting (health visiting service), for Bo');
  expect(linesOf(view, 'open-referrals')).toEqual([
    expect.stringMatching(/^Asta\d+ Uren\d+, from perinatal, to cmht: waiting 9 days \(first asked on /),
  ]);
  expect(linesOf(view, 'what-is-next')).toEqual([
    expect.stringMatching(/: contact planned for Bo\d+ Uren\d+$/),
    expect.stringMatching(/: contact planned for Asta\d+ Uren\d+ with perinatal$/),
  ]);
  const duties = view.entry.filter(({ resource }) => resource.resourceType === 'HealthcareService');
  expect(duties.map(({ resource }) => resource)).toContainEqual(
    expect.objectContaining({
      providedBy: { reference: `Organization/${region.serviceOf('perinatal')}`, display: 'perinatal' },
      telecom: [expect.objectContaining({ system: 'phone', value: '01632 960130' })],
      availableTime: [expect.objectContaining({ availableStartTime: '09:00:00' })],
    }),
  );
});

test('of a discreet service only that there is care is told, without kind and number', async () => {
  const prison = ({ text }: { text: string }) =>
    text.includes('prison') || text.includes(region.serviceOf('prison'));
  const view = await read('perinatal');
  expect(linesOf(view, 'who-is-involved')).toContainEqual(
    expect.stringMatching(/^a service, for Asta.*still involved\. No duty number is known here\.$/),
  );
  expect(prison(view)).toBe(false);
  const duties = view.entry.filter(({ resource }) => resource.resourceType === 'HealthcareService');
  expect(duties.map(({ resource }) => (resource.providedBy as Reference).display).sort()).toEqual([
    ...['camhs', 'gp', 'perinatal'],
  ]);
});

test('a team of the infant is told of the mother’s care its kind and duty number, never which', async () => {
  const view = await read('camhs');
  const involved = linesOf(view, 'who-is-involved');
  expect(involved).toContainEqual(
    expect.stringMatching(/^a specialist perinatal service, for Asta.*Duty contact: 01632 960130, /),
  );
  expect(involved.join()).toContain('health visiting service), for Bo');
  expect(view.text).not.toContain(region.serviceOf('perinatal'));
  expect(linesOf(view, 'open-referrals')).toEqual(['Nothing known here.']);
  expect(linesOf(view, 'what-is-next').join()).not.toContain('Asta');
  const careOfHer = view.entry.filter(
    ({ resource }) =>
      resource.resourceType === 'EpisodeOfCare' && /Asta/.test(JSON.stringify(resource.patient)),
  );
  expect(careOfHer.map(({ resource }) => (resource.managingOrganization as Reference).display)).toContain(
    'a specialist perinatal service',
  );
});

test('a GP is told of its own patient’s care; a charity and the receiver of a referral of nothing', async () => {
  const view = await read('gp');
  const involved = linesOf(view, 'who-is-involved').join();
  expect(involved).toContain('perinatal (specialist perinatal service), for Asta');
  expect(involved).not.toContain('for Bo');
  for (const system of ['charity', 'cmht', 'dads', 'stranger', 'adult'])
    expect((await region.skein.get(`/fhir/Group/${journey}/$journey`, system)).status, system).toBe(404);
});

test('each relation says its kind and who it is', async () => {
  const { entry } = await read('visiting');
  const links = entry.flatMap(({ resource }) => (resource.link ?? []) as { other: Reference }[]);
  expect(links.map(({ other }) => other.display?.replaceAll(/\d/g, '')).sort()).toEqual([
    'Asta Uren, mother of Bo Uren',
    'Bo Uren, child of Asta Uren',
  ]);
});

const LOOKS = `select s.name, l.at from journey_look l join system s on s.id = l.system_id
  where s.name = 'social'`;

describe('what has changed is counted from when the same reader last looked', () => {
  const changes = async (system: string, query = '') =>
    linesOf(await read(system, query), 'what-has-changed');
  const looksOf = async () => (await region.database.pool.query(LOOKS)).rows;

  test('a first look is told so, a later one of what is new since', async () => {
    expect(await changes('social')).toEqual(['You have not looked at this journey before.']);
    await expect.poll(looksOf).toHaveLength(1);
    expect(await changes('social')).toEqual([
      expect.stringMatching(/^Since .* UTC: nothing that is known here$/),
    ]);
    const whom = chart('infancy', baby);
    await region.send('infancy', [whom, episodeOf(whom, 'infancy', { id: 'E-I', start: ago(2) })], ago(1));
    const told = await changes('social');
    expect(told).toContainEqual(expect.stringMatching(/^care since .* of Bo\d+ Uren\d+: new$/));
    expect(await changes('infancy')).toEqual(['You have not looked at this journey before.']);
  });

  test('a reader who says since when is told from then, and its mark stays', async () => {
    const [earlier] = await looksOf();
    await changes('social');
    await expect.poll(async () => (await looksOf())[0]?.at).not.toEqual(earlier?.at);
    const before = await looksOf();
    expect((await changes('social', `?_since=${ago(1)}`)).length).toBeGreaterThan(5);
    expect(await changes('social', '?_since=2999-01-01')).toHaveLength(1);
    expect(await looksOf()).toEqual(before);
  });

  test('a look that cannot be kept fails no read', async () => {
    await region.database.pool.query(
      'alter table journey_look add constraint never check (at is null) not valid',
    );
    await changes('social');
    await region.database.pool.query('alter table journey_look drop constraint never');
  });
});

test('pages hold everything once in the same order, and only the first the Composition', async () => {
  const whole = await read('perinatal');
  const own = ({ resource }: Entry) =>
    !/^(Composition|HealthcareService|OperationOutcome)$/.test(resource.resourceType);
  const idsIn = (entries: Entry[]) => entries.filter(own).map(({ resource }) => resource.id);
  const first = await read('perinatal', '?_count=5');
  expect(first.composition.resourceType).toBe('Composition');
  const cited = sectionsOf(first).flatMap(({ entry = [] }) => entry);
  const here = JSON.stringify(first.entry.map(({ fullUrl }) => fullUrl));
  for (const { reference } of cited) expect(here).toContain(reference);
  const found = idsIn(first.entry).slice(0, 5);
  for (let next = nextOf(first); next; ) {
    const { body } = await region.skein.get(next, 'perinatal');
    const page = body as unknown as Body;
    expect(page.entry.map(({ resource }) => resource.resourceType)).not.toContain('Composition');
    found.push(...idsIn(page.entry));
    next = nextOf(page);
  }
  expect(found).toEqual(idsIn(whole.entry));
  const stolen = await region.skein.get(nextOf(first) ?? '', 'camhs');
  expect(stolen.status).toBe(400);
});
const nextOf = ({ link }: Body): string | undefined =>
  link.find(({ relation }) => relation === 'next')?.url.replace(/^.*(?=\/fhir)/, '');

test('what is not understood is refused by its name', async () => {
  for (const query of ['?colour=red', '?_since=x', '?_count=0', '?_count=1&_count=2']) {
    const { status } = await region.skein.get(`/fhir/Group/${journey}/$journey${query}`, 'perinatal');
    expect(status, query).toBe(400);
  }
});

test('a name is text, whatever it holds', async () => {
  const { mother: her, baby: child } = newFamily();
  await addSystem(region.database.pool, region.database.key, {
    ...{ name: 'marked', ods: 'RXM', team: 'marked', sector: 'parent-infant', kind: null, source: 'fhir-r4' },
    serviceName: '<b onload="x">Marked & Co</b>',
  });
  await region.maternity(child, { mother: her });
  const whom = chart('marked', { ...her, family: '<script>alert(1)</script>' });
  await region.send('marked', [whom, episodeOf(whom, 'marked', { id: 'E-M', start: ago(2) })]);
  const [group] = await region.find('Group', `&member=Patient/${await region.idOf(child)}`);
  const { body } = await region.skein.get(`/fhir/Group/${group?.id}/$journey`, 'marked');
  const { div } = (body as unknown as { entry: [{ resource: { text: { div: string } } }] }).entry[0].resource
    .text;
  expect(div).toContain('&lt;b onload=&quot;x&quot;&gt;Marked &amp; Co&lt;/b&gt;');
  expect(div).toContain('&lt;script&gt;');
  expect(div.match(/<(?!\/?(div|h1|h2|ul|li|p)\b)/g)).toBeNull();
});

test('more than a thousand contacts are paged, and refused no more', async () => {
  const { mother: her, baby: child } = newFamily();
  await region.maternity(child, { mother: her });
  const whom = chart('camhs', child);
  const contacts = Array.from({ length: 1_100 }, (_, n) => contactOf(whom, 'camhs', `M-${n}`, ago(n % 50)));
  await region.send('camhs', [whom, episodeOf(whom, 'camhs', { id: 'E-many', start: ago(50) }), ...contacts]);
  const [group] = await region.find('Group', `&member=Patient/${await region.idOf(child)}`);
  const ids = new Set<string>();
  let pages = 0;
  for (let path: string | undefined = `/fhir/Group/${group?.id}/$journey`; path; pages++) {
    const { status, body } = await region.skein.get(path, 'camhs');
    expect(status).toBe(200);
    const page = body as unknown as Body;
    for (const { resource } of page.entry) if (resource.resourceType === 'Encounter') ids.add(resource.id);
    path = nextOf(page);
  }
  expect(pages).toBe(3);
  // And that of the birth.
  expect(ids.size).toBe(1_101);
}, 120_000);
