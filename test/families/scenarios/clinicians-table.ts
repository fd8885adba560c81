/**
 * What a clinician asks first of a journey, answered by the first entry of `$journey`: who is involved, what is next,
 * and whom to call; nothing of the rest of the Bundle is left out of it.
 */
import type { Bundle, Composition, Encounter, EpisodeOfCare, Resource } from '@medplum/fhirtypes';
import { expect } from 'vitest';
import type { Household } from '../../support/household.ts';

/** For whoever finds a journey, and for the operator. */
export async function expectClinicalTable(household: Household, systems: string[]): Promise<void> {
  for (const system of [...systems, undefined])
    for (const { id } of await household.find('Group', '', system))
      await expectAnswers(household, { id: id as string, system });
}

async function expectAnswers(
  { skein }: Household,
  { id, system }: { id: string; system?: string | undefined },
) {
  const { status, body } = await skein.get(`/fhir/Group/${id}/$journey`, system);
  expect(status, `${system} reads the journey that it finds`).toBe(200);
  const [first, ...rest] = ((body as unknown as Bundle).entry ?? []).map(
    ({ resource }) => resource as Resource,
  );
  expect(first?.resourceType).toBe('Composition');
  const sectionOf = (code: string) => {
    const section = (first as Composition).section?.find((one) => one.code?.coding?.[0]?.code === code);
    expect(section, `${system}: section ${code}`).toBeDefined();
    return {
      text: section?.text?.div ?? '',
      refers: (section?.entry ?? []).map(({ reference }) => reference ?? ''),
    };
  };
  const [involved, next, asked] = ['who-is-involved', 'what-is-next', 'open-referrals'].map(sectionOf) as [
    ReturnType<typeof sectionOf>,
    ReturnType<typeof sectionOf>,
    ReturnType<typeof sectionOf>,
  ];
  const referredTo = (of: Resource[]) => of.map(({ resourceType, id: one }) => `${resourceType}/${one}`);
  const careOf = rest.filter((one): one is EpisodeOfCare => one.resourceType === 'EpisodeOfCare');
  const open = careOf.filter(({ status: is }) => is === 'active' || is === 'onhold');
  expect(involved.refers, `${system}: who is involved`).toEqual(expect.arrayContaining(referredTo(open)));
  // Of each of them a number to call, or that none is known.
  const lines = involved.text.match(/<li>/g)?.length ?? 0;
  const numbers = involved.text.match(/Duty contact: |No duty number is known here\./g)?.length ?? 0;
  expect(numbers, `${system}: whom to call`).toBe(lines);
  const today = new Date().toISOString().slice(0, 10);
  const planned = rest.filter(
    (one): one is Encounter =>
      one.resourceType === 'Encounter' && one.status === 'planned' && (one.period?.start ?? '9999') >= today,
  );
  expect(next.refers.sort(), `${system}: what is next`).toEqual(referredTo(planned).sort());
  expect(asked.text, `${system}: what was asked`).toMatch(/waiting|Nothing known here/);
}
