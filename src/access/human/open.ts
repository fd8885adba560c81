/**
 * People beside the systems that ask for them: `X-Skein-User: Bearer …` (docs/adr/0026-human-identity.md).
 */
import { readFileSync } from 'node:fs';
import type { FastifyBaseLogger, FastifyRequest } from 'fastify';
import type { Config } from '../../config.ts';
import { type Rejected, rejected } from '../../errors.ts';
import type { Human, Recipient } from '../../model.ts';
import { type KeySets, openKeySets } from '../authenticate/key-sets.ts';
import { isPublicUrl } from '../authenticate/public.ts';
import { HUMAN_ALGORITHMS, readOthersKeySet } from '../register/key-set.ts';
import { examineHuman, type Issuer } from './examine.ts';
import { followRolesFile, type Line, readRolesFile, rolesFor } from './roles-file.ts';

/** The settings of one installation, with what their files hold. */
export type People = { issuer: Issuer; lines: Line[] };

/** Null where no issuer is configured. Throws an Error that names the setting which is wrong. */
export function readPeople(config: Config): People | null {
  const { HUMAN_ISSUER: name, HUMAN_AUDIENCE: audience, HUMAN_JWKS: keys, HUMAN_ROLES: roles } = config;
  if (!name || !audience || !keys || !roles) return null;
  const lines = readRolesFile(roles);
  const at = /^https?:/.test(keys) ? { jwks: null, jwksUrl: keys } : { jwks: readKeys(keys), jwksUrl: null };
  return { issuer: { system: { name }, credentials: 0, audience, ...at }, lines };
}

function readKeys(path: string) {
  try {
    const set = readOthersKeySet(readFileSync(path), HUMAN_ALGORITHMS);
    if (set.keys.length === 0) throw new Error(`no key of ${path} is for ${HUMAN_ALGORITHMS.join(', ')}`);
    return set;
  } catch (cause) {
    throw new Error(`HUMAN_JWKS: ${(cause as Error).message}`, { cause });
  }
}

export const openPeopleKeys = ({ WEBHOOK_ALLOW }: Config): KeySets =>
  openKeySets(WEBHOOK_ALLOW, Date.now, HUMAN_ALGORITHMS);

export const USER_HEADER = 'x-skein-user';
const UNPROVED = 'X-Skein-User does not hold a token that is taken here';
const NOT_HERS = 'this person does not act for the service that asks';

export type Humans = {
  /** The same recipient, with the person of the header where there is one. Throws Rejected 401 or 403. */
  withHuman(request: FastifyRequest, recipient: Recipient): Promise<Recipient>;
  close(): Promise<void>;
};

/**
 * A token that nobody checks would be taken for one that was: where no issuer is configured it is refused,
 * too. The words of a refusal are the same whatever was wrong; the log has its code.
 */
export function openHumans(config: Config, log: FastifyBaseLogger): Humans {
  const people = readPeople(config);
  const rolesNow = config.HUMAN_ROLES ? followRolesFile(config.HUMAN_ROLES, log) : () => [];
  const keySets = openPeopleKeys(config);
  async function humanOf(request: FastifyRequest, recipient: Recipient): Promise<Human> {
    const refuse = (error: Rejected, reason: string): Rejected => {
      request.log.info({ event: 'user', outcome: 'refused', reason });
      return error;
    };
    const token = /^Bearer +(\S+)$/i.exec(String(request.headers[USER_HEADER]))?.[1];
    const unproved = () => rejected(401, 'login', UNPROVED);
    if (!token || !people) throw refuse(unproved(), people ? 'malformed' : 'not-configured');
    const checking = { issuer: people.issuer, keySets, now: Date.now() };
    const { value, done } = await examineHuman(checking, token).next();
    if (!done || !value) throw refuse(unproved(), done ? 'unproved' : value.code);
    const service = recipient.kind === 'system' ? recipient.system.service : null;
    const may = service ? rolesFor(rolesNow(), value, service) : [];
    if (may.length === 0) throw refuse(rejected(403, 'forbidden', NOT_HERS), 'organisation');
    return { ...value, may };
  }
  return {
    withHuman: async (request, recipient) => {
      if (request.headers[USER_HEADER] === undefined || isPublicUrl(request.url)) return recipient;
      const human = await humanOf(request, recipient);
      return recipient.kind === 'system' ? { ...recipient, human } : recipient;
    },
    close: () => keySets.close(),
  };
}
