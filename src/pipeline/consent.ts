/** What people agreed to and refused, and what is stated for their safety: messages of Skein's own. */
import type { Consent } from '@medplum/fhirtypes';
import type { Context } from '../context.ts';
import { isId } from '../fhir/ids.ts';
import { idOf } from '../fhir/references.ts';
import { consentOf } from '../link/safety/statements.ts';
import { consentById, personsOfConsent } from '../save/safety.ts';
import { actorOf, type Speaker, say, spoken } from './safety.ts';

/** `reason`: of a safeguarding statement, kept with the message alone, as is who made it. */
type KeptConsent = { consent: Consent & { id: string }; reason?: string; clinician?: string | null };

/** A Consent as it stands, and whose word it is. */
type Kept = { consent: Consent & { id: string }; author: string };

/**
 * What this person agreed to or refused, from now on, with the id by which it is known; said again, it takes
 * the place of what it was. Wherever it was said of a chart that is of another person by now, it changes,
 * too.
 */
export async function keepConsent(
  ctx: Context,
  id: string,
  { consent, reason, clinician, ...speaker }: Speaker & KeptConsent,
): Promise<void> {
  const stated = reason === undefined ? {} : { reason, clinician };
  const saying = {
    ...{ actor: actorOf(speaker), interaction: reason === undefined ? 'consent' : 'safeguarding' },
    body: { said: 'consent', ...spoken(speaker), ...stated, consent },
  };
  const persons = new Set([id, ...(await personsOfConsent(ctx.db, consent.id))]);
  for (const one of persons)
    await say(ctx, one, saying, ({ person }) =>
      person.charts.map(({ key: chart }) => consentOf(ctx.key, { chart }, consent)),
    );
}

/** One that was kept, of the person that it is of now; null where there is none. */
export async function findConsent({ db }: Context, id: string): Promise<Kept | null> {
  const found = isId(id) ? await consentById(db, id) : null;
  const author = idOf(found?.content.organization?.[0]?.reference, 'Organization');
  if (!found || !author) return null;
  return { author, consent: { ...found.content, id, patient: { reference: `Patient/${found.person}` } } };
}
