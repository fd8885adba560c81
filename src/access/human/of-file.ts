/** People at the operator's shell: who they are is read from a file with their token. */
import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import type { Config } from '../../config.ts';
import { rejected } from '../../errors.ts';
import type { Human, HumanRole } from '../../model.ts';
import type { Fault } from '../authenticate/signature.ts';
import { examineHuman } from './examine.ts';
import { openPeopleKeys, readPeople } from './open.ts';
import { rolesAnywhere } from './roles-file.ts';

/** A token in a file, or on standard input (`-`). */
export const readToken = async (file: string): Promise<string> =>
  (file === '-' ? await readAll(process.stdin) : await readFile(file, 'utf8')).trim();

/** All that is wrong with a token, and who it is of where nothing is. Null where no issuer is configured. */
export async function explainHuman(
  config: Config,
  token: string,
): Promise<{ faults: Fault[]; human: Human | null } | null> {
  const people = readPeople(config);
  if (!people) return null;
  const keySets = openPeopleKeys(config);
  try {
    const examined = examineHuman({ issuer: people.issuer, keySets, now: Date.now() }, token);
    const faults: Fault[] = [];
    let next = await examined.next();
    for (; !next.done; next = await examined.next()) faults.push(next.value);
    const human = next.value && { ...next.value, may: rolesAnywhere(people.lines, next.value) };
    return { faults, human };
  } finally {
    await keySets.close();
  }
}

/** Whoever it is of, who may do this somewhere. Throws Rejected 422: `skein auth doctor` says why. */
export async function humanOfFile(config: Config, file: string, role: HumanRole): Promise<Human> {
  const explained = await explainHuman(config, await readToken(file));
  if (!explained?.human) throw refusal('the token is not taken: skein auth doctor FILE --user says why');
  if (!explained.human.may.includes(role)) throw refusal(`HUMAN_ROLES lets this person be no ${role}`);
  return explained.human;
}

const refusal = (text: string) => rejected(422, 'business-rule', text);
