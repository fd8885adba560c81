/** `skein hold …`, `skein safe-contact`: what is said for somebody's safety. Ids only. */
import { humanOfFile } from '../access/human/of-file.ts';
import type { Context } from '../context.ts';
import { rejected } from '../errors.ts';
import { safeContact } from '../fhir/safe-contact.ts';
import { HOLD, SAFETY } from '../link/safety/statements.ts';
import type { Human } from '../model.ts';
import { liftHold, personNow, placeHold, sayContact } from '../pipeline/safety.ts';
import { findHeldPersons, type HeldRow } from '../save/safety.ts';
import type { Done } from './command.ts';

export async function placeHoldOf(ctx: Context, id: string, by: string): Promise<Done> {
  const person = await personOf(ctx, id);
  const message = await placeHold(ctx, person, { service: null, by });
  const text = message ? 'held from now on, for every service\n' : 'this person is held already\n';
  return { data: { person, message }, text };
}

export async function listHolds({ db }: Context): Promise<Done> {
  const held = await findHeldPersons(db, SAFETY, HOLD);
  const text = held.length === 0 ? 'nobody is held\n' : held.map(lineOf).join('');
  return { data: { held }, text };
}

function lineOf({ person, since, service }: HeldRow): string {
  if (since === null) return `${person}  reached by a hold on a record that may be the same person’s\n`;
  return `${person}  since ${since}  by ${service ?? 'the operator'}\n`;
}

/**
 * `reviewedBy`: a name that is typed; `user`: a file with the token of who reviewed it, `-` standard input.
 */
export type Lifting = { by: string; reviewedBy?: string | undefined; user?: string | undefined };

/**
 * Throws Rejected(422) where both names are one person's, or nobody is held; and where an issuer is
 * configured and no reviewer proves who they are.
 */
export async function liftHoldOf(ctx: Context, id: string, { by, reviewedBy, user }: Lifting): Promise<Done> {
  const human = await reviewerOf(ctx, user);
  const second = human ? (human.name ?? human.subject) : (reviewedBy ?? '');
  if ([by, second].some((name) => nameOf(name) === '') || nameOf(by) === nameOf(second))
    throw refusal('a hold is lifted by the review of a second person: --by and --reviewed-by are two names');
  const person = await personOf(ctx, id);
  const message = await liftHold(ctx, person, { service: null, by, reviewedBy: second, human });
  if (!message) throw refusal('no hold stands of this person: see skein hold list');
  return { data: { person, message }, text: 'held no more: what may be seen again is told\n' };
}

/** Who reviewed it, by a token; none where people are not asked who they are. */
async function reviewerOf(ctx: Context, user: string | undefined): Promise<Human | undefined> {
  if (!ctx.config.HUMAN_ISSUER) return undefined;
  if (user === undefined)
    throw refusal('HUMAN_ISSUER is set: --user FILE names a file with the token of who reviewed it');
  return humanOfFile(ctx.config, user, 'reviewer');
}

/** However somebody types it: letters and digits alone tell two names apart. */
const nameOf = (name: string): string =>
  name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '');

export async function sayContactOf(
  ctx: Context,
  id: string,
  { by, ...given }: Record<string, unknown> & { by: string },
): Promise<Done> {
  const contact = safeContact(given, new Date());
  const person = await personOf(ctx, id);
  const message = await sayContact(ctx, person, { service: null, by, contact });
  return { data: { person, message }, text: 'kept: whoever may reach this person reads it first\n' };
}

async function personOf(ctx: Context, id: string): Promise<string> {
  const person = await personNow(ctx, id);
  if (person === null) throw refusal('nobody is known by this id');
  return person;
}

const refusal = (text: string) => rejected(422, 'business-rule', text);
