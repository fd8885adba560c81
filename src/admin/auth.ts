/**
 * `skein auth doctor`: why an assertion, or the token of a person, was refused, in words never told outside.
 */
import { examine, readParts } from '../access/authenticate/assertion.ts';
import { openKeySets } from '../access/authenticate/key-sets.ts';
import { tokenUrl } from '../access/authenticate/public.ts';
import { covers, readScopes } from '../access/authenticate/scopes.ts';
import { type Fault, fault } from '../access/authenticate/signature.ts';
import { isUsed } from '../access/authenticate/tokens.ts';
import { explainHuman, readToken } from '../access/human/of-file.ts';
import { readPeople } from '../access/human/open.ts';
import { rolesFor } from '../access/human/roles-file.ts';
import { findClient } from '../access/register/clients.ts';
import { findSystem } from '../access/register/systems.ts';
import type { Context } from '../context.ts';
import type { Human } from '../model.ts';
import type { Done } from './command.ts';

/** `file` `-` is standard input. Uses nothing up: what is good stays good. */
export async function explainAssertion(ctx: Context, file: string, scope: string): Promise<Done> {
  const assertion = await readToken(file);
  const faults = [...(await faultsOf(ctx, assertion)), ...(await scopeFaults(ctx, assertion, scope))];
  const lines = faults.map(({ code, words }) => `${code}: ${words}\n`);
  const text = lines.join('') || 'well: it would be answered with an access token\n';
  return { data: faults, text, code: faults.length > 0 ? 1 : 0 };
}

/** `system`: the one beside which the token is sent; '' where that is not asked. */
export async function explainUser(ctx: Context, file: string, system: string): Promise<Done> {
  const explained = await explainHuman(ctx.config, await readToken(file));
  const faults = explained
    ? [...explained.faults, ...(await placeFaults(ctx, explained.human, system))]
    : [fault('not-configured', 'no tokens of people are taken here: HUMAN_ISSUER is not set')];
  const { organisation, role, may = [] } = explained?.human ?? {};
  const well = `well: ${role} of ${organisation}, who may be ${may.join(', ')}\n`;
  const text = faults.map(({ code, words }) => `${code}: ${words}\n`).join('') || well;
  return { data: faults, text, code: faults.length > 0 ? 1 : 0 };
}

/** Does this person act for the service of that system? */
async function placeFaults(ctx: Context, human: Human | null, name: string): Promise<Fault[]> {
  if (!human) return [];
  const who = `${human.role} of ${human.organisation}`;
  if (human.may.length === 0) return [fault('organisation', `HUMAN_ROLES has no line for ${who}`)];
  if (name === '') return [];
  const system = await findSystem(ctx.db, name);
  if (!system) return [fault('system', 'no system of this name is registered: skein system list')];
  const { ods, team } = system.service;
  const may = rolesFor(readPeople(ctx.config)?.lines ?? [], human, system.service);
  const words = `${name} acts for ${ods}|${team}, and HUMAN_ROLES has no line for ${who} and that team`;
  return may.length > 0 ? [] : [fault('organisation', words)];
}

async function faultsOf(ctx: Context, assertion: string): Promise<Fault[]> {
  const { db, key, config } = ctx;
  const keySets = openKeySets(config.WEBHOOK_ALLOW);
  try {
    const checking = { db, keySets, audience: tokenUrl(config), now: Date.now() };
    const faults = await Array.fromAsync(examine(checking, assertion));
    const { iss = '', jti, exp } = readParts(assertion)?.claims ?? {};
    const used = jti !== undefined && (await isUsed(db, key, { clientId: iss, jti, expires: exp ?? 0 }));
    return used ? [...faults, { code: 'jti-used', words: 'its jti was used before: sign another' }] : faults;
  } finally {
    await keySets.close();
  }
}

async function scopeFaults({ db }: Context, assertion: string, asked: string): Promise<Fault[]> {
  const client = await findClient(db, readParts(assertion)?.claims.iss ?? '');
  if (!client) return [];
  const held = client.system.scopes ?? [];
  const wanted = asked ? readScopes(asked) : held;
  const has = `skein system set --scopes; it has ${held.join(' ') || 'none'}`;
  const given = wanted !== null && wanted.length > 0 && wanted.every((one) => covers(held, one));
  return given ? [] : [{ code: 'scope', words: `${asked || 'no scope'} is not granted to it: ${has}` }];
}
