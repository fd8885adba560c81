/**
 * 4. One twin dies in neonatal care, and what comes after it: no birthday of the one who died is told to anybody, the
 * other's goes on, and a retraction resumes nothing by itself. The rest of the story: test/pipeline/families.test.ts.
 */
import { expect } from 'vitest';
import type { Household } from '../../support/household.ts';
import { ago, given, MATERNITY, say } from '../../support/telling.ts';
import { tellFamily, toldBy } from './family.ts';
import { care, person, ward } from './messages.ts';

const mother = person(741, 'Merryn', 'Hosken', '1990-07-07');
const [lives, dies] = [person(742, 'Perran', 'Hosken', 60), person(743, 'Talan', 'Hosken', 60)];
const born = (who: typeof lives, order: number) => ward(who, { mother: mother.nhs, order });
const STAGE = 'https://skein.example/fhir/CodeSystem/stage';

/** Starts of visits that are to come and carry the stop, as health visiting reads them. */
async function onHold({ find }: Household): Promise<unknown[]> {
  const found = await find('Encounter', `&_tag=${STAGE}|contact-stop`, 'visiting');
  return found.map(({ status }) => status);
}

tellFamily('4 one twin dies in neonatal care', {
  services: {
    ...MATERNITY,
    neonatal: ['neonatal', 'RXN', 'fhir-r4'],
    visiting: ['health-visiting', 'RXV', 'fhir-r4'],
    infancy: ['parent-infant', 'RXI', 'fhir-r4'],
  },
  sent: [
    ['maternity registers the mother', ward(mother, { event: 'A28', day: ago(200) })],
    ['the first twin', born(lives, 1)],
    ['the second twin', born(dies, 2)],
    ['health visiting means to see the one', care('visiting', lives, { start: ago(40), planned: ago(-9) })],
    ['and the other', care('visiting', dies, { start: ago(40), planned: ago(-10) })],
    ['parent-infant care of the one', care('infancy', lives, { start: ago(30) })],
    [
      'the second twin dies',
      ward(dies, { event: 'A08', day: ago(20), died: ago(20), order: 2, mother: mother.nhs }),
    ],
  ],
  people: ['Merryn', 'Perran', 'Talan'],
  hearsAlways: { visiting: ['contact-stop'] },
  neverHears: { infancy: ['contact-stop', 'loss'] },
  // It may know that there was a twin, and neither that he died nor when.
  never: { infancy: /"deceased|contact-stop/ },
  also: async (household) => {
    expect(await onHold(household)).toEqual(['planned']);
    // The first birthday, and the second: told of the one who lives alone.
    const [talan] = (await household.find('Patient')).filter((one) => given(one) === 'Talan');
    const before = household.posts('visiting').length;
    for (const days of [320, 680]) await toldBy(household, days);
    const since = household.posts('visiting').slice(before);
    expect(since.flatMap(({ body }) => body)).not.toContain(talan?.id);
    expect(household.told('infancy')).toContain('stage-changed');
    // It was a mistake: whoever was told hears so. What was planned is its own service's to take up again.
    await say(
      household,
      ward(dies, { event: 'A08', day: ago(1), order: 2, mother: mother.nhs, alive: true }),
    );
    await household.settle();
    expect(household.told('visiting')).toContain('loss-retracted');
  },
});
