/** Whether somebody may give a Consent in the capacity that it names (docs/adr/0032-who-agreed.md). */
import type { FastifyRequest } from 'fastify';
import type { Grant } from '../access/decide/decide.ts';
import { type Rejected, rejected } from '../errors.ts';
import type { Said } from '../fhir/consent.ts';
import { CATEGORIES } from '../model.ts';
import { humanOf } from './speaker.ts';

const AT = { expression: 'Consent.extension' };
const refusal = (text: string): Rejected => rejected(422, 'business-rule', text, AT);

/**
 * A refusal of the person is taken of anybody. Throws Rejected 422: what would have no effect is not kept, so
 * that nobody thinks it had.
 */
export function requireCapacity({ by, type }: Said, grant: Grant | undefined): void {
  const { minor, holders = [], decides } = grant ?? {};
  if (by.capacity === 'self' && type === 'permit' && minor && !decides)
    throw refusal('a child agrees once a clinician found that they may: $set-competence');
  if (by.capacity === 'parental-responsibility' && !holders.includes(by.holder))
    throw refusal('nobody is known to hold it: $set-parental-responsibility');
  if (by.capacity === 'decision-maker' && minor)
    throw refusal('for a child speaks whoever holds parental responsibility');
}

/** A safeguarding statement is a clinician's, names what and until when, and only ever opens. */
export function requireStatement(request: FastifyRequest, said: Said, isProved: boolean): void {
  const { by, type, end, categories } = said;
  if (by.capacity !== 'safeguarding') return;
  const human = humanOf(request);
  if (isProved && !human?.may.includes('clinician'))
    throw rejected(
      403,
      'forbidden',
      'a safeguarding statement is made by a clinician, named by X-Skein-User',
    );
  const isNamed = isProved || by.clinician !== null;
  if (type !== 'permit' || !end || categories.length === CATEGORIES.length || !isNamed)
    throw refusal('a safeguarding statement permits, and names a clinician, services, categories and an end');
}
