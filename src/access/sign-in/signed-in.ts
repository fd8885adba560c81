/** Who looks at a page: the person of its session, acting as one thing. Asked at every request. */
import type { FastifyRequest } from 'fastify';
import type { Context } from '../../context.ts';
import { rejected } from '../../errors.ts';
import { keyedId } from '../../fhir/ids.ts';
import type { Recipient } from '../../model.ts';
import { viewAs } from '../register/view-as.ts';
import { readCookie } from './cookies.ts';
import { type Hat, hatOf, operatorHat } from './hats.ts';
import { asHuman, type Kept, OPERATOR, seeSession } from './sessions.ts';
import { readSignIn, type SignIn } from './settings.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Of a page, where people sign in. */
    session: Session | null;
  }
}

/** `hat`: null until they have chosen. `csrf`: what each form of this session holds. */
export type Session = Kept & { token: string; hat: Hat | null; csrf: string };

/** Null where people do not sign in. The function throws Rejected 401 for who is not signed in. */
export function readSessions(ctx: Context): ((request: FastifyRequest) => Promise<Recipient>) | null {
  const signIn = readSignIn(ctx.config);
  if (!signIn) return null;
  return async (request) => {
    request.session = await sessionOf(ctx, signIn, request);
    if (!request.session) throw rejected(401, 'login', 'nobody is signed in');
    return recipientOf(request.session);
  };
}

async function sessionOf(
  { db, key }: Context,
  signIn: SignIn,
  request: FastifyRequest,
): Promise<Session | null> {
  const token = readCookie(request, 'skein-session', signIn);
  const kept = token === null ? null : await seeSession(db, token);
  if (token === null || !kept) return null;
  return { ...kept, token, hat: wornBy(signIn, kept), csrf: keyedId(key, 'csrf', token) };
}

/** What was chosen counts for as long as HUMAN_ROLES lets them be it, and the service is registered. */
function wornBy({ lines }: SignIn, { person, actsAs, service }: Kept): Hat | null {
  if (actsAs === OPERATOR) return operatorHat(lines, person);
  return service && hatOf(lines, person, service);
}

/** As any system of the service; of who has not chosen, as nobody. */
function recipientOf({ person, hat }: Session): Recipient {
  const human = asHuman(person, hat?.may ?? []);
  if (hat?.id === OPERATOR) return { kind: 'operator', name: OPERATOR, human };
  return { ...viewAs(hat?.service ?? NO_SERVICE), human };
}

const NO_SERVICE = {
  id: '00000000-0000-0000-0000-000000000000',
  name: 'not chosen',
  ...{ ods: '', team: '', sector: null, kind: null },
};
