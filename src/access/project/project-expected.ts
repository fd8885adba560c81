import type { Extension, Group } from '@medplum/fhirtypes';
import { composeExpected } from '../../fhir/compose-expected.ts';
import type { ResourceRow } from '../../model.ts';
import type { Grants } from '../decide/decide.ts';
import { staysInside } from '../decide/stays-inside.ts';

type Known = Exclude<Grants, { everything: true }>;

/** Who goes on knowing that an infant was expected once the pregnancy is lost. */
const MATERNITY = ['maternity', 'foetal-medicine'];

/**
 * Of a pregnancy how many infants are expected, and when, from the care that the reader may know: for who
 * sees the dates of that stage. Once it ended without a living infant that is for maternity, and for whoever
 * said so, alone: all others see that contacts stop, as after a stillbirth.
 */
export function projectExpected(grants: Known, { content, sources }: ResourceRow): Extension[] {
  if (!sources || !('care' in sources) || !sources.expected) return [];
  const { characteristic = [] } = content as Group;
  const isOver = characteristic.some(
    ({ valueCodeableConcept }) => valueCodeableConcept?.coding?.[0]?.code === 'contact-stop',
  );
  const saidIt = sources.expected.some(
    ({ ended, authors }) => ended === true && authors.includes(grants.service),
  );
  if (isOver && !saidIt && !MATERNITY.includes(grants.sector ?? '')) return [];
  return composeExpected(sources.expected.filter((one) => !staysInside(grants, one)));
}
