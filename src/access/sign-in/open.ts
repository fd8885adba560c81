/** Signing in and out, as pages ask for it: what is decided is here, what is said is theirs. */
import type { FastifyRequest } from 'fastify';
import { type Actor, OPERATOR, record } from '../../audit/record.ts';
import type { Context } from '../../context.ts';
import type { Known } from '../human/examine.ts';
import { openUnderWay, readCookie, sealUnderWay, writeCookie } from './cookies.ts';
import { type Hat, listHats } from './hats.ts';
import { openIssuer } from './issuer.ts';
import { returnTo } from './return-to.ts';
import { actAs, asHuman, beginSession, endSession } from './sessions.ts';
import { readSignIn, type SignIn } from './settings.ts';
import type { Session } from './signed-in.ts';

/** Where the browser goes next, with what it is to keep. */
export type Turn = { to: string; cookies: string[] };
/**
 * Nobody is signed in. `no-role`: HUMAN_ROLES lets them be nothing. `stale`: it began elsewhere, too long
 * ago, or is over.
 */
export type Refusal = { refused: 'stale' | 'no-role' | 'not-proved'; cookies: string[] };

export type SigningIn = {
  /** `to`: where to go then; `again`: although somebody is signed in, for what asks for fresh proof. */
  begin(to: string | undefined, again: boolean): Promise<Turn>;
  finish(request: FastifyRequest): Promise<Turn | Refusal>;
  /** What they may act as. */
  hats(session: Session): Promise<Hat[]>;
  /** False where they may not be that. */
  choose(session: Session, hat: string): Promise<boolean>;
  /** `to`: where the session at the issuer is ended; null where nothing is left to do. */
  end(request: FastifyRequest, session: Session): Promise<{ to: string | null; cookies: string[] }>;
};

export const CHOOSE_PATH = '/pages/acting-as';

/** Null where people do not sign in. */
export function openSignIn(ctx: Context): SigningIn | null {
  const settings = readSignIn(ctx.config);
  if (!settings) return null;
  const issuer = openIssuer(settings);
  const { db, key } = ctx;
  return {
    begin: async (to, again) => {
      const { begun, url } = await issuer.begin(again);
      const sealed = await sealUnderWay(key, { ...begun, to: returnTo(to) });
      return { to: url, cookies: [writeCookie('skein-sign-in', settings, sealed)] };
    },
    finish: (request) => finish(ctx, { settings, issuer, request }),
    hats: ({ person }) => listHats(db, settings.lines, person),
    choose: async ({ person, token }, hat) => {
      const hats = await listHats(db, settings.lines, person);
      const isTheirs = hats.some(({ id }) => id === hat);
      if (isTheirs) await actAs(db, token, hat);
      return isTheirs;
    },
    end: async (request, { token, idToken, person }) => {
      await endSession(db, token);
      await note(ctx, request, { person, interaction: 'sign-out' });
      const cookies = [writeCookie('skein-session', settings, null)];
      // It is over here, whatever the issuer does.
      const to = await issuer.endUrl(idToken).catch((error: unknown) => {
        request.log.warn({ event: 'sign-in', outcome: 'not-ended-at-issuer', err: error });
        return null;
      });
      return { to, cookies };
    },
  };
}

type Finishing = { settings: SignIn; issuer: ReturnType<typeof openIssuer>; request: FastifyRequest };

/** A new session each time, and whichever the browser came with ends: nobody can have planted what counts. */
async function finish(ctx: Context, { settings, issuer, request }: Finishing): Promise<Turn | Refusal> {
  const { db, key } = ctx;
  const cleared = writeCookie('skein-sign-in', settings, null);
  const refuse = (refused: Refusal['refused'], reason: string): Refusal => {
    request.log.info({ event: 'sign-in', outcome: 'refused', reason });
    return { refused, cookies: [cleared] };
  };
  const begun = await openUnderWay(key, readCookie(request, 'skein-sign-in', settings));
  if (!begun) return refuse('stale', 'not-begun-here');
  const proved = await issuer.finish(begun, request.url.split('?')[1] ?? '');
  if (!proved.person) {
    const isRoleMissing = proved.code === 'role-missing';
    return refuse(isRoleMissing ? 'no-role' : 'not-proved', proved.code);
  }
  const { person, idToken, provedAt } = proved;
  const before = readCookie(request, 'skein-session', settings);
  const hats = await listHats(db, settings.lines, person);
  if (hats.length === 0) {
    await note(ctx, request, { person, interaction: 'sign-in', outcome: '403' });
    if (before !== null) await endSession(db, before);
    return refuse('no-role', 'organisation');
  }
  const actsAs = hats.length === 1 ? (hats[0]?.id ?? null) : null;
  const token = await beginSession(db, { person, actsAs, idToken, provedAt }, before);
  await note(ctx, request, { person, interaction: 'sign-in' });
  request.log.info({ event: 'sign-in', outcome: 'done' });
  return { to: begun.to, cookies: [cleared, writeCookie('skein-session', settings, token)] };
}

type Noted = { person: Known; interaction: 'sign-in' | 'sign-out'; outcome?: string };

/** That somebody came and went is on record, by what their issuer calls them. */
async function note(
  { db }: Context,
  { id }: FastifyRequest,
  { person, interaction, outcome = 'done' }: Noted,
): Promise<void> {
  const actor: Actor = { ...OPERATOR, name: 'pages', human: asHuman(person, []) };
  const kind = outcome === 'done' ? 'change' : 'refusal';
  await record(db, { kind, outcome, actor, interaction, request: id });
}
