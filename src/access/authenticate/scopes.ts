/**
 * What a client may ask for, by SMART's scopes for systems, `system/Patient.rs`:
 * https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
 * They only narrow. Whatever a scope opens, the sharing policy still decides what is shown of it.
 */
import { rejected } from '../../errors.ts';
import { INDEXED_TYPES } from '../../fhir/search-parameters.ts';
import type { Recipient } from '../../model.ts';

/** create, read (versions and histories, too), update, delete, search. */
export type Letter = 'c' | 'r' | 'u' | 'd' | 's';
/** One letter of one type; `*` is all types, and only a scope of all types gives it. */
export type Need = { type: string; letter: Letter };

export const SCOPED_TYPES = [
  ...INDEXED_TYPES,
  ...['AuditEvent', 'HealthcareService', 'MessageDefinition', 'Subscription'],
];
const FORM = /^system\/(\*|[A-Za-z]+)\.(?=[cruds])(c?r?u?d?s?)$/;

/**
 * The scopes of a list between spaces. Null where one is none: another context, a type that is not served,
 * letters in another order, a restriction by parameters.
 */
export function readScopes(text: string): string[] | null {
  const scopes = [...new Set(text.split(' ').filter(Boolean))];
  return scopes.length > 0 && scopes.every(isScope) ? scopes : null;
}

function isScope(scope: string): boolean {
  const [, type = ''] = FORM.exec(scope) ?? [];
  return type === '*' || SCOPED_TYPES.includes(type);
}

/** Whether `granted` together hold every letter of `scope`. */
export function covers(granted: readonly string[], scope: string): boolean {
  const [, type = '', letters = ''] = FORM.exec(scope) ?? [];
  const held = granted.flatMap((one) => {
    const [, of, has = ''] = FORM.exec(one) ?? [];
    return of === '*' || of === type ? [...has] : [];
  });
  return letters !== '' && [...letters].every((letter) => held.includes(letter));
}

export const scopeFor = ({ type, letter }: Need): string => `system/${type}.${letter}`;

/** What limits who asks: its token, else its registration; null where nothing does. */
export function scopesOf(recipient: Recipient): readonly string[] | null {
  return recipient.kind === 'operator' ? null : (recipient.scopes ?? recipient.system.scopes ?? null);
}

export function mayAsk(recipient: Recipient, need: Need): boolean {
  const scopes = scopesOf(recipient);
  return scopes === null || covers(scopes, scopeFor(need));
}

/** Throws Rejected 403, naming the scope. */
export function requireScope(recipient: Recipient, need: Need): void {
  if (!mayAsk(recipient, need)) throw rejected(403, 'forbidden', `the scope ${scopeFor(need)} is needed`);
}
