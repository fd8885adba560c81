/**
 * The duty contact of a service as FHIR has it, and back:
 * https://hl7.org/fhir/R4/healthcareservice.html
 */
import type { HealthcareService } from '@medplum/fhirtypes';
import type { DutyContact } from '../model.ts';
import { readHours, writeHours } from './opening-hours.ts';
import { SKEIN_DEFINITIONS } from './systems.ts';

/** Of the telephone: the day on which it was last found right. */
const CONFIRMED = `${SKEIN_DEFINITIONS}contact-confirmed`;
/** Of the telephone: that was so long ago that it should be checked. */
const UNCONFIRMED = `${SKEIN_DEFINITIONS}contact-unconfirmed`;
/** A number is taken for right so long. */
const DAYS = 90;

export const isConfirmed = ({ confirmed }: DutyContact, now: Date): boolean =>
  now.getTime() - Date.parse(confirmed) <= DAYS * 86_400_000;

/** `telecom` and `availableTime`; nothing where no contact is known. */
export function writeContact(
  duty: DutyContact | null,
  now: Date,
): Pick<HealthcareService, 'telecom' | 'availableTime'> {
  if (!duty) return {};
  const extension = [
    { url: CONFIRMED, valueDate: duty.confirmed },
    ...(isConfirmed(duty, now) ? [] : [{ url: UNCONFIRMED, valueBoolean: true }]),
  ];
  return {
    telecom: [{ extension, system: 'phone', value: duty.phone, use: 'work' }],
    availableTime: readHours(duty.hours) ?? [],
  };
}

/** What a HealthcareService says of it, to be checked. */
export function readContact({ telecom = [], availableTime = [] }: HealthcareService): Partial<DutyContact> {
  const [phone, ...more] = telecom;
  const only = more.length === 0 && phone?.system === 'phone' ? phone : undefined;
  const confirmed = only?.extension?.find(({ url }) => url === CONFIRMED)?.valueDate;
  return {
    ...(only?.value !== undefined ? { phone: only.value } : {}),
    hours: writeHours(availableTime) ?? '',
    ...(confirmed !== undefined ? { confirmed } : {}),
  };
}
