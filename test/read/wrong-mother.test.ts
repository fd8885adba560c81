/** A child was given to the wrong mother, by whose name it was called: whoever comes by the right one never reads that. */
import { afterEach, expect, test } from 'vitest';
import { care, person, ward } from '../families/scenarios/messages.ts';
import { gather, type Household } from '../support/household.ts';
import { ago, MATERNITY } from '../support/telling.ts';

const wrong = person(891, 'Grace', 'Vale', '1990-03-03');
const right = person(892, 'Helen', 'Wynn', '1991-04-04');
const baby = person(893, 'Baby', 'Vale', 20);

let household: Household;
afterEach(() => household.stop());

test.each([
  ['with its name', [ward(baby, { mother: wrong.nhs })]],
  ['after its name', [ward(baby), ward(baby, { event: 'A08', day: ago(15), mother: wrong.nhs })]],
])(
  'nobody who came to the child by its own mother reads what it was before: linked %s',
  async (_, born) => {
    household = await gather({ ...MATERNITY, visiting: ['health-visiting', 'RXV', 'fhir-r4'] });
    for (const send of [
      ward(wrong, { event: 'A28', day: ago(200) }),
      ward(right, { event: 'A28', day: ago(200) }),
      ...born,
      care('visiting', right, { start: ago(60) }),
      ward({ ...baby, family: 'Wynn' }, { event: 'A08', day: ago(10), mother: right.nhs }),
    ]) {
      await send(household.skein);
      await household.settle();
    }
    const [found] = await household.find('Patient', `&birthdate=${baby.born}`, 'visiting');
    expect(JSON.stringify(found?.name)).toContain('Wynn');
    const { body } = await household.skein.get(`/fhir/Patient/${found?.id}/_history`, 'visiting');
    expect(JSON.stringify(body)).toContain('Wynn');
    expect(JSON.stringify(body)).not.toMatch(/Vale|Grace/);
  },
  120_000,
);
