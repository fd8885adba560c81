/** `skein auth doctor`: why an assertion was refused, in words that its client is never told. */
import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { examine, type Fault, readParts } from '../access/authenticate/assertion.ts';
import { openKeySets } from '../access/authenticate/key-sets.ts';
import { tokenUrl } from '../access/authenticate/public.ts';
import { covers, readScopes } from '../access/authenticate/scopes.ts';
import { isUsed } from '../access/authenticate/tokens.ts';
import { findClient } from '../access/register/clients.ts';
import type { Context } from '../context.ts';
import type { Done } from './command.ts';

/** `file` `-` is standard input. Uses nothing up: what is good stays good. */
export async function explainAssertion(ctx: Context, file: string, scope: string): Promise<Done> {
  const assertion = (file === '-' ? await readAll(process.stdin) : await readFile(file, 'utf8')).trim();
  const faults = [...(await faultsOf(ctx, assertion)), ...(await scopeFaults(ctx, assertion, scope))];
  const lines = faults.map(({ code, words }) => `${code}: ${words}\n`);
  const text = lines.join('') || 'well: it would be answered with an access token\n';
  return { data: faults, text, code: faults.length > 0 ? 1 : 0 };
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
