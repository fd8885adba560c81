/**
 * 7. Fifteen and looked after. She asks a charity for help herself, and is in CAMHS; social care is there for her, and
 * for her baby another team of it. Nobody but statutory services knows more than they said, until a clinician has found
 * that she may decide. Her links and her grandmother’s name are told in test/pipeline/families.test.ts.
 */
import { expect } from 'vitest';
import { parameters, post, serviceOf } from '../../support/consents.ts';
import type { Household, Services } from '../../support/household.ts';
import { ago, MATERNITY, say } from '../../support/telling.ts';
import { chart, referralOf, relationOf } from '../../support/transactions.ts';
import { readsNow, tellFamily } from './family.ts';
import { booking, care, form, person, said, ward } from './messages.ts';

const girl = person(861, 'Demelza', 'Carne', 15 * 365 + 40);
const baby = person(862, 'Perran', 'Carne', 20);
const mother = person(863, 'Demelza', 'Carne', '1985-02-03');
const services: Services = {
  ...MATERNITY,
  bookings: ['maternity', 'RXM', 'msds'],
  camhs: ['camhs-5-18', 'RXC', 'fhir-r4', 'camhs-5-18'],
  social: ['childrens-services', 'LA1', 'fhir-r4', 'childrens-services'],
  unborn: ['childrens-services', 'LA1', 'fhir-r4', 'childrens-services'],
  carers: ['adult-services', 'RXA', 'fhir-r4', 'adult-services'],
  charity: ['third-sector', 'C001', 'third-sector-form'],
};

const idOf = async ({ find }: Household, { nhs }: { nhs: string }, system?: string) =>
  (await find('Patient', `&identifier=https://fhir.nhs.uk/Id/nhs-number|${nhs}`, system))[0]?.id ?? 'none';
const leads = async ({ find }: Household, system: string, her: string) =>
  (await find('EpisodeOfCare', '', system)).filter(({ patient }) => JSON.stringify(patient).includes(her));

tellFamily('7 fifteen and looked after', {
  services,
  sent: [
    ['she asks a charity for help', form('charity', 'F-1', girl)],
    [
      'CAMHS care of her, naming her mother',
      care('camhs', girl, {
        ...{ start: ago(200), contact: ago(20) },
        more: (whom) => [relationOf(whom, mother, 'MTH')],
      }),
    ],
    ['social care of her', care('social', girl, { start: ago(180) })],
    ['she is booked', booking('bookings', girl, { booked: ago(150), due: ago(10), made: ago(149) })],
    ['her mother is in adult care', care('carers', mother, { start: ago(100) })],
    ['her baby is born', ward(baby, { mother: girl.nhs })],
    ['social care of her baby', care('unborn', baby, { start: ago(18) })],
  ],
  readsNever: {
    carers: /camhs|unborn|Perran|RXC/,
    unborn: /E-camhs|C-camhs|RXC/,
  },
  never: { charity: /Perran|camhs|RXC|RXM|9990/ },
  also: async (household) => {
    const her = await idOf(household, girl);
    // That there is a safeguarding lead, and no more: neither who she is, nor which team.
    const shown = await leads(household, 'unborn', her);
    expect(shown.map(({ status, type }) => [status, JSON.stringify(type)])).toEqual([
      ['active', expect.stringContaining('childrens-services')],
    ]);
    expect(shown[0]).not.toHaveProperty('managingOrganization');
    expect(await readsNow(household, 'unborn')).not.toContain('Demelza');
    expect(await leads(household, 'carers', her)).toEqual([]);
    // The charity’s own row stays all it has, whoever asks it to help her, until a clinician has found that she may decide.
    const before = await readsNow(household, 'charity');
    expect(before).toContain('Demelza');
    const whom = chart('camhs', girl);
    const asked = { id: 'R-1', from: household.serviceOf('camhs'), to: household.serviceOf('charity') };
    await say(household, said('camhs', [whom, referralOf(whom, asked, ago(5))], ago(5)));
    await household.settle();
    expect(await readsNow(household, 'charity')).toBe(before);
    const found = parameters(
      serviceOf(household, 'charity'),
      { name: 'until', valueDate: ago(-90) },
      { name: 'clinician', valueString: 'Sample Clinician' },
    );
    expect((await post(household, `Patient/${her}/$set-competence`, 'camhs', found)).status).toBe(200);
    expect(await readsNow(household, 'charity')).toContain('R-1');
  },
});
