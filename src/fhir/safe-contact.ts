/**
 * How to reach somebody safely, as an extension of Patient: codes, times and one name, and no other text, so
 * that nothing of anybody else can be in it.
 */
import type { Extension } from '@medplum/fhirtypes';
import { z } from 'zod';
import { rejected } from '../errors.ts';
import { SAFE_CONTACT } from './systems.ts';

export const HOW = ['phone', 'text', 'email', 'letter', 'none'] as const;
export const DAYS = ['any', 'weekdays', 'weekends'] as const;

/** `HH:MM`, as FHIR has it with seconds, too. */
const Time = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d(:00)?$/, 'a time is HH:MM')
  .transform((text) => `${text.slice(0, 5)}:00`);
/** A first name, or a name by which it is safe to ask for somebody. */
const Name = z
  .string()
  .trim()
  .regex(/^[\p{L}\p{M}][\p{L}\p{M} .'’-]{0,39}$/u, 'a name has letters, and 40 of them at most');

const Instruction = z
  .strictObject({
    how: z.enum(HOW, `how is one of ${HOW.join(', ')}`),
    days: z.enum(DAYS, `days is one of ${DAYS.join(', ')}`).optional(),
    from: Time.optional(),
    to: Time.optional(),
    voicemail: z.boolean('voicemail is true or false').optional(),
    letter: z.boolean('letter is true or false').optional(),
    name: Name.optional(),
  })
  .refine(({ from, to }) => (from === undefined) === (to === undefined), {
    path: ['from'],
    message: 'from and to come together',
  });

/**
 * `how` phone, text, email, letter or none; `days` any, weekdays or weekends; `from` and `to` HH:MM;
 * `voicemail` and `letter`: whether either may be left or sent; `name`: by which to ask. Left out is not
 * known, and so not safe to assume. Throws Rejected(422) that names what is wrong, and quotes none of it.
 */
export function safeContact(given: Record<string, unknown>, said: Date): Extension {
  const { data, error } = Instruction.safeParse(given);
  if (!data) {
    const [issue] = error.issues;
    const place = issue?.path.join('.') || 'parameter';
    const isUnknown = issue?.code === 'unrecognized_keys';
    throw rejected(422, 'value', isUnknown ? 'a parameter that is not taken here' : (issue?.message ?? ''), {
      expression: place,
    });
  }
  const { how, days, from, to, voicemail, letter, name } = data;
  const part = <T>(url: string, value: T | undefined, as: (value: T) => Omit<Extension, 'url'>) =>
    value === undefined ? [] : [{ url, ...as(value) }];
  return {
    url: SAFE_CONTACT,
    extension: [
      { url: 'how', valueCode: how },
      ...part('days', days, (valueCode) => ({ valueCode })),
      ...part('from', from, (valueTime) => ({ valueTime })),
      ...part('to', to, (valueTime) => ({ valueTime })),
      ...part('voicemail', voicemail, (valueBoolean) => ({ valueBoolean })),
      ...part('letter', letter, (valueBoolean) => ({ valueBoolean })),
      ...part('name', name, (valueString) => ({ valueString })),
      { url: 'said', valueDate: said.toISOString().slice(0, 10) },
    ],
  };
}
