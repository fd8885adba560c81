/** Asks before what cannot be undone. */
import { createInterface } from 'node:readline/promises';
import { WrongUse } from './wrong-use.ts';

/**
 * Returns where `yes` was given, or a person at the terminal types it. Throws WrongUse where nobody can be
 * asked, and Error where the person says anything else.
 */
export async function confirm(what: string, yes: boolean | undefined): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY) throw new WrongUse(`${what}: nobody is here to be asked; --yes says yes`);
  const asked = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await asked.question(`${what}. Type yes to go on: `);
    if (answer.trim().toLowerCase() !== 'yes') throw new Error('nothing was done');
  } finally {
    asked.close();
  }
}
