/** Whether a JWT was signed by a key that is known, with faults in words for the operator. */
import { compactVerify, errors, importJWK } from 'jose';
import { curveOf, type Key } from '../register/key-set.ts';
import type { Header } from './jwt.ts';
import type { KeyOwner, KeySets } from './key-sets.ts';

/** `code` is for the log; `words` are for the operator alone, since they repeat what the token says. */
export type Fault = { code: string; words: string };
export const fault = (code: string, words: string): Fault => ({ code, words });

/** `algorithms`: those that are taken; `types`: of `typ`, in capitals; `whose` keys, in words. */
export type Taken = { algorithms: readonly string[]; types: readonly string[]; whose: string };

export function* headerFaults(
  { alg, kid, typ, crit }: Header,
  { algorithms, types }: Taken,
): Generator<Fault> {
  if (!algorithms.includes(alg))
    yield fault('alg', `alg is "${alg}": it must be one of ${algorithms.join(', ')}`);
  if (kid === undefined) yield fault('kid-missing', 'the header names no kid');
  if (typ !== undefined && !types.includes(typ.toUpperCase()))
    yield fault('typ', `typ is "${typ}": it must be ${types.join(' or ')}`);
  if (crit !== undefined) yield fault('crit', 'the header has crit: nothing that must be understood is');
}

/** A token, and whose keys it is checked by. */
export type Signed = { text: string; header: Header; owner: KeyOwner };

/** The key is chosen by `kid` among those of its owner alone: whatever else the header names is not asked. */
export async function* keyFaults(
  keySets: KeySets,
  { text, header, owner }: Signed,
  { algorithms, whose }: Taken,
): AsyncGenerator<Fault> {
  const { alg, kid, jku, crit } = header;
  if (jku !== undefined && jku !== owner.jwksUrl) {
    yield fault('jku', `jku is "${jku}", and "${owner.jwksUrl ?? 'no URL'}" is registered`);
    return;
  }
  if (kid === undefined || crit !== undefined || !algorithms.includes(alg)) return;
  const { keys, problem } = await keySets.find(owner, kid);
  const [key, ...more] = keys.filter((one) => fits(one, alg));
  if (problem !== undefined) yield fault('keys-unread', `no keys can be had at ${owner.jwksUrl}: ${problem}`);
  else if (keys.length === 0) yield fault('kid-unknown', `no key of ${whose} has the kid "${kid}"`);
  else if (!key || more.length > 0)
    yield fault('key-alg', `not exactly one key of the kid "${kid}" is for ${alg}`);
  else if (!(await isSigned(text, key, alg)))
    yield fault('signature', `it was not signed by the private half of the key "${kid}"`);
}

const fits = (key: Key, asked: string): boolean =>
  curveOf(asked) === (key.kty === 'EC' ? key.crv : undefined) && (key.alg === undefined || key.alg === asked);

async function isSigned(text: string, key: Key, alg: string): Promise<boolean> {
  try {
    await compactVerify(text, await importJWK(key, alg), { algorithms: [alg] });
    return true;
  } catch (error) {
    // A point that is not on the curve is a DOMException: a key that is none signs nothing.
    if (error instanceof errors.JOSEError || error instanceof DOMException) return false;
    throw error;
  }
}
