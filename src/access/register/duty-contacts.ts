/** How the team on duty is reached: said by the service itself, or by an operator for it. */
import type pg from 'pg';
import { type Actor, OPERATOR, record } from '../../audit/record.ts';
import { rejected } from '../../errors.ts';
import { readHours } from '../../fhir/opening-hours.ts';
import type { DutyContact } from '../../model.ts';
import { transaction } from '../../store/pool.ts';
import { forget } from './cache.ts';

/** A number of the United Kingdom, as people write it. */
const PHONE = /^(\+44 ?|0)\d[\d ]*$/;

/** What is said of it; `confirmed` is today where it is left out. */
export type SaidContact = Partial<DutyContact>;

/** Throws Rejected(422), naming the part that is wrong. */
export function checkContact({ phone = '', hours = '', confirmed }: SaidContact, today: string): DutyContact {
  const digits = phone.replace(/\D/g, '').replace(/^44/, '0');
  if (!PHONE.test(phone) || phone.length > 20 || ![10, 11].includes(digits.length))
    throw wrong('duty-phone', 'a number of the United Kingdom, in digits, spaces and a leading +44 or 0');
  if (!readHours(hours))
    throw wrong('duty-hours', 'hours such as "Mo-Fr 09:00-17:00; Sa 10:00-12:00" or 24/7');
  const date = confirmed ?? today;
  if (!isDate(date) || date > today)
    throw wrong('confirmed', 'the day on which the number was last found right, not after today');
  return { phone, hours, confirmed: date };
}

const wrong = (field: string, text: string) => rejected(422, 'value', `${field} is ${text}`, { field });

const isDate = (text: string) =>
  /^\d{4}-\d\d-\d\d$/.test(text) && new Date(text).toJSON()?.startsWith(text) === true;

const KEEP = `insert into duty_contact (service, phone, hours, confirmed) values ($1, $2, $3, $4)
  on conflict (service) do update set phone = excluded.phone, hours = excluded.hours,
    confirmed = excluded.confirmed`;

/** Others know it within five seconds. `actor`: who says it. */
export async function keepContact(
  pool: pg.Pool,
  service: string,
  { phone, hours, confirmed }: DutyContact,
  actor: Actor = OPERATOR,
): Promise<void> {
  await transaction(pool, async (client) => {
    await client.query(KEEP, [service, phone, hours, confirmed]);
    const said = { interaction: 'service-contact', type: 'HealthcareService', ids: [service] };
    await record(client, { kind: 'registration', outcome: 'done', actor, ...said });
  });
  forget();
}
