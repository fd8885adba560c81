/** `skein system …`: by what a system proves who it is, what it may ask for, and that it is let in. */
import { readFile } from 'node:fs/promises';
import { readScopes } from '../access/authenticate/scopes.ts';
import {
  type Keys,
  listProofs,
  moveSector,
  renew,
  setDisabled,
  setKeys,
  setScopes,
} from '../access/register/clients.ts';
import { readKeySet } from '../access/register/key-set.ts';
import { findActive } from '../access/register/systems.ts';
import { registered } from '../access/register/teams.ts';
import { WrongUse } from '../command/wrong-use.ts';
import { switchOffAll } from '../deliver/subscribe/subscriptions.ts';
import type { System } from '../model.ts';
import type { Pipeline } from '../pipeline.ts';
import type { Done } from './command.ts';

export type KeyFlags = Partial<Record<'name' | 'jwks' | 'jwks-url' | 'scopes', string>>;
export type Credentials = { keys: Keys | null; scopes: string[] | null | undefined };

/** Reads and checks what the flags give, before anything is changed. `scopes` undefined: not given. */
export async function readCredentials(flags: KeyFlags): Promise<Credentials> {
  const { jwks, scopes } = flags;
  const url = flags['jwks-url'];
  if (jwks !== undefined && url !== undefined) throw new WrongUse('--jwks or --jwks-url, not both');
  if (url !== undefined && !isKeyUrl(url))
    throw new WrongUse('--jwks-url is an https:// URL, without user, password and fragment');
  const keys =
    jwks === undefined ? url && { jwksUrl: url } : { jwks: await readKeySet(await readFile(jwks)) };
  return { keys: keys || null, scopes: scopes === undefined ? undefined : scopesIn(scopes) };
}

/** Plain http is for what WEBHOOK_ALLOW names, and refused anywhere else when it is fetched. */
function isKeyUrl(text: string): boolean {
  const url = URL.parse(text);
  return /^https?:$/.test(url?.protocol ?? '') && !url?.username && !url?.password && !text.includes('#');
}

function scopesIn(text: string): string[] | null {
  if (text === 'all') return null;
  const scopes = readScopes(text);
  if (scopes) return scopes;
  throw new WrongUse('--scopes is a list such as "system/Patient.rs system/Subscription.cruds", or all');
}

export async function giveCredentials(
  { db }: Pipeline,
  name: string,
  { keys, scopes }: Credentials,
): Promise<void> {
  if (keys) await setKeys(db, name, keys);
  if (scopes !== undefined) await setScopes(db, name, scopes);
}

/** Throws where two people are needed and not both are named yet. */
export async function changeSector(
  { db }: Pipeline,
  change: { name: string; sector: string },
  approvers: string[],
): Promise<void> {
  if (await moveSector(db, change, approvers)) return;
  throw new Error(
    `the sector ${change.sector} is not in force: it changes what ${change.name} may see, which needs two ` +
      'approvers: --approved-by NAME --approved-by NAME',
  );
}

/**
 * New keys or a new token in place of those that it has: what was granted by the old ones is refused at once.
 */
export async function rotateOne(ctx: Pipeline, flags: KeyFlags): Promise<Done> {
  const { name = '' } = flags;
  await registered(ctx.db, name);
  const { keys } = await readCredentials(flags);
  if (keys) await setKeys(ctx.db, name, keys);
  const token = keys ? null : await renew(ctx.db, name);
  const shown = token ? `token, shown this once: ${token}\n` : '';
  return {
    data: { name, ...(token ? { token } : {}) },
    text: `${name}: what it had before is refused from now on\n${shown}`,
  };
}

export async function disableOne(ctx: Pipeline, name: string, undo: boolean): Promise<Done> {
  const system = await registered(ctx.db, name);
  await setDisabled(ctx.db, name, !undo);
  if (!undo) await switchOffAll(ctx.db, system.id);
  const text = undo
    ? `${name}: let in again; its subscriptions are off until it asks for them\n`
    : `${name}: refused from now on, and its subscriptions are off\n`;
  return { data: { name, disabled: (await findActive(ctx.db, name)) === null }, text };
}

/** What a list says beside the rules of a feed; '' where nothing is special. */
export async function describeProofs({ db }: Pipeline): Promise<(system: System) => string> {
  const proofs = await listProofs(db);
  return ({ name, scopes, disabled }) => {
    const { jwksUrl = null, kids = [] } = proofs.get(name) ?? {};
    return [
      disabled && 'disabled',
      jwksUrl !== null && `keys at ${jwksUrl}`,
      kids.length > 0 && `keys ${kids.join(' ')}`,
      scopes && `scopes ${scopes.join(' ')}`,
    ]
      .map((part) => (part ? `, ${part}` : ''))
      .join('');
  };
}
